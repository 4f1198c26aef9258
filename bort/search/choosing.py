"""Help to choose among measured options: limits, suggestions, exchanges, and who beats whom.

Every objective is positive and minimised. Gains and losses are ratios, as in an ε-cover, so a
change of unit changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.pareto import is_non_dominated

_DIGITS = 9  # of a logarithm: what differs less is equal, whatever the unit
_OVERALL = 1e-3  # Wierzbicki's ρ: of two equally far from the limits, the better one overall


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """What one can choose from.

    Attributes:
        values: shape (n, d), positive, every column minimised.
        low, high: shape (n, d), the ends of each value's interval; equal to it if it is exact.
    """

    values: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def front(self) -> IntArray:
        """The rows that no other one beats, by value."""
        return np.flatnonzero(is_non_dominated(self.values))


class Difference(NamedTuple):
    """How much more an option has of one objective than another, with the 95% interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves no doubt which of the two is better."""
        return self.low > 0 or self.high < 0


def _apart(options: Options, rows: IntArray, other: int) -> tuple[FloatArray, FloatArray]:
    """The interval of `rows` minus `other`, for each objective: two arrays of shape (m, d).

    Source: Zou & Donner 2008, "Construction of confidence limits about effect measures" (MOVER);
    treats the two values as independent, which is wide if both answered the same dev examples.
    """
    value, low, high = options.values, options.low, options.high
    apart = value[rows] - value[other]
    down = np.hypot(value[rows] - low[rows], high[other] - value[other])
    up = np.hypot(high[rows] - value[rows], value[other] - low[other])
    return apart - down, apart + up


def differences(options: Options, row: int, other: int) -> tuple[Difference, ...]:
    """Compare two rows, objective by objective.

    Examples:
        >>> exact = np.array([[2.0, 5.0], [1.0, 5.5]])
        >>> differences(Options(exact, exact, exact), 0, 1)[0]
        Difference(value=1.0, low=1.0, high=1.0)
    """
    low, high = _apart(options, np.array([row]), other)
    value = options.values[row] - options.values[other]
    return tuple(
        Difference(float(v), float(a), float(b))
        for v, a, b in zip(value, low[0], high[0], strict=True)
    )


class Beaten(StrEnum):
    """How sure it is that another option is at least as good in everything, and better once."""

    NOT = "not"
    WITHIN_NOISE = "within noise"
    CLEARLY = "clearly"


def degrees(options: Options) -> tuple[Beaten, ...]:
    """Say of each row whether a row of the front beats it.

    Clearly: in each objective, the interval of the difference shows it no better than the other
    one. Within noise: only the values say so.
    Cost: O(n · front). Source: ours.
    """
    rows = np.arange(len(options.values))
    front = options.front
    clearly = np.zeros(len(rows), dtype=bool)
    for rival in front:
        clearly |= _is_clearly_beaten(options, rows, int(rival))
    on_front = np.isin(rows, front)
    return tuple(
        Beaten.CLEARLY if sure else Beaten.NOT if on else Beaten.WITHIN_NOISE
        for sure, on in zip(clearly, on_front, strict=True)
    )


def rival(options: Options, row: int) -> int | None:
    """The row of the front that beats `row`: one that does so clearly before others; of these, the
    best overall. None if none does."""
    values, front = options.values, options.front
    beats = (values[front] <= values[row]).all(axis=1) & (values[front] < values[row]).any(axis=1)
    rivals = front[beats]
    if not len(rivals):
        return None
    clearly = [bool(_is_clearly_beaten(options, np.array([row]), int(one))[0]) for one in rivals]
    return int(rivals[np.lexsort((_logs(values)[rivals].sum(axis=1), np.logical_not(clearly)))[0]])


def _is_clearly_beaten(options: Options, rows: IntArray, other: int) -> BoolArray:
    low, _ = _apart(options, rows, other)
    is_worse = (options.values[rows] > options.values[other]).any(axis=1)
    return np.asarray((low >= 0).all(axis=1) & is_worse)


def meets(values: FloatArray, limits: Sequence[float | None]) -> BoolArray:
    """Mark the rows that are at most at every limit; None means no limit."""
    return np.asarray((values <= _ends(limits)).all(axis=1))


def nearest(values: FloatArray, limits: Sequence[float | None]) -> int:
    """Find the row that exceeds the limits least, by its largest ratio to a limit.

    Precondition: there is a row and a limit. With limits as aspirations, this is the reference
    point method.
    Source: Wierzbicki 1980, the achievement scalarising function; ours is in logarithms.

    Examples:
        >>> nearest(np.array([[1.0, 30.0], [2.0, 12.0], [9.0, 11.0]]), (1.5, 10.0))
        1
    """
    ends = _ends(limits)
    asked = np.isfinite(ends)
    over = np.log(values[:, asked] / ends[asked])
    return int(np.argmin(over.max(axis=1) + _OVERALL * _logs(values).sum(axis=1)))


def _ends(limits: Sequence[float | None]) -> FloatArray:
    return np.array([np.inf if limit is None else limit for limit in limits])


class Reason(StrEnum):
    """Why an option is suggested."""

    SMALLEST_AS_GOOD = "smallest as good"
    FASTEST_AS_GOOD = "fastest as good"
    KNEE = "knee"
    MOST_ACCURATE = "most accurate"


def suggestions(options: Options, rows: IntArray) -> tuple[tuple[Reason, int], ...]:
    """Suggest up to four of `rows`; two reasons can name the same row.

    The columns are size, latency and error.

    - the smallest, and the fastest, whose error is not clearly above the lowest one;
    - the knee;
    - the most accurate.
    """
    if not len(rows):
        return ()
    order = rows[np.lexsort(options.values[rows].T)]  # by error, then latency, then size
    best = int(order[0])
    low, _ = _apart(options, rows, best)
    as_good = rows[low[:, -1] <= 0]
    good = options.values[as_good]
    smallest = as_good[np.lexsort(good.T[::-1])][0]
    fastest = as_good[np.lexsort(good[:, [2, 0, 1]].T)][0]
    return (
        (Reason.SMALLEST_AS_GOOD, int(smallest)),
        (Reason.FASTEST_AS_GOOD, int(fastest)),
        (Reason.KNEE, knee(options.values, rows)),
        (Reason.MOST_ACCURATE, best),
    )


def knee(values: FloatArray, rows: IntArray) -> int:
    """Find the row of `rows` where the trade-offs turn.

    Each objective is scaled, in logarithms, from its best to its worst value on the whole front, so
    that a limit moves the knee only if it excludes it. The knee is farthest below the plane on
    which gains and losses are equal.
    Source: Das 1999, "On characterizing the knee of the Pareto curve"; the scaling is ours.

    Examples:
        >>> knee(np.array([[1.0, 40.0], [2.0, 11.0], [30.0, 10.0]]), np.arange(3))
        1
    """
    logs = _logs(values)
    span = np.ptp(logs[is_non_dominated(values)], axis=0)
    scaled = logs[rows] / np.where(span > 0, span, 1.0)
    return int(rows[np.argmin(np.round(scaled.sum(axis=1), _DIGITS))])


def exchange(
    values: FloatArray,
    row: int,
    rows: IntArray,
    *,
    better: Sequence[int],
    kept: Sequence[int] = (),
) -> int | None:
    """Find the row of `rows` that gains most in `better` for what it loses.

    Args:
        better: the objectives in which it has to be better than `row`.
        kept: the objectives in which it must not be worse. All others may be.
    Returns:
        The row with the least loss for each gain, sums of logarithms; of equals, the larger gain.
        None if there is no such row.
    """
    worse = _logs(values)[rows] - _logs(values)[row]  # shape (m, d), above 0 where it loses
    possible = (worse[:, list(better)] < 0).all(axis=1) & (worse[:, list(kept)] <= 0).all(axis=1)
    found, worse = rows[possible], worse[possible]
    if not len(found):
        return None
    gain = -worse[:, list(better)].sum(axis=1)
    loss = np.maximum(worse, 0.0).sum(axis=1)
    rates = np.round(loss / gain, _DIGITS)
    return int(found[np.lexsort((np.round(-gain, _DIGITS), rates))[0]])


def neighbours(values: FloatArray, row: int, rows: IntArray, count: int) -> IntArray:
    """The `count` rows of `rows` nearest to `row`, by the ratios of their values; nearest first."""
    logs = _logs(values)
    others = rows[rows != row]
    span = np.ptp(logs, axis=0)
    scaled = (logs[others] - logs[row]) / np.where(span > 0, span, 1.0)
    order = np.argsort(np.hypot.reduce(scaled, axis=1), kind="stable")
    return np.asarray(others[order][:count])


def _logs(values: FloatArray) -> FloatArray:
    """Logarithms; a value of 0 counts as half of its column's smallest above 0."""
    positive = np.where(values > 0, values, np.inf)
    floor = positive.min(axis=0, initial=np.inf) / 2
    return np.asarray(np.log(np.maximum(values, np.where(np.isfinite(floor), floor, 1.0))))
