"""Is the machine quiet enough to tell two architectures apart?

Two signs, read before and after a measurement: how much the repeated times of one fixed reference
workload spread, and how much of the CPU others take meanwhile (a virtual machine's neighbours
included, as stolen time). Criterion and thresholds: docs/latency.md, "Noise".
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import psutil

from bort.measure.protocol import Clock, Run

REFERENCE_SECONDS = 1.0
REFERENCE_RUNS = (20, 400)  # at least, at most
MAX_SPREAD = 0.25  # (p90 - p10) / median of the reference; see docs/latency.md, "Noise"
MAX_OTHERS_SHARE = 0.05  # of all CPU time; about what a desktop does when nobody works
MAX_DRIFT = 0.10  # the reference's median after the measurement against before
SETTLE_SECONDS = 10.0  # trainings pause at their next step; one step may take seconds


@dataclass(frozen=True, slots=True)
class NoiseReading:
    """One look at the machine.

    Attributes:
        reference_ms: median time of the reference workload.
        spread: (90th - 10th percentile) / median of its repeated times.
        others_share: share of all CPU time that other processes took meanwhile, 0..1.
    """

    reference_ms: float
    spread: float
    others_share: float

    @property
    def reasons(self) -> list[str]:
        """What is too noisy, one phrase each; empty when the machine is quiet."""
        reasons = []
        if self.spread > MAX_SPREAD:
            reasons.append(
                f"repeated times spread by {self.spread:.0%} (at most {MAX_SPREAD:.0%} allowed)"
            )
        if self.others_share > MAX_OTHERS_SHARE:
            reasons.append(
                f"other processes took {self.others_share:.0%} of the CPU "
                f"(at most {MAX_OTHERS_SHARE:.0%} allowed)"
            )
        return reasons

    @property
    def ok(self) -> bool:
        """Quiet enough to rank two architectures."""
        return not self.reasons

    def to_dict(self) -> dict[str, Any]:
        """The reading with its verdict, as JSON values."""
        return {**asdict(self), "ok": self.ok, "reasons": self.reasons}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "NoiseReading":
        """Inverse of `to_dict`."""
        return cls(
            float(values["reference_ms"]), float(values["spread"]), float(values["others_share"])
        )


@dataclass(frozen=True, slots=True)
class Noise:
    """The machine before and after a measurement, and others' CPU share throughout."""

    before: NoiseReading
    after: NoiseReading
    others_share: float

    @property
    def reasons(self) -> list[str]:
        """Why the measurement cannot rank two architectures; empty when it can."""
        reasons = [f"before: {reason}" for reason in self.before.reasons]
        reasons += [f"after: {reason}" for reason in self.after.reasons]
        drift = self.after.reference_ms / self.before.reference_ms - 1
        if abs(drift) > MAX_DRIFT:
            reasons.append(
                f"the reference workload took {drift:+.0%} afterwards "
                f"(at most ±{MAX_DRIFT:.0%} allowed)"
            )
        if self.others_share > MAX_OTHERS_SHARE:
            reasons.append(
                f"throughout, other processes took {self.others_share:.0%} of the CPU "
                f"(at most {MAX_OTHERS_SHARE:.0%} allowed)"
            )
        return reasons

    @property
    def ok(self) -> bool:
        """Quiet enough, before, after and between."""
        return not self.reasons

    def to_dict(self) -> dict[str, Any]:
        """Both readings with the verdict, as JSON values."""
        return {
            "ok": self.ok,
            "reasons": self.reasons,
            "others_share": self.others_share,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Noise":
        """Inverse of `to_dict`; the verdict is drawn anew."""
        return cls(
            NoiseReading.from_dict(values["before"]),
            NoiseReading.from_dict(values["after"]),
            float(values["others_share"]),
        )


@dataclass(slots=True)
class OthersShare:
    """Counts the CPU time that others take, from its creation on."""

    _begin: tuple[float, float, float] = field(default_factory=lambda: _cpu_seconds())

    def read(self) -> float:
        """Share of all CPU time since creation that others took, 0..1."""
        busy, own, total = (
            now - then for now, then in zip(_cpu_seconds(), self._begin, strict=True)
        )
        return min(1.0, max(0.0, busy - own) / total) if total > 0 else 0.0


def read_noise(reference: Run, clock: Clock) -> NoiseReading:
    """Repeat the reference workload for about a second and watch the CPU meanwhile."""
    others = OthersShare()
    least, most = REFERENCE_RUNS
    times: list[float] = []
    begin = clock()
    while len(times) < least or (clock() - begin < REFERENCE_SECONDS and len(times) < most):
        start = clock()
        reference()
        times.append(clock() - start)
    p10, median, p90 = np.quantile(times[len(times) // 10 :], [0.1, 0.5, 0.9])
    return NoiseReading(1e3 * float(median), float((p90 - p10) / median), others.read())


def settle(should_stop: Callable[[], bool], *, seconds: float = SETTLE_SECONDS) -> None:
    """Wait until others leave the CPU alone, but no longer than this.

    Trainings pause at their next step once the measuring lock is held.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end and not should_stop():
        others = OthersShare()
        time.sleep(0.5)
        if others.read() <= MAX_OTHERS_SHARE:
            return


def _cpu_seconds() -> tuple[float, float, float]:
    """CPU seconds since boot that were busy, of this process, and in all.

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
