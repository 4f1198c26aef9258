"""How fast this machine is now, beside how fast it was when it was measured first.

[ours] A virtual machine, or a laptop on battery, becomes faster and slower as a whole, between two
measurements as well as within one. So every measurement times a few reference models besides, in
the same rounds. The first quiet measurement of a runtime and workload keeps their times, and those
of all that it measured, as the machine's *usual pace*; later ones state their milliseconds at that
pace, and say by how much the machine was off it. docs/latency.md, "Pace".

Pure: who keeps the usual pace is another module's business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from bort.core.architecture import Architecture
from bort.families import family
from bort.latency.protocol import FloatArray
from bort.latency.workload import Candidate, Workload

# Evenly spaced in ln ms over what people deploy; what words they know costs no time, so few.
_SHAPES = (
    (1, 2, 96, 192),
    (4, 4, 96, 384),
    (3, 4, 192, 768),
    (4, 4, 288, 1152),
    (6, 12, 384, 1536),
)
_FIXED = {"vocabulary": 1000, "positions": 512, "types": 2, "labels": 2}
_LARGEST = 2.0  # references at most, by effective parameters, in units of the largest candidate


@dataclass(frozen=True, slots=True)
class Pace:
    """What models took.

    Attributes:
        reference_ms: median time in milliseconds by `Candidate.key`; one or more.
        measured_at: ISO 8601, UTC.
    """

    reference_ms: Mapping[str, float]
    measured_at: str

    def __post_init__(self) -> None:
        if not self.reference_ms or not all(ms > 0 for ms in self.reference_ms.values()):
            raise ValueError(f"expected times above 0, got {dict(self.reference_ms)!r}")

    def change(self, usual: "Pace") -> float:
        """How much slower (above 0) than `usual`: a share, median over the common models."""
        now, then = self._beside(usual)
        return float(np.exp(np.median(now - then)) - 1)

    def factors_to(self, usual: "Pace", ms: Sequence[float]) -> FloatArray:
        """What times measured at this pace must be multiplied by to be at `usual`, shape (n,).

        Small models change by another factor than large ones. The logarithm of the factor is a
        line in that of the time, least squares over the common models, and stays beyond them. A
        line, because each single model was measured with an error as large as what is corrected.
        """
        now, then = self._beside(usual)
        spread = now - now.mean()
        change = then - now
        steep = float(spread @ change / (spread @ spread)) if np.any(spread) else 0.0
        places = np.clip(np.log(ms), now.min(), now.max()) - now.mean()
        factors: FloatArray = np.exp(change.mean() + steep * places)
        return factors

    def shared_with(self, other: "Pace") -> int:
        """How many models the two have in common."""
        return len(self.reference_ms.keys() & other.reference_ms.keys())

    def extended(self, other: "Pace") -> "Pace":
        """With the models that only `other` has, as they would be at this pace."""
        missing = [name for name in other.reference_ms if name not in self.reference_ms]
        if not missing:
            return self
        ms = [other.reference_ms[name] for name in missing]
        at_this = (np.array(ms) * other.factors_to(self, ms)).tolist()
        added = dict(zip(missing, at_this, strict=True))
        return Pace({**self.reference_ms, **added}, self.measured_at)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"reference_ms": dict(self.reference_ms), "measured_at": self.measured_at}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Pace":
        """Inverse of `to_dict`.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: it is none.
        """
        found = {str(name): float(ms) for name, ms in values["reference_ms"].items()}
        return cls(found, str(values["measured_at"]))

    def _beside(self, usual: "Pace") -> tuple[FloatArray, FloatArray]:
        """ln ms of the common models here and there."""
        common = [name for name in self.reference_ms if name in usual.reference_ms]
        now = np.log([self.reference_ms[name] for name in common])
        then = np.log([usual.reference_ms[name] for name in common])
        return now, then


class PaceBook(Protocol):
    """Keeps the usual pace of this machine."""

    def usual(self, runtime: str, workload: Workload) -> Pace | None:
        """The pace kept for this runtime and workload on this machine, if there is one."""
        ...

    def keep(self, pace: Pace, runtime: str, workload: Workload) -> None:
        """Keep a pace as the usual one."""
        ...


def references_beside(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The reference models worth timing beside these candidates, the smallest first.

    They are BERTs, whatever the candidates are; none is far larger than the largest of them.
    """
    bert = family("bert")
    names = ("depth", "heads", "hidden", "intermediate")
    references = [
        Candidate(bert, Architecture.of(**dict(zip(names, shape, strict=True))), _FIXED)
        for shape in _SHAPES
    ]
    most = _LARGEST * max((_effective(candidate) for candidate in candidates), default=0.0)
    fitting = [reference for reference in references[1:] if _effective(reference) <= most]
    return (references[0], *fitting)


def _effective(candidate: Candidate) -> float:
    columns = {k: np.array([v]) for k, v in candidate.architecture.as_dict().items()}
    fixed = {**candidate.family.defaults, **candidate.fixed}
    return float(candidate.family.effective_parameter_count(columns, fixed)[0])
