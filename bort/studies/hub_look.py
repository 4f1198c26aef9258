"""Look at a data set of the hub in a process of its own: loading it may take long and much memory.

`ask` starts the process and waits for it, so call it from a thread. The process is this module,
run as a program: a request in JSON comes in, an answer in JSON goes out.
"""

import json
import subprocess
import sys
from contextlib import redirect_stdout
from typing import Any, TypeVar

from bort.core.errors import BortError, DownloadError, InvalidDataError
from bort.core.serialise import from_json, to_json
from bort.core.study import TaskSpec
from bort.studies.data_look import DataLook, FirstRows, beginning, look_at
from bort.tasks import hub

PATIENCE_S = 1800.0  # for a download
SAMPLED = 2_000  # rows from which the columns are guessed
LONGEST_CELL = 300  # characters shown

T = TypeVar("T")


def first_rows(task: str, count: int) -> FirstRows:
    """Load a data set and return its columns and first rows, with the names of its classes.

    Columns of pictures, sounds and lists are left out: they are neither texts nor labels.

    Raises:
        BortError: as `bort.tasks.hub.load`.
    """
    splits = hub.load(task).splits
    rows = next(iter(splits.values()))
    flat = {name: kind for name, kind in rows.features.items() if hasattr(kind, "dtype")}
    sample = rows.select_columns(list(flat))[:SAMPLED]
    named = {name: [_cell(flat[name], cell) for cell in cells] for name, cells in sample.items()}
    return beginning(named, count, rows=sum(map(len, splits.values())))


def _cell(kind: Any, cell: object) -> str | None:
    names = getattr(kind, "names", None)
    if cell is None or (names is not None and cell == -1):  # a hidden label
        return None
    return str(cell if names is None else names[int(str(cell))])[:LONGEST_CELL]


def ask(request: dict[str, Any], kind: type[T]) -> T:
    """Answer a request in a process of its own; see `answer`.

    Raises:
        DownloadError: the data set cannot be loaded, or not in `PATIENCE_S`.
        InvalidDataError: it cannot be used; the message is the process's own.
    """
    command = [sys.executable, "-P", "-m", "bort.studies.hub_look"]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DownloadError(
            f"{request['task']['task']} was not loaded in {PATIENCE_S / 60:.0f} minutes; load it "
            "once with datasets.load_dataset, then look again"
        ) from None
    lines = done.stderr.splitlines()
    if done.returncode == BortError.exit_code and lines:
        raise InvalidDataError(lines[-1])
    if done.returncode:
        raise InvalidDataError(
            f"the process that loads {request['task']['task']} ended with code {done.returncode}; "
            "free some memory, or use a file instead"
        )
    return from_json(kind, json.loads(done.stdout), what="the answer")


def answer(request: dict[str, Any]) -> FirstRows | DataLook:
    """Answer a request: `{"task": TASK, "count": ROWS}`, or `{"task": TASK}` for the texts.

    Raises:
        BortError: the data set cannot be loaded or used.
    """
    spec = TaskSpec.from_dict(request["task"])
    return first_rows(spec.task, request["count"]) if "count" in request else look_at(spec)


def main() -> int:
    """Answer one request from standard input; return an exit code."""
    try:
        with redirect_stdout(sys.stderr):  # a loader may print
            found = answer(json.load(sys.stdin))
    except BortError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    json.dump(to_json(found), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
