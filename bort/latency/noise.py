"""Decide whether the machine was quiet enough to tell two architectures apart.

There are three kinds of evidence. The first is the share of the CPU that others took, before, after
and throughout (a virtual machine's neighbours included, as stolen time): it is cheap, and separates
contention from everything else. The second is how much the ratio of two fixed workloads, run in
turns, varies before and after. The third is the resolution: the smallest difference that the rounds
themselves can rank. A machine that becomes slower or faster *as a whole* changes few rankings, but
all milliseconds. Reference models measure by how much; a small change is corrected for, a large one
is rejected (`bort.latency.pace`).
Criterion and thresholds: docs/latency.md, "Noise".
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import psutil

from bort.core.serialise import to_json
from bort.latency.protocol import Clock, Run
from bort.latency.steadiness import robust_deviation

REFERENCE_SECONDS = 1.0
REFERENCE_LIMIT_SECONDS = 4.0  # if the references are slow, four pairs are enough
WARMING_SECONDS = 0.3  # a processor that has just been idle needs a moment to speed up
REFERENCE_PAIRS = (12, 200)  # at least, at most
FEWEST_PAIRS = 4
BLOCK_RUNS = 3  # as many as a round times

MAX_OTHERS_SHARE = 0.10  # of all CPU time; see docs/latency.md, "Noise", for all of these
MAX_RATIO_SPREAD = 0.25
MAX_RESOLUTION = 0.04  # then 95% of medians are within 5% when measured again
MANY = 24  # models: enough to tell how the machine changed for small and for large ones
NOTABLE_DRIFT, MAX_DRIFT, MAX_DRIFT_OF_MANY = 0.05, 0.10, 0.30
NOTABLE_PACE, MAX_PACE, MAX_PACE_OF_MANY = 0.02, 0.08, 0.15
SETTLED_SHARE = 0.05  # about the load of an idle desktop
SETTLE_SECONDS = 10.0  # trainings pause at their next step; one step may take seconds


class Disturbance(StrEnum):
    """The kinds of disturbances of a measurement."""

    OTHERS = "others"
    """Other processes took CPU time; a share of all of it."""
    RATIO = "ratio"
    """The ratio of two workloads run in turns varied; a standard deviation of its logarithm."""
    RESOLUTION = "resolution"
    """The smallest difference of architectures that can be ranked is too large; a share."""
    DRIFT = "drift"
    """The whole machine became slower (above 0) or faster during the rounds; a share."""
    PACE = "pace"
    """The whole machine was slower (above 0) or faster than at its usual pace; a share."""


class When(StrEnum):
    """The part of a measurement in which a disturbance was found."""

    BEFORE = "before"
    AFTER = "after"
    THROUGHOUT = "throughout"


@dataclass(frozen=True, slots=True)
class Finding:
    """One disturbance in numbers; `bort.report.latency.finding_words` puts it into words.

    Attributes:
        value: how large it was, in the unit that `Disturbance` names.
        limit: how large it may be.
        since: when the usual pace was measured, ISO 8601; only for the pace.
    """

    code: Disturbance
    when: When
    value: float
    limit: float
    since: str | None = None


@dataclass(frozen=True, slots=True)
class NoiseReading:
    """One reading of the machine's noise.

    Attributes:
        reference_ms: median time of the reference workload.
        spread: (90th - 10th percentile) / median of its repeated times; shown, not judged: it
            mixes what changes rankings with what does not.
        others_share: share of all CPU time that other processes took meanwhile, 0..1.
        ratio_spread: standard deviation (robust) of ln(time of one workload / time of another)
            over neighbouring turns; None if it was not read.
    """

    reference_ms: float
    spread: float
    others_share: float
    ratio_spread: float | None = None

    def findings(self, when: When) -> list[Finding]:
        """List what was too noisy; empty if the machine was quiet."""
        found = _too_many_others(self.others_share, when)
        if self.ratio_spread is not None and self.ratio_spread > MAX_RATIO_SPREAD:
            found.append(Finding(Disturbance.RATIO, when, self.ratio_spread, MAX_RATIO_SPREAD))
        return found

    @property
    def ok(self) -> bool:
        """Whether it was quiet enough to rank two architectures."""
        return not self.findings(When.THROUGHOUT)


@dataclass(frozen=True, slots=True)
class Noise:
    """The machine's noise before, after and throughout a measurement.

    Attributes:
        others_share: share of all CPU time that others took during the rounds, 0..1.
        resolution: smallest relative difference of two architectures that can be ranked; None
            for too few rounds.
        drift: how much slower (above 0) the whole machine was at the end than at the beginning;
            None for too few rounds.
        models: how many models were timed, including the references.
        pace_change: how much slower (above 0) the whole machine was than at its usual pace, at
            which the latencies are stated; None if no usual pace was known.
        pace_since: when the usual pace was measured, ISO 8601; None if none was known.
        pace_models: how many of these models the usual pace was measured with.
    """

    before: NoiseReading
    after: NoiseReading
    others_share: float
    resolution: float | None = None
    drift: float | None = None
    models: int = 0
    pace_change: float | None = None
    pace_since: str | None = None
    pace_models: int = 0

    @property
    def drift_limit(self) -> float:
        """The largest drift that can be corrected for."""
        return MAX_DRIFT_OF_MANY if self.models >= MANY else MAX_DRIFT

    @property
    def pace_limit(self) -> float:
        """The largest deviation from the pace that can be corrected for."""
        return MAX_PACE_OF_MANY if self.pace_models >= MANY else MAX_PACE

    @property
    def reasons(self) -> list[Finding]:
        """List why the numbers cannot rank two architectures or are not reproducible.

        Empty if they can be trusted.
        """
        found = self.before.findings(When.BEFORE) + self.after.findings(When.AFTER)
        found += _too_many_others(self.others_share, When.THROUGHOUT)
        if self.resolution is not None and self.resolution > MAX_RESOLUTION:
            found.append(
                Finding(Disturbance.RESOLUTION, When.THROUGHOUT, self.resolution, MAX_RESOLUTION)
            )
        return found + [one for one in self._changes() if abs(one.value) > one.limit]

    @property
    def warnings(self) -> list[Finding]:
        """List changes of the machine that are corrected for but large enough to mention."""
        notable = {Disturbance.DRIFT: NOTABLE_DRIFT, Disturbance.PACE: NOTABLE_PACE}
        return [one for one in self._changes() if notable[one.code] < abs(one.value) <= one.limit]

    def _changes(self) -> list[Finding]:
        """List how the machine changed as a whole, however little."""
        found, when = [], When.THROUGHOUT
        if self.drift is not None:
            found.append(Finding(Disturbance.DRIFT, when, self.drift, self.drift_limit))
        if self.pace_change is not None:
            change, limit = self.pace_change, self.pace_limit
            found.append(Finding(Disturbance.PACE, when, change, limit, self.pace_since))
        return found

    @property
    def ok(self) -> bool:
        """Whether it was quiet enough before, after and throughout."""
        return not self.reasons

    def to_dict(self) -> dict[str, Any]:
        """Convert the readings and the verdict to JSON; reading it recomputes the verdict."""

        def verdict(ok: bool, reasons: list[Finding]) -> dict[str, Any]:
            return {"ok": ok, "reasons": to_json(reasons)}

        before, after = self.before.findings(When.BEFORE), self.after.findings(When.AFTER)
        return {
            **verdict(self.ok, self.reasons),
            "warnings": to_json(self.warnings),
            **to_json(self),
            "before": {**to_json(self.before), **verdict(not before, before)},
            "after": {**to_json(self.after), **verdict(not after, after)},
        }


@dataclass(slots=True)
class OthersShare:
    """Measures the CPU time that other processes use from its creation on."""

    _begin: tuple[float, float, float] = field(default_factory=lambda: _cpu_seconds())

    def read(self) -> float:
        """Return the share of all CPU time since creation that others used, from 0 to 1."""
        busy, own, total = (
            now - then for now, then in zip(_cpu_seconds(), self._begin, strict=True)
        )
        return min(1.0, max(0.0, busy - own) / total) if total > 0 else 0.0


def read_noise(reference: Run, other: Run, clock: Clock) -> NoiseReading:
    """Run two workloads in turns for about a second and watch the CPU.

    Args:
        reference: the one whose times are reported.
        other: compared with it; may be the same.
    """
    _warm(reference, other, clock)
    others = OthersShare()
    least, most = REFERENCE_PAIRS
    turns: list[tuple[list[float], list[float]]] = []
    begin = clock()
    while len(turns) < most:
        turns.append((_block(reference, clock), _block(other, clock)))
        passed = clock() - begin
        if len(turns) >= least and passed >= REFERENCE_SECONDS:
            break
        if len(turns) >= FEWEST_PAIRS and passed >= REFERENCE_LIMIT_SECONDS:
            break
    times = np.array([turn[0] for turn in turns])
    ratios = np.log(np.median(times, axis=1) / np.median([turn[1] for turn in turns], axis=1))
    p10, median, p90 = np.quantile(times, [0.1, 0.5, 0.9])
    return NoiseReading(
        reference_ms=1e3 * float(median),
        spread=float((p90 - p10) / median),
        others_share=others.read(),
        ratio_spread=robust_deviation(ratios),
    )


def settle(should_stop: Callable[[], bool], *, seconds: float = SETTLE_SECONDS) -> None:
    """Wait until other processes leave the CPU alone, up to a limit.

    Trainings pause at their next step once the measuring lock is held.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end and not should_stop():
        others = OthersShare()
        time.sleep(0.5)
        if others.read() <= SETTLED_SHARE:
            return


def _warm(reference: Run, other: Run, clock: Clock) -> None:
    begin = clock()
    for _ in range(REFERENCE_PAIRS[1]):
        reference()
        other()
        if clock() - begin > WARMING_SECONDS:
            return


def _block(run: Run, clock: Clock) -> list[float]:
    times = []
    for _ in range(BLOCK_RUNS):
        start = clock()
        run()
        times.append(clock() - start)
    return times


def _too_many_others(share: float, when: When) -> list[Finding]:
    if share <= MAX_OTHERS_SHARE:
        return []
    return [Finding(Disturbance.OTHERS, when, share, MAX_OTHERS_SHARE)]


def _cpu_seconds() -> tuple[float, float, float]:
    """Read CPU seconds since boot: busy, of this process, and in all.

    Stolen time is a neighbour's work on the same hardware: busy, and not ours.
    """
    times = psutil.cpu_times()
    total = sum(
        getattr(times, name, 0.0)
        for name in ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    )
    idle = times.idle + getattr(times, "iowait", 0.0)
    own = os.times()
    return total - idle, own.user + own.system, total
