"""The timing protocol: warm-up, interleaved rounds, a median with its interval.

Pure: the clock, the randomness and the functions to time are arguments. docs/latency.md explains
each number here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Run = Callable[[], object]
"""One forward pass; its result is thrown away."""
Clock = Callable[[], float]
"""Seconds since any fixed moment, never going back."""

CONFIDENCE = 0.95
ENOUGH_ROUNDS = 3
RESAMPLES = 400
MOST_ROUNDS = 1_000  # a bound on memory; time ends a measurement long before


@dataclass(frozen=True, slots=True)
class Protocol:
    """The numbers of one measurement; sources in docs/latency.md.

    Attributes:
        timed_runs: timed runs per architecture and round; two if all are slow. The runs of a
            round share the machine's state, so more rounds tell more than more runs.
        warm_up_runs: untimed runs before them, because the architecture measured just before
            has filled the caches with its own weights ("Warm-up": 5 runs leave 2%).
        warm_up_seconds: time limit of the untimed runs; at least one is made.
        budget_seconds: the number of rounds is chosen to take about this long.
        min_rounds: fewest rounds.
        max_rounds: most rounds.
        target_resolution: rounds are added until architectures that differ by this share can
            be told apart, or `limit_seconds` have passed.
        limit_seconds: time limit, once three rounds are complete: others must not wait forever
            because the machine is slow or has become busy.
        stable_within: before the first round, each architecture runs until the medians of two
            windows of five runs differ by no more than this share.
    """

    timed_runs: int = 3
    warm_up_runs: int = 5
    warm_up_seconds: float = 0.03
    budget_seconds: float = 40.0
    min_rounds: int = 10
    max_rounds: int = 40
    target_resolution: float = 0.03
    limit_seconds: float = 300.0
    stable_within: float = 0.05

    def is_spent(self, rounds: int, seconds: float) -> bool:
        """Check whether the time is up and there are enough rounds."""
        return rounds >= ENOUGH_ROUNDS and seconds > self.limit_seconds

    def rounds_wanted(self, rounds: int, planned: int, resolution: float | None) -> int:
        """Choose how many rounds to aim for: a quarter more than `rounds` if too coarse."""
        if rounds < planned or resolution is None or resolution <= self.target_resolution:
            return planned
        return min(MOST_ROUNDS, rounds + max(1, rounds // 4))

    def lasting(self, minutes: float | None) -> "Protocol":
        """Copy the protocol with another time limit; None keeps the limit."""
        return self if minutes is None else replace(self, limit_seconds=60 * minutes)

    def fitted_to(self, seconds_per_run: Sequence[float]) -> "Protocol":
        """Copy the protocol, with two timed runs per round if the architectures are slow."""
        one_round = sum(seconds_per_run) * (self.timed_runs + 1)
        slow = one_round * self.min_rounds > self.budget_seconds
        return replace(self, timed_runs=min(2, self.timed_runs)) if slow else self


HANDFUL = Protocol(budget_seconds=15.0, limit_seconds=60.0)
"""The protocol for a few models, such as a study's winners, or a model and its teacher."""


@dataclass(frozen=True, slots=True)
class Latency:
    """The latency of one architecture from many runs, in milliseconds per forward pass.

    Attributes:
        median_ms: median over all timed runs.
        low_ms: lower end of the median's 95% bootstrap interval, rounds resampled whole.
        high_ms: its upper end.
        p95_ms: 95th percentile of the runs.
        trimmed_mean_ms: mean of the runs between the 10th and 90th percentile (Wang et al.
            2020, HAT).
    """

    median_ms: float
    low_ms: float
    high_ms: float
    p95_ms: float
    trimmed_mean_ms: float
    runs: int

    def __post_init__(self) -> None:
        times = (self.low_ms, self.median_ms, self.high_ms, self.p95_ms, self.trimmed_mean_ms)
        if not all(0 < number < np.inf for number in (*times, self.runs)):
            raise ValueError(
                f"times and the number of runs must be above 0, got {times}, {self.runs}"
            )
        if not self.low_ms <= self.median_ms <= self.high_ms:
            raise ValueError(f"the median {self.median_ms} ms is outside its interval")

    def scaled(self, factor: float) -> "Latency":
        """Convert the latency to another pace of the machine by multiplying every time."""
        return Latency(
            self.median_ms * factor,
            self.low_ms * factor,
            self.high_ms * factor,
            self.p95_ms * factor,
            self.trimmed_mean_ms * factor,
            self.runs,
        )


