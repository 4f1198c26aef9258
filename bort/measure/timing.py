"""Time some candidates on one runtime, with the lock held and the noise read."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from bort.measure.lock import measuring
from bort.measure.noise import Noise, NoiseReading, OthersShare, read_noise, settle
from bort.measure.protocol import (
    Clock,
    FloatArray,
    Latency,
    Protocol,
    Run,
    choose_rounds,
    interleaved_rounds,
    summarise,
    warm_up,
)
from bort.measure.runtimes import open_runtime
from bort.measure.workload import Candidate, Runtime, Workload

Stage = Literal["building", "warming up", "measuring", "done"]


@dataclass(frozen=True, slots=True)
class Timing:
    """What was timed, in the order of the candidates.

    Attributes:
        latencies: one per candidate.
        noise: before, after and throughout.
        rounds: complete rounds.
        complete: False where it was stopped early.
    """

    latencies: tuple[Latency, ...]
    noise: Noise
    rounds: int
    complete: bool


@dataclass(frozen=True, slots=True)
class TimingStep:
    """Progress: `done` of `total` in this stage; the last one carries the timing.

    A measurement that is stopped before its first complete round ends without a timing.
    """

    stage: Stage
    done: int
    total: int
    timing: Timing | None = None


def _lock(should_stop: Callable[[], bool], wait: bool) -> contextlib.AbstractContextManager[None]:
    return measuring("bort: latency", wait=wait, should_stop=should_stop)


@dataclass(frozen=True, slots=True)
class Instruments:
    """The expensive world, so that tests can bring their own.

    Attributes:
        open_runtime: sets a runtime up by name.
        clock: monotonic seconds.
        read_noise: looks at the machine while it repeats a reference workload.
        watch_others: begins to count the CPU time that others take.
        settle: waits until others leave the CPU alone.
        hold: the measuring lock; takes `should_stop` and whether to wait for it.
        protocol: numbers of runs and rounds.
    """

    open_runtime: Callable[[str, Workload], Runtime] = open_runtime
    clock: Clock = time.perf_counter
    read_noise: Callable[[Run, Clock], NoiseReading] = read_noise
    watch_others: Callable[[], OthersShare] = OthersShare
    settle: Callable[[Callable[[], bool]], None] = settle
    hold: Callable[[Callable[[], bool], bool], contextlib.AbstractContextManager[None]] = _lock
    protocol: Protocol = field(default_factory=Protocol)


def never() -> bool:
    """Do not stop."""
    return False


def time_candidates(
    candidates: Sequence[Candidate],
    runtime: str,
    workload: Workload,
    *,
    seed: int,
    wait: bool = False,
    should_stop: Callable[[], bool] = never,
    instruments: Instruments | None = None,
) -> Iterator[TimingStep]:
    """Build, warm up and time candidates, interleaved; the lock is held meanwhile.

    Args:
        candidates: largest first, see `Runtime.prepare`.
        runtime: one of `bort.measure.runtimes.RUNTIME_NAMES`.
        seed: of the order within rounds and of the bootstrap.
        wait: for another measurement to end, instead of raising.
        should_stop: asked often; True ends early with what complete rounds there are.
    Yields:
        Progress; the last step carries the timing, unless there is none.
    Raises:
        BusyError: somebody else measures, and `wait` is off.
        InvalidOptionError, MissingExtraError: no such runtime, or not installed.
    """
    tools = instruments or Instruments()
    with (
        tools.hold(should_stop, wait),
        contextlib.closing(tools.open_runtime(runtime, workload)) as engine,
    ):
        runs: list[Run] = []
        for candidate in candidates:
            if should_stop():
                return
            runs.append(engine.prepare(candidate))
            yield TimingStep("building", len(runs), len(candidates))
        yield from _time_runs(runs, seed, should_stop, tools)


def _time_runs(
    runs: Sequence[Run], seed: int, should_stop: Callable[[], bool], tools: Instruments
) -> Iterator[TimingStep]:
    typical: list[float] = []
    for run in runs:
        if should_stop():
            return
        typical.append(warm_up(run, tools.clock, tools.protocol))
        yield TimingStep("warming up", len(typical), len(runs))
    tools.settle(should_stop)
    # Half of the candidates are faster: neither the most nor the least sensitive to disturbance.
    reference = runs[int(np.argsort(typical)[len(runs) // 2])]
    before, others = tools.read_noise(reference, tools.clock), tools.watch_others()
    rng, begin = np.random.default_rng(seed), tools.clock()
    protocol = tools.protocol.fitted_to(typical)
    total = choose_rounds(typical, protocol)
    seconds: list[FloatArray] = []
    for one_round in interleaved_rounds(
        runs, total, protocol=protocol, rng=rng, clock=tools.clock, should_stop=should_stop
    ):
        seconds.append(one_round)
        yield TimingStep("measuring", len(seconds), total)
        if protocol.is_spent(len(seconds), tools.clock() - begin):
            total = len(seconds)
            break
    if not seconds:
        return
    share = others.read()
    noise = Noise(before, tools.read_noise(reference, tools.clock), share)
    stacked = np.stack(seconds, axis=1)  # candidates, rounds, runs
    latencies = tuple(summarise(times, rng=rng) for times in stacked)
    timing = Timing(latencies, noise, len(seconds), len(seconds) == total)
    yield TimingStep("done", len(seconds), total, timing)
