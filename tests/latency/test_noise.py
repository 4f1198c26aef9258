"""The noise check, next to real busy loops and on times made of known parts."""

import contextlib
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from bort.latency.noise import Disturbance, OthersShare, When, read_noise


@contextlib.contextmanager
def busy_loops(count):
    """Run this many processes that only keep the CPU busy."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(0.3)
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def multiplication(size):
    matrix = np.ones((size, size), dtype=np.float32)
    return lambda: matrix @ matrix


def test_a_busy_loop_on_every_core_is_noticed():
    with busy_loops(psutil.cpu_count() or 1):
        others = OthersShare()
        reading = read_noise(multiplication(200), multiplication(180), time.perf_counter)
        assert others.read() > 0.2
    assert not reading.ok
    assert Disturbance.OTHERS in {one.code for one in reading.findings(When.BEFORE)}


class Machine:
    """Workloads with planted times, on their own clock."""

    def __init__(self, speed):
        self.now, self.speed, self.rng = 0.0, speed, np.random.default_rng(0)

    def run(self, seconds):
        def once():
            self.now += seconds * self.speed(self.now, self.rng)

        return once

    def reading(self):
        return read_noise(self.run(3e-3), self.run(2e-3), lambda: self.now)


def test_a_speed_that_wanders_slowly_is_no_noise():
    reading = Machine(lambda now, _: 1.3 + 0.3 * np.sin(3 * now)).reading()
    assert reading.spread > 0.3
    assert reading.ratio_spread < 0.05


def test_interrupted_runs_are_noise():
    reading = Machine(lambda _, rng: 1 + 4 * (rng.random() < 0.5)).reading()
    assert reading.ratio_spread > 0.25
    assert reading.findings(When.AFTER)[-1].code is Disturbance.RATIO


@pytest.mark.parametrize("seconds", [1e-5, 2.0])
def test_fast_and_slow_references_are_read_in_bounded_time(seconds):
    machine = Machine(lambda _now, _rng: 1.0)
    read_noise(machine.run(seconds), machine.run(seconds), lambda: machine.now)
    assert machine.now <= 6 * 5 * seconds + 5
