"""A worker whose errors come from a formula: `python made_up_worker.py FOLDER`.

It appends a line to FOLDER/began and FOLDER/done for each training. FOLDER/kill names an
architecture: the first worker that trains it kills itself in the middle. FOLDER/refuse holds a line
with which it refuses; FOLDER/hang makes it wait until its input ends.
"""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from made_up_errors import made_up_evaluation

from bort.core.architecture import Architecture
from bort.core.serialise import to_json


def main(folder: Path) -> None:
    def note(name: str, line: str) -> None:
        with (folder / name).open("a") as file:
            file.write(line + "\n")

    assert json.loads(sys.stdin.readline()).keys() == {"study", "origin"}
    for line in sys.stdin:
        message = json.loads(line)
        if (folder / "refuse").exists():
            print(json.dumps({"refused": (folder / "refuse").read_text()}), flush=True)
            return
        architecture = Architecture.of(**message["architecture"])
        name = f"{architecture.id} {message['seed']}"
        note("began", f"{name} {os.getpid()}")
        if (folder / "kill").exists() and (folder / "kill").read_text() == architecture.id:
            (folder / "kill").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        if (folder / "hang").exists():
            sys.stdin.read()
            return
        evaluation = replace(made_up_evaluation(architecture), seed=message["seed"])
        print(json.dumps({"evaluation": to_json(evaluation)}), flush=True)
        note("done", name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
