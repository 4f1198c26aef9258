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
from bort.studies.answers import Point, TablePoint
from bort.studies.answers.rows import Columns

NORMAL_95 = 1.96
SIZE, LATENCY, ERROR = range(3)  # columns of the options

AnyPoint = Point | TablePoint
Unit = SizeUnit | Columns
"""What sizes and latencies are: of a study, or two columns of somebody's table."""


class Limits(NamedTuple):
    """The most that is accepted; None means anything.

    Attributes:
        size: millions of parameters, or MB; of a table, its own unit.
        latency: milliseconds; of a table, its own unit.
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
        unit: what size and latency mean.
    """

    id: str
    changes: tuple[Difference, ...]
    unit: Unit = SizeUnit.PARAMETERS


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
        unit: what size and latency mean.
        beaten: how surely each row is beaten.
    """

    rows: Mapping[str, int]
    options: Options
    limits: Limits
    meeting: IntArray
    nearest: str | None
    beaten: tuple[Beaten, ...]
    unit: Unit = SizeUnit.PARAMETERS

    @property
    def ids(self) -> tuple[str, ...]:
        """The points' ids, by row."""
        return tuple(self.rows)

    @property
    def outside(self) -> frozenset[str]:
        """The points that do not meet the limits."""
        inside = set(self.meeting.tolist())
        return frozenset(name for name, row in self.rows.items() if row not in inside)

    @property
    def within_noise(self) -> frozenset[str]:
        """The points that are beaten, but only within noise."""
        degree = Beaten.WITHIN_NOISE
        return frozenset(name for name, row in self.rows.items() if self.beaten[row] is degree)

    def suggested(self) -> tuple[Suggested, ...]:
        """Up to four points within the limits, in the order of their first reason."""
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
        return Standing(self.beaten[row], None if found is None else self.ids[found])

    @property
    def _alternatives(self) -> IntArray:
        front = self.options.front
        return front[np.isin(front, self.meeting)]


def choose(points: Sequence[AnyPoint], limits: Limits, unit: Unit = SizeUnit.PARAMETERS) -> Choice:
    """Sort out which points meet the limits. O(n log n)."""
    options = options_of(points)
    shown = np.minimum(_as_shown(options.values, unit), options.values)
    meeting = np.flatnonzero(meets(shown, limits))
    is_out = limits.is_set and len(points) > 0 and not len(meeting)
    return Choice(
        rows={point.name: row for row, point in enumerate(points)},
        options=options,
        limits=limits,
        meeting=meeting,
        nearest=points[nearest(shown, limits)].name if is_out else None,
        beaten=degrees(options),
        unit=unit,
    )


def joint_front(points: Mapping[str, Sequence[AnyPoint]]) -> dict[str, int]:
    """Count, for each study, its points that none of all studies beats. O(n log n)."""
    studies = np.array([name for name, found in points.items() for _ in found], dtype=object)
    options = options_of([point for found in points.values() for point in found])
    ahead = studies[options.front].tolist()
    return {name: ahead.count(name) for name in points}


def _as_shown(values: FloatArray, unit: Unit) -> FloatArray:
    """Round as pages do: a limit of 0.073 ms is also met by what reads 0.073 ms."""
    if isinstance(unit, Columns):  # four significant digits
        powers = np.floor(np.log10(np.maximum(np.abs(values), 1e-300)))
        step = 10.0 ** (powers - 3)
        return np.asarray(np.round(values / step) * step)
    size, latency, error = values.T
    size = np.round(size, 2 if unit is SizeUnit.PARAMETERS else 3)
    latency = np.where(latency < 0.1, np.round(latency, 3), np.round(latency, 2))
    return np.column_stack([size, latency, np.round(error, 1)])


def options_of(points: Sequence[AnyPoint]) -> Options:
    """Sizes, latencies and errors in the units of `Limits`, with intervals or bands."""
    table: FloatArray = np.array(
        [(*_costs(point), _percent(point)) for point in points], dtype=np.float64
    ).reshape(-1, 3, 3)
    return Options(table[:, :, 0], table[:, :, 1], table[:, :, 2])


def _costs(point: AnyPoint) -> tuple[tuple[float, ...], ...]:
    if isinstance(point, TablePoint):
        return tuple((cost,) * 3 for cost in point.costs)
    return (point.size / 1e6,) * 3, (point.latency_ms, point.latency_low_ms, point.latency_high_ms)


def _percent(point: AnyPoint) -> tuple[float, float, float]:
    half = NORMAL_95 * (point.error_se or 0.0)
    error = point.error_rate
    return 100 * error, 100 * max(0.0, error - half), 100 * min(1.0, error + half)