def warm_up(run: Run, clock: Clock, protocol: Protocol) -> float:
    """Run until it no longer gets faster, at most eight windows of five runs or 2 seconds.

    Returns:
        Seconds per run at the end.
    """
    begin, before = clock(), np.inf
    for _ in range(8):
        now = float(np.median(_timed(run, clock, 5)))
        if abs(before - now) <= protocol.stable_within * now or clock() - begin > 2.0:
            return now
        before = now
    return before


def choose_rounds(seconds_per_run: Sequence[float], protocol: Protocol) -> int:
    """Choose how many rounds fit the budget, given each architecture's time per run."""
    runs = protocol.timed_runs + protocol.warm_up_runs
    one_round = runs * sum(seconds_per_run)
    wanted = int(protocol.budget_seconds / one_round) if one_round > 0 else protocol.max_rounds
    return int(np.clip(wanted, protocol.min_rounds, protocol.max_rounds))


def interleaved_rounds(
    runs: Sequence[Run],
    rounds: int,
    *,
    protocol: Protocol,
    rng: np.random.Generator,
    clock: Clock,
    should_stop: Callable[[], bool],
) -> Iterator[FloatArray]:
    """Time all runs in every round, in a new random order each time.

    Interleaving makes drift (heat, a neighbour's work) affect all alike instead of whichever
    was measured last.

    Args:
        should_stop: called before each architecture; True stops and drops the unfinished round.
    Yields:
        Seconds, shape (len(runs), timed_runs), once per complete round.
    """
    for _ in range(rounds):
        seconds = np.empty((len(runs), protocol.timed_runs))
        for position in rng.permutation(len(runs)):
            if should_stop():
                return
            _warm_caches(runs[position], clock, protocol)
            seconds[position] = _timed(runs[position], clock, protocol.timed_runs)
        yield seconds


def summarise(
    seconds: FloatArray, *, rng: np.random.Generator, factors: FloatArray | None = None
) -> Latency:
    """Reduce the timed runs of one architecture.

    The interval resamples whole rounds: the runs of a round share the machine's state, so
    treating them as independent would make it too narrow.

    Args:
        seconds: shape (rounds, timed_runs), at least one round.
        factors: shape (rounds,), how slow the whole machine was in each round for this
            architecture (`bort.latency.steadiness.round_factors`). The median and its interval
            are corrected for it; the percentile and the trimmed mean are not.
    """
    rounds = len(seconds)
    factors = np.ones(rounds) if factors is None else factors
    steadied = seconds / factors[:, None]
    rows = rng.integers(0, rounds, size=(RESAMPLES, rounds))
    medians = np.median(steadied[rows].reshape(RESAMPLES, -1), axis=1)
    medians *= np.median(factors[rows], axis=1)
    low, high = np.quantile(medians, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    median = float(np.median(steadied))
    tenth, ninetieth, p95 = np.quantile(seconds, [0.1, 0.9, 0.95])
    middle = seconds[(seconds >= tenth) & (seconds <= ninetieth)]
    return Latency(
        median_ms=1e3 * median,
        low_ms=1e3 * min(float(low), median),
        high_ms=1e3 * max(float(high), median),
        p95_ms=1e3 * max(float(p95), median),
        trimmed_mean_ms=1e3 * float(middle.mean() if len(middle) else median),
        runs=seconds.size,
    )


def _warm_caches(run: Run, clock: Clock, protocol: Protocol) -> None:
    begin = clock()
    for done in range(protocol.warm_up_runs):
        if done >= 1 and clock() - begin > protocol.warm_up_seconds:
            return
        run()


def _timed(run: Run, clock: Clock, times: int) -> FloatArray:
    seconds = np.empty(times)
    for index in range(times):
        begin = clock()
        run()
        seconds[index] = clock() - begin
    return seconds
