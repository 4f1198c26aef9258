"""Read profiles side by side: what differs, and what the differences are worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bort.core.errors import InvalidSpaceError
from bort.core.machine.fingerprint import differences, this_machine
from bort.families import family
from bort.latency.model import with_derived_terms
from bort.latency.profile import LatencyProfile
from bort.latency.protocol import FloatArray
from bort.latency.runtimes import runtime_kind


def differences_from_here(profile: LatencyProfile) -> list[str]:
    """What this machine differs in from where the profile was measured; empty when in nothing."""
    libraries = runtime_kind(profile.runtime).libraries
    here = this_machine(libraries, threads=profile.workload.threads)
    return differences(profile.fingerprint, here)


@dataclass(frozen=True, slots=True)
class _Measured:
    """The architectures that a profile measured, in its order, with their operation counts."""

    profile: LatencyProfile

    def operation_terms(self, batch_size: int, sequence_length: int) -> Mapping[str, FloatArray]:
        rows = [one.architecture for one in self.profile.measurements]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return family(self.profile.family_name).operation_terms(
            columns,
            dict(self.profile.fixed),
            batch_size=batch_size,
            sequence_length=sequence_length,
        )


def unknown_terms(profile: LatencyProfile) -> list[str]:
    """Terms of its model that the family does not have; none where the family is not here."""
    if not profile.measurements:
        return []
    try:
        known = with_derived_terms(profile.workload.terms(_Measured(profile)))
    except (InvalidSpaceError, KeyError):
        return []
    return [name for name in profile.model.coefficients_ms if name not in known]


def predicted_ms(profile: LatencyProfile) -> FloatArray | None:
    """What a profile's model says of the architectures that it measured, in its order.

    Returns:
        Shape (n,); None where it measured none, or its family does not come with the package.
    """
    if not profile.measurements:
        return None
    try:
        return profile.model.predict(profile.workload.terms(_Measured(profile)))
    except (InvalidSpaceError, KeyError):
        return None


def summary(profile: LatencyProfile) -> dict[str, Any]:
    """One profile in one line: what, how well, where, when."""
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
    """The whole profile, and whether it holds for this machine."""
    found = differences_from_here(profile)
    return {**profile.to_dict(), "this_machine": not found, "differences": found}


def compared(a: LatencyProfile, b: LatencyProfile) -> dict[str, Any]:
    """Two profiles: what differs between them, and the architectures that both measured.

    `distinguishable` is False where the two intervals overlap: neither is faster then.
    """
    theirs = {m.id: m for m in b.measurements} if a.family_name == b.family_name else {}
    both = [(m, theirs[m.id]) for m in a.measurements if m.id in theirs]
    return {
        "a": summary(a),
        "b": summary(b),
        "differences": _workload_differences(a, b) + differences(a.fingerprint, b.fingerprint),
        "architectures": [
            {
                "id": one.id,
                "architecture": dict(one.architecture),
                "a_ms": one.latency.median_ms,
                "b_ms": other.latency.median_ms,
                "ratio": other.latency.median_ms / one.latency.median_ms,
                "distinguishable": one.latency.high_ms < other.latency.low_ms
                or other.latency.high_ms < one.latency.low_ms,
            }
            for one, other in both
        ],
    }


def _workload_differences(a: LatencyProfile, b: LatencyProfile) -> list[str]:
    pairs = [
        ("family", a.family_name, b.family_name),
        ("runtime", a.runtime, b.runtime),
        ("batch size", a.workload.batch_size, b.workload.batch_size),
        ("sequence length", _length(a), _length(b)),
    ]
    return [f"{title} {one} against {other}" for title, one, other in pairs if one != other]


def _length(profile: LatencyProfile) -> str:
    lengths = profile.workload.lengths
    return "/".join(map(str, lengths)) if lengths else str(profile.workload.sequence_length)
