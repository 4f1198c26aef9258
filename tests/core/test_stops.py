"""Ctrl-Z waits for open transactions."""

import os
import signal
import subprocess
import sys
import time

PROGRAM = """
import sys, time
from bort.core import stops
stops.install()
with stops.not_stopped():
    print("open", flush=True)
    time.sleep(0.5)
    print("closed", flush=True)
print("stopped and continued", flush=True)
"""


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


def test_a_process_stops_only_after_its_transaction() -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    os.kill(process.pid, signal.SIGTSTP)
    assert process.stdout.readline() == "closed\n"
    give_up = time.monotonic() + 30
    while _state(process.pid) != "T" and time.monotonic() < give_up:
        time.sleep(0.01)
    assert _state(process.pid) == "T"
    os.kill(process.pid, signal.SIGCONT)
    assert process.communicate(timeout=30)[0] == "stopped and continued\n"
