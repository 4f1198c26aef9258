"""Read profiles side by side: what differs, and what the differences are worth."""

from typing import Any

from bort.measure.fingerprint import differences, this_machine
from bort.measure.profile import LatencyProfile
from bort.measure.runtimes import RUNTIME_NAMES, runtime_kind


def differences_from_here(profile: LatencyProfile) -> list[str]:
    """What this machine differs in from where the profile was measured; empty when in nothing."""
    libraries = (
        runtime_kind(profile.runtime).libraries
        if profile.runtime in RUNTIME_NAMES
        else tuple(profile.fingerprint.libraries)
    )
    return differences(
        profile.fingerprint, this_machine(libraries, threads=profile.workload.threads)
    )


def summary(profile: LatencyProfile) -> dict[str, Any]:
    """One profile in one line: what, how well, where, when."""
    model = profile.model
    return {
        "profile": profile.name,
        "space": profile.space_name,
        "runtime": profile.runtime,
        "batch_size": profile.workload.batch_size,
        "sequence_length": profile.workload.sequence_length,
        "threads": profile.workload.threads,
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
        ("sequence length", a.workload.sequence_length, b.workload.sequence_length),
    ]
    return [f"{title} {one} against {other}" for title, one, other in pairs if one != other]
