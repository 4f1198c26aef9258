"""The measurements of `bort bench latency`, one file each, so that a run can be continued."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bort.core.machine import logical_cpus
from bort.core.progress import OnStep, ProgressTo, ignore
from bort.core.study import LatencySpec
from bort.families import SearchSpace
from bort.latency.landmarks import time_landmarks
from bort.latency.space import measure
from bort.latency.timing import Instruments

Kind = Literal["measure", "repeat", "landmarks", "busy"]
KINDS: tuple[Kind, ...] = ("measure", "repeat", "landmarks", "busy")
BUSY_COUNT = 12  # architectures; a busy machine is noticed at once


@dataclass(frozen=True, slots=True)
class BenchStep:
    """One measurement; `repeat` repeats `measure`, `busy` runs with a busy loop on every core."""

    kind: Kind
    runtime: str
    sequence_length: int

    @property
    def name(self) -> str:
        """The step's name, which is also the name of its file."""
        return f"{self.kind}-{self.runtime}-{self.sequence_length}"


def bench_steps(
    runtimes: Sequence[str], lengths: Sequence[int], kinds: Sequence[Kind] = KINDS
) -> list[BenchStep]:
    """List all steps, with a long time between a measurement and its repetition."""
    steps = [
        BenchStep(kind, runtime, length)
        for kind in ("measure", "landmarks", "repeat")
        for runtime in runtimes
        for length in lengths
    ]
    steps.append(BenchStep("busy", runtimes[0], lengths[0]))
    return [step for step in steps if step.kind in kinds]


def stored_result(folder: Path, step: BenchStep) -> dict[str, Any] | None:
    """Read the result of a step; None if it has not run or its file is truncated."""
    try:
        result: dict[str, Any] = json.loads((folder / f"{step.name}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return result


def is_done(step: BenchStep, result: dict[str, Any] | None) -> bool:
    """Check whether a step is finished; a step that ran on a noisy machine must run again."""
    return result is not None and (step.kind == "busy" or bool(result["noise"]["ok"]))


def run_step(
    step: BenchStep,
    space: SearchSpace,
    *,
    count: int,
    threads: int | None,
    instruments: Instruments | None = None,
    on_step: OnStep = ignore,
) -> dict[str, Any]:
    """Measure, and return the JSON values of a profile or the landmarks.

    Raises:
        Whatever `bort.latency.space.measure` raises.
    """
    spec = LatencySpec(runtime=step.runtime, sequence_length=step.sequence_length, threads=threads)
    with busy_loops() if step.kind == "busy" else nullcontext():
        last: Any = None
        for one in _steps(step, space, spec, count, instruments):
            on_step(one)
            last = one.result
    return {} if last is None else dict(last.to_dict())


def _steps(
    step: BenchStep,
    space: SearchSpace,
    spec: LatencySpec,
    count: int,
    instruments: Instruments | None,
) -> Iterator[ProgressTo[Any]]:
    if step.kind == "landmarks":
        return time_landmarks(spec, wait=True, instruments=instruments)
    number = min(BUSY_COUNT, count) if step.kind == "busy" else count
    return measure(space, spec, count=number, wait=True, instruments=instruments)


_LOOP = "import os\nwhile os.getppid() == {parent}: pass"  # ends with the process that began it


@contextmanager
def busy_loops(count: int | None = None) -> Iterator[None]:
    """Keep `count` cores busy for the length of a `with` block; None means all cores."""
    loops = count or logical_cpus()
    code = _LOOP.format(parent=os.getpid())
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()
