"""The measurements of `bort bench latency`, one file each, so that an interrupted run goes on."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks.latency.busy import busy_loops
from bort.core.study import LatencySpec
from bort.families import SearchSpace
from bort.latency.runs.landmarks import time_landmarks
from bort.latency.runs.space import measure
from bort.latency.timing import Instruments

Kind = Literal["measure", "repeat", "landmarks", "busy"]
KINDS: tuple[Kind, ...] = ("measure", "repeat", "landmarks", "busy")
BUSY_COUNT = 12  # architectures; a busy machine shows at once


@dataclass(frozen=True, slots=True)
class BenchStep:
    """One measurement; `repeat` is `measure` once more, `busy` is beside a loop on every core."""

    kind: Kind
    runtime: str
    sequence_length: int

    @property
    def name(self) -> str:
        """Also the name of its file."""
        return f"{self.kind}-{self.runtime}-{self.sequence_length}"


def bench_steps(
    runtimes: Sequence[str], lengths: Sequence[int], kinds: Sequence[Kind] = KINDS
) -> list[BenchStep]:
    """All steps, in an order in which measurement and repetition lie apart."""
    steps = [
        BenchStep(kind, runtime, length)
        for kind in ("measure", "landmarks", "repeat")
        for runtime in runtimes
        for length in lengths
    ]
    steps.append(BenchStep("busy", runtimes[0], lengths[0]))
    return [step for step in steps if step.kind in kinds]


def stored_result(folder: Path, step: BenchStep) -> dict[str, Any] | None:
    """What a step found; None where it has not run, or its file was cut off."""
    try:
        result: dict[str, Any] = json.loads((folder / f"{step.name}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return result


def is_done(step: BenchStep, result: dict[str, Any] | None) -> bool:
    """Whether a step need not run again: on a machine that was not quiet it must."""
    return result is not None and (step.kind == "busy" or bool(result["noise"]["ok"]))


def run_step(
    step: BenchStep,
    space: SearchSpace,
    *,
    count: int,
    threads: int | None,
    instruments: Instruments | None = None,
    on_progress: Callable[[str], None] = lambda _text: None,
) -> dict[str, Any]:
    """Measure, and answer with a profile's or the landmarks' JSON values.

    Raises:
        As `bort.latency.runs.space.measure`.
    """
    spec = LatencySpec(runtime=step.runtime, sequence_length=step.sequence_length, threads=threads)
    with busy_loops() if step.kind == "busy" else nullcontext():
        last: dict[str, Any] = {}
        for text, found in _watched(step, space, spec, count, instruments):
            on_progress(text)
            last = found or last
    return last


def _watched(
    step: BenchStep,
    space: SearchSpace,
    spec: LatencySpec,
    count: int,
    instruments: Instruments | None,
) -> Iterator[tuple[str, dict[str, Any] | None]]:
    if step.kind == "landmarks":
        for progress in time_landmarks(spec, wait=True, instruments=instruments):
            found = progress.result.to_dict() if progress.result else None
            yield f"{progress.stage} {progress.done}/{progress.total}", found
        return
    number = min(BUSY_COUNT, count) if step.kind == "busy" else count
    for one in measure(space, spec, count=number, wait=True, instruments=instruments):
        yield f"{one.stage} {one.done}/{one.total}", one.profile.to_dict() if one.profile else None
