"""How long a measurement will take, before it starts."""

from typing import NamedTuple

from bort.latency.protocol import HANDFUL, Protocol

START_SECONDS = 8.0  # a process, PyTorch and transformers
AROUND_SECONDS = 6.0  # settling, and the noise check before and after
TORCH_SECONDS_EACH = 0.25  # building and warming up; docs/latency.md, "How long it takes"
EXPORT_SECONDS_EACH = 6.0


class Estimate(NamedTuple):
    """Seconds on a quiet machine, and at most on a restless one."""

    quiet_s: float
    most_s: float


def estimate(runtime: str, count: int, *, protocol: Protocol | None = None) -> Estimate:
    """For `count` architectures of a space, from what measurements took on two cores."""
    each = TORCH_SECONDS_EACH if runtime.startswith("torch") else EXPORT_SECONDS_EACH
    numbers = protocol or Protocol()
    before = START_SECONDS + AROUND_SECONDS + each * count
    return Estimate(before + numbers.budget_seconds, 2 * before + numbers.limit_seconds)


def estimate_winners(runtime: str, count: int) -> Estimate:
    """For the architectures on a study's front."""
    return estimate(runtime, count, protocol=HANDFUL)


def estimate_landmarks(runtime: str) -> Estimate:
    """For the landmarks, the largest of which takes as long to build as a dozen others."""
    return estimate(runtime, 30)
