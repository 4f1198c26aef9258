"""Help to choose among the points of an answer: limits, suggestions, exchanges, comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bort.core.size import SizeUnit
from bort.search.arrays import FloatArray, IntArray
from bort.search.choosing import (
    Beaten,
    Difference,
    Options,
    Reason,
    degrees,
    differences,
    exchange,
    meets,
    nearest,
    neighbours,
    rival,
    suggestions,
)
from bort.studies.answers import Point

NORMAL_95 = 1.96
SIZE, LATENCY, ERROR = range(3)  # columns of the options


def decimals(unit: SizeUnit) -> tuple[int, int, int]:
    """Return the digits that pages show: a limit of 0.73 ms is met by what reads 0.73 ms."""
    return (2 if unit is SizeUnit.PARAMETERS else 3), 2, 1


class Limits(NamedTuple):
    """The most that is accepted; None means anything.

    Attributes:
        size: millions of parameters, or MB.
        latency: milliseconds.
        error: percent.
    """

    size: float | None = None
    latency: float | None = None
    error: float | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is any limit."""
        return any(limit is not None for limit in self)


class Move(NamedTuple):
    """Another point, and what changes on the way to it.

    Attributes:
        changes: size, latency, error of the other point minus this one's, in units of `Limits`.
        unit: what size means.
    """

    id: str
    changes: tuple[Difference, ...]
    unit: SizeUnit = SizeUnit.PARAMETERS


class Suggested(NamedTuple):
    """A suggested point and the reasons for it."""

    id: str
    reasons: tuple[Reason, ...]


class Standing(NamedTuple):
    """How surely a point is beaten, and by which one; None if none does."""

    degree: Beaten
    rival: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """All points, and which of them meet the limits.

    Attributes:
        rows: the row of each id in `options`; columns as in `Limits`.
        meeting: the rows that meet the limits.
        nearest: if none does, the point that exceeds them least.
        unit: what size means.
    """

    rows: Mapping[str, int]
    options: Options
    limits: Limits
    meeting: IntArray
    nearest: str | None
    unit: SizeUnit = SizeUnit.PARAMETERS

    @property
    def ids(self) -> tuple[str, ...]:
        """The points' ids, by row."""
        return tuple(self.rows)

    @property
    def outside(self) -> frozenset[str]:
        """The points that do not meet the limits."""
        inside = set(self.meeting.tolist())
        return frozenset(name for name, row in self.rows.items() if row not in inside)

    def suggested(self) -> tuple[Suggested, ...]:
        """Up to three points within the limits, in the order of their first reason."""
        found: dict[str, tuple[Reason, ...]] = {}
        for reason, row in suggestions(self.options, self.meeting):
            name = self.ids[row]
            found[name] = (*found.get(name, ()), reason)
        return tuple(Suggested(*pair) for pair in found.items())

    def exchanges(self, name: str) -> dict[int, Move]:
        """The best exchange for less of each objective, by column; none where none is less."""
        found = {column: self.move(name, better=[column]) for column in (SIZE, LATENCY, ERROR)}
        return {column: move for column, move in found.items() if move is not None}

    def move(self, name: str, *, better: Sequence[int], kept: Sequence[int] = ()) -> Move | None:
        """The point within the limits that gains most in `better` for what it loses elsewhere.

        Args:
            kept: objectives in which it is not worse.
        """
        values = self.options.values
        found = exchange(values, self.rows[name], self._alternatives, better=better, kept=kept)
        return None if found is None else self.compare(name, self.ids[found])

    def neighbours(self, name: str, count: int = 3) -> tuple[Move, ...]:
        """The most similar points of the front; nearest first."""
        near = neighbours(self.options.values, self.rows[name], self.options.front, count)
        return tuple(self.compare(name, self.ids[row]) for row in near)

    def compare(self, name: str, other: str) -> Move:
        """Compare two points: `other` minus `name`."""
        changes = differences(self.options, self.rows[other], self.rows[name])
        return Move(other, changes, self.unit)

    def standing(self, name: str) -> Standing:
        """Whether a point is beaten: clearly, within noise, or not."""
        row = self.rows[name]
        found = rival(self.options, row)
        return Standing(degrees(self.options)[row], None if found is None else self.ids[found])

    @property
    def _alternatives(self) -> IntArray:
        front = self.options.front
        return front[np.isin(front, self.meeting)]


def choose(points: Sequence[Point], limits: Limits, unit: SizeUnit = SizeUnit.PARAMETERS) -> Choice:
    """Sort out which points meet the limits. O(n log n)."""
    options = options_of(points)
    shown = np.column_stack(
        [np.round(options.values[:, k], digits) for k, digits in enumerate(decimals(unit))]
    )
    meeting = np.flatnonzero(meets(shown, limits))
    is_out = limits.is_set and len(points) > 0 and not len(meeting)
    return Choice(
        rows={point.id: row for row, point in enumerate(points)},
        options=options,
        limits=limits,
        meeting=meeting,
        nearest=points[nearest(shown, limits)].id if is_out else None,
        unit=unit,
    )


def options_of(points: Sequence[Point]) -> Options:
    """Sizes in millions or MB, latencies in ms, errors in percent, with their 95 % intervals."""
    table: FloatArray = np.array(
        [
            (
                (p.size / 1e6,) * 3,
                (p.latency_ms, p.latency_low_ms, p.latency_high_ms),
                _percent(p),
            )
            for p in points
        ],
        dtype=np.float64,
    ).reshape(-1, 3, 3)
    return Options(table[:, :, 0], table[:, :, 1], table[:, :, 2])


def _percent(point: Point) -> tuple[float, float, float]:
    half = NORMAL_95 * point.error_se
    error = point.error_rate
    return 100 * error, 100 * max(0.0, error - half), 100 * min(1.0, error + half)
