"""A worker whose errors come from a formula: `python made_up_worker.py FOLDER`.

It appends a line to FOLDER/began and FOLDER/done for each training. FOLDER/kill names an
architecture: the first worker that trains it kills itself in the middle. FOLDER/refuse holds a line
with which it refuses, if FOLDER/refuse-in names its BORT_HOME or is not there;
FOLDER/hang makes it wait until its input ends, FOLDER/hold until it is gone; the number in
FOLDER/hold, if there is one, is that of the first training that waits.
"""

import json
import math
import os
import platform
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from made_up_errors import made_up_evaluation

from bort.core.architecture import Architecture
from bort.core.serialise import to_json


def main(folder: Path) -> None:
    def note(name: str, line: str) -> None:
        with (folder / name).open("a") as file:
            file.write(line + "\n")

    brief = json.loads(sys.stdin.readline())
    assert brief["study"]["name"]
    assert brief["origin"]["device"] == "cpu"
    home = folder / "refuse-in"
    is_meant = not home.exists() or home.read_text() == os.environ["BORT_HOME"]
    if is_meant and (folder / "refuse").exists():
        print(json.dumps({"refused": (folder / "refuse").read_text()}), flush=True)
        return
    print(json.dumps({"ready": {"host": platform.node(), "pid": os.getpid()}}), flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        architecture = Architecture.of(**message["architecture"])
        name = f"{architecture.id} {message['seed']}"
        note("began", f"{name} {os.getpid()}")
        if (folder / "kill").exists() and (folder / "kill").read_text() == architecture.id:
            (folder / "kill").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        lines = (folder / "began").read_text().splitlines()
        number = len(lines) - lines[::-1].index(f"{name} {os.getpid()}")
        while number >= held_from(folder):
            time.sleep(0.02)
        if (folder / "hang").exists():
            sys.stdin.read()
            return
        evaluation = replace(made_up_evaluation(architecture), seed=message["seed"])
        print(json.dumps({"evaluation": to_json(evaluation)}), flush=True)
        note("done", name)


def held_from(folder: Path) -> float:
    try:
        return int((folder / "hold").read_text() or 0)
    except FileNotFoundError:
        return math.inf


if __name__ == "__main__":
    main(Path(sys.argv[1]))
