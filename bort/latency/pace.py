"""The pace of this machine: how fast it is now compared with its first measurement.

[ours] A virtual machine, or a laptop on battery, becomes faster and slower as a whole, between two
measurements as well as within one. So every measurement also times a few reference models, in the
same rounds. The first quiet measurement of a runtime and workload keeps their times, and those
of all that it measured, as the machine's *usual pace*; later ones state their milliseconds at that
pace, and say how far the machine was from it. docs/latency.md, "Pace".
"""

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from bort.core.architecture import Architecture
from bort.core.errors import InvalidDataError, StoreError
from bort.core.files import read_json, write_json_atomically
from bort.core.machine import this_machine
from bort.core.paths import home
from bort.core.serialise import from_json, to_json
from bort.families import family
from bort.latency.protocol import FloatArray
from bort.latency.runtimes import runtime_kind
from bort.latency.workload import Blueprint, Workload

# Evenly spaced in ln ms over the sizes that people deploy. The vocabulary costs no time, so it is
# small.
_SHAPES = (
    (1, 2, 96, 192),
    (4, 4, 96, 384),
    (3, 4, 192, 768),
    (4, 4, 288, 1152),
    (6, 12, 384, 1536),
)
_FIXED = {"vocabulary": 1000, "positions": 512, "types": 2, "labels": 2}
_LARGEST = 2.0  # largest reference, by effective parameters, in units of the largest model


@dataclass(frozen=True, slots=True)
class Pace:
    """The times that some models took.

    Attributes:
        reference_ms: median time in milliseconds by `Blueprint.key`; one or more.
        measured_at: ISO 8601, UTC.
    """

    reference_ms: Mapping[str, float]
    measured_at: str

    def __post_init__(self) -> None:
        if not self.reference_ms or not all(ms > 0 for ms in self.reference_ms.values()):
            raise ValueError(f"expected times above 0, got {dict(self.reference_ms)!r}")

    def change(self, usual: "Pace") -> float:
        """Compute how much slower (above 0) it is than `usual`: the median over common models."""
        now, then = self._beside(usual)
        return float(np.exp(np.median(now - then)) - 1)

    def factors_to(self, usual: "Pace", ms: Sequence[float]) -> FloatArray:
        """Compute factors that convert times at this pace to times at `usual`, shape (n,).

        Small models change by another factor than large ones. So the logarithm of the factor is
        fitted as a line in the logarithm of the time, by least squares over the common models, and
        stays constant beyond them. A line, because the error of each single model is as large as
        the correction.
        """
        now, then = self._beside(usual)
        spread = now - now.mean()
        change = then - now
        steep = float(spread @ change / (spread @ spread)) if np.any(spread) else 0.0
        places = np.clip(np.log(ms), now.min(), now.max()) - now.mean()
        factors: FloatArray = np.exp(change.mean() + steep * places)
        return factors

    def shared_with(self, other: "Pace") -> int:
        """Count the models that were timed in both."""
        return len(self.reference_ms.keys() & other.reference_ms.keys())

    def extended(self, other: "Pace") -> "Pace":
        """Add the models that only `other` has, converted to this pace."""
        missing = [name for name in other.reference_ms if name not in self.reference_ms]
        if not missing:
            return self
        ms = [other.reference_ms[name] for name in missing]
        at_this = (np.array(ms) * other.factors_to(self, ms)).tolist()
        added = dict(zip(missing, at_this, strict=True))
        return Pace({**self.reference_ms, **added}, self.measured_at)

    def _beside(self, usual: "Pace") -> tuple[FloatArray, FloatArray]:
        """Return ln ms of the common models here and in `other`."""
        common = [name for name in self.reference_ms if name in usual.reference_ms]
        now = np.log([self.reference_ms[name] for name in common])
        then = np.log([usual.reference_ms[name] for name in common])
        return now, then


class PaceBook(Protocol):
    """Keeps the usual pace of this machine."""

    def usual(self, runtime: str, workload: Workload) -> Pace | None:
        """Return the pace kept for this runtime and workload on this machine, if there is one."""
        ...

    def keep(self, pace: Pace, runtime: str, workload: Workload) -> None:
        """Keep a pace as the usual one."""
        ...


def references_for(blueprints: Sequence[Blueprint]) -> tuple[Blueprint, ...]:
    """Choose reference models to time together with these blueprints, smallest first.

    They are always BERTs. None is far larger than the largest blueprint.
    """
    bert = family("bert")
    names = ("depth", "heads", "hidden", "intermediate")
    references = [
        Blueprint(bert, Architecture.of(**dict(zip(names, shape, strict=True))), _FIXED)
        for shape in _SHAPES
    ]
    most = _LARGEST * max(
        (blueprint.parameter_count(effective=True) for blueprint in blueprints), default=0
    )
    fitting = [
        reference
        for reference in references[1:]
        if reference.parameter_count(effective=True) <= most
    ]
    return (references[0], *fitting)


class PaceFiles:
    """Keeps paces as small files in the home folder; implements `PaceBook`.

    Other libraries, threads or hardware have their own pace. An unreadable file counts as missing.
    If a pace cannot be written, the measurement continues without it.

    Args:
        is_new: ignore the usual pace, and keep a new one in its place.
    """

    def __init__(self, *, is_new: bool = False) -> None:
        self._is_new = is_new

    def usual(self, runtime: str, workload: Workload) -> Pace | None:
        """Return the pace kept for this runtime and workload on this machine, if there is one."""
        found = None if self._is_new else read_json(_path(runtime, workload))
        try:
            return None if found is None else from_json(Pace, found, what="the usual pace")
        except InvalidDataError:
            return None

    def keep(self, pace: Pace, runtime: str, workload: Workload) -> None:
        """Keep a pace as the usual one."""
        with contextlib.suppress(StoreError):
            write_json_atomically(
                _path(runtime, workload),
                {**to_json(pace), "runtime": runtime, **workload.to_dict()},
            )


def _path(runtime: str, workload: Workload) -> Path:
    machine = this_machine(runtime_kind(runtime).libraries, threads=workload.threads)
    key = json.dumps([machine.digest, runtime, workload.to_dict()], sort_keys=True)
    return home() / "paces" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
