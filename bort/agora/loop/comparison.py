"""Differences between ways of training, with intervals: paired over seeds and over items.

[ours] Every way is tried with the same seeds and judged on the same audit items. An interval that
only looked at seeds would forget that other items could have been drawn, and the other way round:
so both are drawn again (a two-level bootstrap), and the same draws serve both sides.
"""

from dataclasses import dataclass

import numpy as np

from bort.agora.loop.values import BoolArray, FloatArray

DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95% interval."""

    value: float
    low: float
    high: float


def error_difference(
    first: BoolArray, second: BoolArray, rng: np.random.Generator, *, draws: int = DRAWS
) -> Interval:
    """How much more often `second` is wrong than `first`.

    Args:
        first, second: shape (seeds, items), where each seed's student is wrong; same seeds, same
            items, in the same order.
        draws: bootstrap draws.
    Returns:
        Mean difference of the error rates: below 0 `second` is better.
    """
    _check(first, second)
    by_draw = _drawn([first, second], rng, draws)
    return _interval(float(second.mean() - first.mean()), by_draw[1] - by_draw[0])


def gap_closed(
    plain: BoolArray,
    better: BoolArray,
    teacher: BoolArray,
    rng: np.random.Generator,
    *,
    draws: int = DRAWS,
) -> Interval:
    """Share of the way from a plain student's error to its teacher's that `better` has gone.

    Args:
        plain, better: shape (seeds, items).
        teacher: shape (1, items) or (seeds, items).
    Returns:
        1 where `better` errs as the teacher does; not a number where the teacher is no better
        than the plain student.
    """
    _check(plain, better)
    whole = np.broadcast_to(teacher, plain.shape)
    errors = _drawn([plain, better, whole], rng, draws)
    means = [part.mean() for part in (plain, better, whole)]
    shares = _share(*(np.asarray([mean]) for mean in means)), _share(*errors)
    return _interval(float(shares[0][0]), shares[1])


def _share(plain: FloatArray, better: FloatArray, teacher: FloatArray) -> FloatArray:
    way = plain - teacher
    share: FloatArray = np.divide(
        plain - better, way, out=np.full(way.shape, np.nan), where=way > 0
    )
    return share


def _drawn(sides: list[BoolArray], rng: np.random.Generator, draws: int) -> list[FloatArray]:
    """The error rate of each side in every draw, shape (draws,) each."""
    seeds, items = sides[0].shape
    weights = rng.multinomial(items, np.full(items, 1 / items), size=draws) / items
    chosen = rng.integers(0, seeds, size=(draws, seeds))
    places = np.arange(draws)[:, None]
    return [(side @ weights.T).T[places, chosen].mean(axis=1) for side in sides]


def _interval(value: float, draws: FloatArray) -> Interval:
    known = draws[np.isfinite(draws)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Interval(value, float(low), float(high))


def _check(first: BoolArray, second: BoolArray) -> None:
    if first.shape != second.shape or first.ndim != 2 or not first.size:
        raise ValueError(
            f"both sides need the same seeds and items, got {first.shape} and {second.shape}"
        )
