"""Artificial load ends with the process that started it, even if that is killed."""

import subprocess
import sys
import time

import psutil

CODE = """
import sys, time
from benchmarks.latency.steps import busy_loops
with busy_loops(1):
    print("busy", flush=True)
    time.sleep(60)
"""


def test_loops_end_with_a_killed_process():
    with subprocess.Popen([sys.executable, "-c", CODE], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"busy\n"
        loops = psutil.Process(process.pid).children()
        process.kill()
    give_up = time.monotonic() + 20
    while any(loop.is_running() for loop in loops):
        assert time.monotonic() < give_up, "a busy loop is still running"
        time.sleep(0.05)
    assert len(loops) == 1
