"""Time models on one runtime while holding the measuring lock and reading the noise."""

import contextlib
import datetime
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from bort.core.locks import measuring
from bort.core.progress import OnStep, Progress, ProgressTo, Stage, ignore, towards
from bort.latency.kept_rounds import KeptRounds
from bort.latency.noise import (
    MAX_OTHERS_SHARE,
    Noise,
    NoiseReading,
    OthersShare,
    read_noise,
    settle,
)
from bort.latency.pace import Pace, PaceBook, PaceFiles, references_for
from bort.latency.protocol import (
    MOST_ROUNDS,
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
from bort.latency.runtimes import open_runtime
from bort.latency.steadiness import drift, resolution, round_factors
from bort.latency.workload import Blueprint, Runtime, Workload

PATIENCE_SECONDS = 600.0  # how long a search waits for a quiet machine
LOOK_SECONDS = 2.0  # how long it looks whether others use the CPU
PAUSE_SECONDS = 20  # between two looks, so that our own trainings are hardly slowed down


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of some models, in the order of their blueprints.

    Attributes:
        latencies: one per blueprint.
        seconds: uncorrected times of single forward passes, shape (models, rounds, timed_runs).
        noise: how quiet the machine was.
        complete: False if it was stopped early.
    """

    latencies: tuple[Latency, ...]
    seconds: FloatArray
    noise: Noise
    complete: bool

    def first(self, count: int) -> "Timing":
        """Return the timing of only the first `count` models."""
        return replace(self, latencies=self.latencies[:count], seconds=self.seconds[:count])

    @property
    def rounds(self) -> int:
        """The number of complete rounds."""
        return int(self.seconds.shape[1])


Hold = Callable[[Callable[[], bool], bool, OnStep], contextlib.AbstractContextManager[None]]


def _lock(
    should_stop: Callable[[], bool], wait: bool, on_step: OnStep
) -> contextlib.AbstractContextManager[None]:
    return measuring("bort: latency", wait=wait, should_stop=should_stop, on_step=on_step)


@dataclass(frozen=True, slots=True)
class Instruments:
    """The parts of the real world that a measurement uses, which tests replace.

    Attributes:
        open_runtime: sets a runtime up by name.
        clock: monotonic seconds.
        sleep: waits that many seconds.
        read_noise: watches the machine while it runs two reference workloads in turns.
        watch_others: begins to count the CPU time of other processes.
        settle: waits until other processes leave the CPU alone.
        hold: takes the measuring lock; its arguments are `should_stop`, whether to wait, and what
            receives a step every second while it waits.
        protocol: numbers of runs and rounds.
        paces: keeps the usual pace of the machine. None times no reference models and does not
            correct milliseconds.
    """

    open_runtime: Callable[[str, Workload], Runtime] = open_runtime
    clock: Clock = time.perf_counter
    sleep: Callable[[float], object] = time.sleep
    read_noise: Callable[[Run, Run, Clock], NoiseReading] = read_noise
    watch_others: Callable[[], OthersShare] = OthersShare
    settle: Callable[[Callable[[], bool]], None] = settle
    hold: Hold = _lock
    protocol: Protocol = field(default_factory=Protocol)
    paces: PaceBook | None = field(default_factory=PaceFiles)


def never() -> bool:
    """Do not stop."""
    return False


def wait_for_quiet(
    tools: Instruments,
    *,
    on_step: OnStep,
    should_stop: Callable[[], bool],
    is_over: Callable[[], bool],
) -> None:
    """Wait until other programs leave the machine alone, at most `PATIENCE_SECONDS`.

    Our own trainings do not count: they pause while the measuring lock is held, which is now and
    then for a moment.

    Args:
        on_step: receives the share of the CPU that others take, its limit, and the seconds left.
        should_stop, is_over: asked every second; True ends the waiting.
    """
    end = tools.clock() + PATIENCE_SECONDS
    while (left := end - tools.clock()) > 0 and not (should_stop() or is_over()):
        with tools.hold(should_stop, True, on_step):
            tools.settle(should_stop)
            others = tools.watch_others()
            tools.sleep(LOOK_SECONDS)
            share = others.read()
        if share <= MAX_OTHERS_SHARE:
            return
        numbers = {"share": share, "limit": MAX_OTHERS_SHARE, "seconds": left}
        on_step(Progress(stage=Stage.WAITING_FOR_QUIET, eta_s=left, numbers=numbers))
        for _ in range(PAUSE_SECONDS):
            if should_stop() or is_over():
                return
            tools.sleep(1.0)


def time_models(
    blueprints: Sequence[Blueprint],
    runtime: str,
    workload: Workload,
    *,
    seed: int,
    wait: bool = False,
    should_stop: Callable[[], bool] = never,
    on_step: OnStep = ignore,
    instruments: Instruments | None = None,
    kept: KeptRounds | None = None,
) -> Iterator[ProgressTo[Timing]]:
    """Build, warm up and time models, interleaved, with the measuring lock held.

    Args:
        blueprints: the largest first, see `Runtime.prepare`.
        runtime: one of `bort.latency.runtimes.RUNTIME_NAMES`.
        seed: seed for the order of rounds and the bootstrap.
        wait: wait for another measurement to end, instead of raising.
        should_stop: called often; True ends early and keeps the complete rounds.
        on_step: receives steps while it waits for another measurement, before it yields any.
        kept: keeps complete rounds, and has those of an earlier attempt that was killed.
    Yields:
        Steps; the last carries the timing, unless it was stopped before the first complete round.
        The seconds left may grow, because a noisy machine needs more rounds.
    Raises:
        BusyError: another measurement is running, and `wait` is off.
        InvalidOptionError: there is no such runtime.
        MissingExtraError: the runtime is not installed.
    """
    tools = instruments or Instruments()
    with (
        tools.hold(should_stop, wait, on_step),
        contextlib.closing(tools.open_runtime(runtime, workload)) as engine,
    ):
        runs: list[Run] = []
        begin = tools.clock()
        references = references_for(blueprints) if tools.paces else ()
        wanted = [*blueprints, *references]
        for blueprint in wanted:
            if should_stop():
                return
            runs.append(engine.prepare(blueprint))
            each = (tools.clock() - begin) / len(runs)
            left = each * (len(wanted) - len(runs)) + tools.protocol.budget_seconds
            yield ProgressTo(len(runs), len(wanted), Stage.BUILDING, eta_s=left)
        keys = [one.key for one in wanted]
        if kept is not None:
            kept.open([*keys, runtime, workload], len(runs))
        for step in _time_runs(runs, len(workload.passes), seed, should_stop, tools, kept):
            if step.result is not None and tools.paces is not None:
                timing = _at_usual_pace(step.result, keys, tools.paces, runtime, workload)
                yield towards(step, timing.first(len(blueprints)))
            else:
                yield step


def time_runs(
    runs: Sequence[Run],
    *,
    seed: int = 0,
    should_stop: Callable[[], bool] = never,
    on_step: OnStep = ignore,
    instruments: Instruments | None = None,
) -> Iterator[ProgressTo[Timing]]:
    """Warm up and time any functions, interleaved, once the measuring lock is free.

    Yields:
        Steps, as `time_models`.
    """
    tools = instruments or Instruments()
    with tools.hold(should_stop, True, on_step):
        yield from _time_runs(runs, 1, seed, should_stop, tools)


def _at_usual_pace(
    timing: Timing, keys: Sequence[str], paces: PaceBook, runtime: str, workload: Workload
) -> Timing:
    """Convert the timing to the machine's usual pace, using all timed models and references."""
    latencies, noise = timing.latencies, timing.noise
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    medians = [latency.median_ms for latency in latencies]
    pace = Pace(dict(zip(keys, medians, strict=True)), now)
    kept = paces.usual(runtime, workload)
    usual = kept if kept is not None and pace.shared_with(kept) else None
    if usual is not None:
        factors = pace.factors_to(usual, medians).tolist()
        latencies = tuple(one.scaled(by) for one, by in zip(latencies, factors, strict=True))
        noise = replace(
            noise,
            pace_change=pace.change(usual),
            pace_since=usual.measured_at,
            pace_models=pace.shared_with(usual),
        )
    told = pace if usual is None else usual.extended(pace)
    if timing.complete and noise.ok and told is not usual:
        paces.keep(told, runtime, workload)
    return replace(timing, latencies=latencies, noise=noise)


def _time_runs(
    runs: Sequence[Run],
    passes: int,
    seed: int,
    should_stop: Callable[[], bool],
    tools: Instruments,
    kept: KeptRounds | None = None,
) -> Iterator[ProgressTo[Timing]]:
    typical: list[float] = []
    begin = tools.clock()
    for run in runs:
        if should_stop():
            return
        typical.append(warm_up(run, tools.clock, tools.protocol))
        each = (tools.clock() - begin) / len(typical)
        left = each * (len(runs) - len(typical)) + tools.protocol.budget_seconds
        yield ProgressTo(len(typical), len(runs), Stage.WARMING_UP, eta_s=left)
    tools.settle(should_stop)
    places = _references(typical)
    pair = runs[places[0]], runs[places[1]]
    before, others = tools.read_noise(*pair, tools.clock), tools.watch_others()
    rng, planned = np.random.default_rng(seed), 0
    seconds = [] if kept is None else [*kept.seconds]
    for planned, left in _rounds(runs, typical, rng, should_stop, tools, seconds):
        if kept is not None:
            kept.add(seconds[-1], others.read())
        yield ProgressTo(len(seconds), planned, Stage.MEASURING, eta_s=left)
    if not seconds:
        return
    share = max(others.read(), 0.0 if kept is None else kept.others_share)
    stacked = np.stack(seconds, axis=1) / passes  # blueprints, rounds, runs
    factors = round_factors(stacked)
    # A stop must be quick, so the last rounds of the reference replace a reading.
    after = (
        _seen_in_rounds(stacked[places[0]], share)
        if should_stop()
        else tools.read_noise(*pair, tools.clock)
    )
    noise = Noise(before, after, share, resolution(stacked), drift(factors), len(runs))
    latencies = tuple(
        summarise(times, rng=rng, factors=own) for times, own in zip(stacked, factors, strict=True)
    )
    timing = Timing(latencies, stacked, noise, len(seconds) >= planned)
    yield ProgressTo(len(seconds), len(seconds), Stage.DONE, eta_s=0.0, result=timing)


def _references(typical: Sequence[float]) -> tuple[int, int]:
    """Choose two models of medium speed, neither the most nor the least easily disturbed."""
    order = np.argsort(typical)
    middle = len(typical) // 2
    return int(order[middle]), int(order[max(0, middle - 1)])


def _seen_in_rounds(seconds: FloatArray, others_share: float) -> NoiseReading:
    """Estimate the noise from one model's last rounds, seconds: shape (rounds, timed_runs)."""
    p10, median, p90 = np.quantile(seconds[-5:], [0.1, 0.5, 0.9])
    return NoiseReading(1e3 * float(median), float((p90 - p10) / median), others_share)


def _rounds(
    runs: Sequence[Run],
    typical: Sequence[float],
    rng: np.random.Generator,
    should_stop: Callable[[], bool],
    tools: Instruments,
    seconds: list[FloatArray],
) -> Iterator[tuple[int, float]]:
    """Add complete rounds; yield the number of rounds aimed for by then, and the seconds left.

    Args:
        seconds: the rounds so far; at least one is added.
    """
    protocol, begin, before = tools.protocol.fitted_to(typical), tools.clock(), len(seconds)
    if seconds:
        protocol = replace(protocol, timed_runs=seconds[0].shape[1])
    planned = choose_rounds(typical, protocol)
    for one_round in interleaved_rounds(
        runs, MOST_ROUNDS, protocol=protocol, rng=rng, clock=tools.clock, should_stop=should_stop
    ):
        seconds.append(one_round)
        passed = tools.clock() - begin
        if len(seconds) >= planned:
            so_far = resolution(np.stack(seconds, axis=1))
            planned = protocol.rounds_wanted(len(seconds), planned, so_far)
        if protocol.is_spent(len(seconds), passed):
            planned = len(seconds)
        each = passed / (len(seconds) - before)
        yield planned, each * max(0, planned - len(seconds))
        if len(seconds) >= planned:
            return


START_SECONDS = 8.0  # a process, PyTorch and transformers
AROUND_SECONDS = 6.0  # settling, and the noise check before and after
TORCH_SECONDS_EACH = 0.25  # building and warming up; docs/latency.md, "How long it takes"
EXPORT_SECONDS_EACH = 6.0


class Duration(NamedTuple):
    """The seconds needed on a quiet machine, and at most on a noisy one."""

    quiet_s: float
    most_s: float


def expected_duration(runtime: str, count: int, *, protocol: Protocol | None = None) -> Duration:
    """Estimate how long it takes to time `count` models, from times on two cores."""
    each = TORCH_SECONDS_EACH if runtime.startswith("torch") else EXPORT_SECONDS_EACH
    numbers = protocol or Protocol()
    before = START_SECONDS + AROUND_SECONDS + each * count
    return Duration(before + numbers.budget_seconds, 2 * before + numbers.limit_seconds)
