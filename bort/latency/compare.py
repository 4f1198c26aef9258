"""Compare profiles: the differences between them, and whether these exceed the noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bort.core.machine import Difference, differences, this_machine
from bort.core.serialise import to_json
from bort.latency.profile import LatencyProfile
from bort.latency.runtimes import runtime_kind


def differences_from_here(profile: LatencyProfile) -> list[Difference]:
    """List how this machine (`b`) differs from the one that the profile was measured on (`a`).

    Empty if the latencies are valid for this machine.
    """
    libraries = runtime_kind(profile.runtime).libraries
    here = this_machine(libraries, threads=profile.workload.threads)
    return differences(profile.fingerprint, here)


@dataclass(frozen=True, slots=True)
class Pair:
    """One architecture that two profiles measured.

    Attributes:
        distinguishable: the intervals do not overlap; otherwise, neither is known to be lower.
    """

    id: str
    architecture: Mapping[str, int]
    a_ms: float
    b_ms: float
    distinguishable: bool

    @property
    def ratio(self) -> float:
        """The ratio of `b_ms` to `a_ms`."""
        return self.b_ms / self.a_ms


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two profiles, their differences, and the architectures that both measured."""

    a: LatencyProfile
    b: LatencyProfile
    differences: tuple[Difference, ...]
    pairs: tuple[Pair, ...]

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "a": summary(self.a),
            "b": summary(self.b),
            "differences": to_json(self.differences),
            "architectures": [{**to_json(pair), "ratio": pair.ratio} for pair in self.pairs],
        }


def compare(a: LatencyProfile, b: LatencyProfile) -> Comparison:
    """Compare two profiles."""
    theirs = {m.id: m for m in b.measurements} if a.family_name == b.family_name else {}
    both = [(m, theirs[m.id]) for m in a.measurements if m.id in theirs]
    return Comparison(
        a,
        b,
        (*_workload_differences(a, b), *differences(a.fingerprint, b.fingerprint)),
        tuple(
            Pair(
                one.id,
                one.architecture,
                one.latency.median_ms,
                other.latency.median_ms,
                one.latency.high_ms < other.latency.low_ms
                or other.latency.high_ms < one.latency.low_ms,
            )
            for one, other in both
        ),
    )


def summary(profile: LatencyProfile) -> dict[str, Any]:
    """Summarise a profile as JSON values: what, how well, where, when."""
    model = profile.model
    return {
        "profile": profile.name,
        "space": profile.space_name,
        "runtime": profile.runtime,
        **profile.workload.to_dict(),
        "study": profile.study,
        "architectures": len(profile.measurements),
        "median_abs_percent_error": model.median_abs_percent_error,
        "band": model.band,
        "noise_ok": profile.noise.ok,
        "complete": profile.complete,
        "measured_at": profile.measured_at,
        "this_machine": not differences_from_here(profile),
    }


def described(profile: LatencyProfile) -> dict[str, Any]:
    """Convert the whole profile to JSON values, with whether it is valid for this machine."""
    found = differences_from_here(profile)
    return {**profile.to_dict(), "this_machine": not found, "differences": to_json(found)}


def _workload_differences(a: LatencyProfile, b: LatencyProfile) -> list[Difference]:
    facts = [
        Difference("family", a.family_name, b.family_name),
        Difference("runtime", a.runtime, b.runtime),
        Difference("batch_size", a.workload.batch_size, b.workload.batch_size),
        Difference("sequence_length", _length(a), _length(b)),
        Difference(
            "text_to_label",
            str(bool(a.workload.by_vocabulary)).lower(),
            str(bool(b.workload.by_vocabulary)).lower(),
        ),
        Difference("task", a.workload.lengths_from, b.workload.lengths_from),
    ]
    return [fact for fact in facts if fact.a != fact.b]


def _length(profile: LatencyProfile) -> str:
    lengths = profile.workload.lengths or (profile.workload.sequence_length,)
    return "/".join(map(str, lengths))
