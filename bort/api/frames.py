"""Answers as data frames, and one architecture as a value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bort.core.errors import InvalidOptionError
from bort.figures import Objective
from bort.report.html import card
from bort.report.ledger import words
from bort.search.facts import Fact
from bort.studies.answers import Point, StudyAnswer, latency_of


@dataclass(frozen=True, slots=True)
class ArchitecturePoint:
    """One trained architecture of a search.

    Attributes:
        id: values joined by dashes, as `bort finetune --pick` takes it.
        architecture: size by dimension.
        parameter_count: exact, with embeddings.
        latency_ms: measured if `is_measured`, otherwise predicted, per forward pass; with
            `text_to_label`, from text to label.
        error_rate: share of wrong dev examples after the short training of the search.
        error_se: its standard error.
        w: W-coefficient under the search's weights.
    """

    id: str
    architecture: Mapping[str, int]
    parameter_count: int
    latency_ms: float
    is_measured: bool
    error_rate: float
    error_se: float
    w: float

    @classmethod
    def of(cls, point: Point) -> "ArchitecturePoint":
        """Make one of a study's point."""
        return cls(
            point.id,
            dict(point.architecture),
            point.parameter_count,
            latency_of(point),
            point.latency_measured is not None,
            point.error_rate,
            point.error_se,
            point.w,
        )

    def _repr_html_(self) -> str:
        origin = "measured" if self.is_measured else "predicted"
        facts = {
            **self.architecture,
            "parameters": self.parameter_count,
            f"latency, {origin}": f"{self.latency_ms:.3g} ms",
            "error": f"{100 * self.error_rate:.1f}% ± {100 * self.error_se:.1f}",
            "W": self.w,
        }
        return card(self.id, facts=facts)


def objective(known: Sequence[Objective], name: str) -> Objective:
    """Find an objective by its name.

    Raises:
        InvalidOptionError: there is none of that name.
    """
    for one in known:
        if one.name == name:
            return one
    raise InvalidOptionError(
        f"there is no objective {name!r}; choose from {', '.join(one.name for one in known)}"
    )


def points_frame(points: Iterable[Point]) -> pd.DataFrame:
    """Make a frame of trained architectures, with their ids as its index."""
    rows = [
        {
            "architecture": point.id,
            **point.architecture,
            "parameter_count": point.parameter_count,
            "latency_ms": latency_of(point),
            "latency_low_ms": point.latency_low_ms,
            "latency_high_ms": point.latency_high_ms,
            "error_rate": point.error_rate,
            "error_se": point.error_se,
            "macro_f1": point.macro_f1,
            "seeds": point.seeds,
            "w": point.w,
            "is_on_front": point.is_on_front,
            "is_in_cover": point.is_in_cover,
        }
        for point in points
    ]
    return pd.DataFrame(rows).set_index("architecture") if rows else pd.DataFrame()


def ledger_frame(ledger: Iterable[Fact]) -> pd.DataFrame:
    """Make a frame of the assumptions behind a claim: what, status, evidence."""
    rows = [{**words(fact)._asdict(), "status": str(fact.status)} for fact in ledger]
    return pd.DataFrame(rows)


def front_rows(answer: StudyAnswer) -> Sequence[Mapping[str, Any]]:
    """Make the rows of the front for a card, by size."""
    return [
        {
            "architecture": point.id,
            "parameters": point.parameter_count,
            "latency ms": latency_of(point),
            "error %": 100 * point.error_rate,
            "W": point.w,
            "in the cover": point.is_in_cover,
        }
        for point in answer.front
    ]
