"""The memory that a classifier takes, measured in a process of its own that does nothing else.

`python -m bort.rivals.memory` is that process, started by `peak_memory`, not by people. Its
standard input names the files and has the texts; it opens the files, classifies, and prints the
most memory that it had at any time.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bort.core.errors import WorkerError
from bort.latency.classifiers import BATCHES
from bort.latency.workload import Text

TEXTS = 256
"""Texts that are classified at most, one by one and then in batches."""


def peak_memory(what: str, folder: Path, texts: Sequence[Text]) -> int:
    """Measure the peak resident memory, in bytes, of a process that only classifies.

    That is the program with everything it needs: Python, the libraries, the files, a batch.

    Args:
        what, folder: see `bort.rivals.opening.opened`.
        texts: those of the task; at most `TEXTS` are used.
    Raises:
        WorkerError: the process ended without an answer.
    Cost: a second or two, most of it imports.
    """
    asked = {"what": what, "folder": str(folder.absolute()), "texts": list(texts[:TEXTS])}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bort.rivals.memory"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        env={**os.environ, "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"},
        check=False,
    )
    if done.returncode:
        last = (done.stderr.splitlines() or [f"it ended with code {done.returncode}"])[-1]
        raise WorkerError(
            f"the memory of {what} was not measured ({last}); free some memory, then start the "
            "comparison again: complete rivals are kept"
        )
    return int(done.stdout.splitlines()[-1])


def main() -> int:
    """Classify what standard input asks for, and print the peak in bytes."""
    from bort.rivals.opening import opened

    asked = json.load(sys.stdin)
    texts = [text if isinstance(text, str) else tuple(text) for text in asked["texts"]]
    classify = opened(asked["what"], Path(asked["folder"]))
    for batch in BATCHES:
        for start in range(0, len(texts), batch):
            classify(texts[start : start + batch])
    print(_peak())
    return 0


def _peak() -> int:
    """Read the most resident memory that this process has had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux counts the parent's memory in ru_maxrss, until exec
        lines = (line.partition(":") for line in status.read_text().splitlines())
        values = {name: value.split() for name, _, value in lines}
        return 1024 * int(values["VmHWM"][0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


if __name__ == "__main__":
    sys.exit(main())
