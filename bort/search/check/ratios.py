"""Intervals of errors and bounds on their ratios, from the definitions in docs/guarantee.md.

Written again for `verify`: it shares no code with the search.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bort.search.arrays import BoolArray, FloatArray
from bort.search.observation import Observation

_PAIRED_AT_MOST = 20_000  # architectures
_SMALLEST = 1e-6  # lower end of an interval if the number of examples is unknown
_ALONE = 0.9  # of alpha, for the share of examples that only the first gets wrong
_BETS = 0.01 * 99 ** (np.arange(16) / 15)  # a geometric sequence from 0.01 to 0.99
_WIDEST = 20.0  # of the ln of a ratio of means
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Levels:
    """The error probabilities of a claim about the population.

    Attributes:
        interval: of one two-sided interval.
        pair: of the comparison of an ordered pair; None if only intervals are compared.
    """

    interval: float
    pair: float | None

    @classmethod
    def of(cls, confidence: float, count: int, choices: int, *, is_paired: bool) -> "Levels":
        """Share 1 - confidence among all networks and, if pairs are compared, all pairs."""
        alpha = 1 - confidence
        if not (is_paired and 1 < count <= _PAIRED_AT_MOST):
            return cls(alpha / (count * choices), None)
        pairs = count * (count - 1) * choices**2
        return cls(alpha / 2 / (count * choices), alpha / 2 / pairs)


def interval(
    error: float, n: int | None, trainings: int, standard_error: float | None, alpha: float
) -> tuple[float, float]:
    """Compute the interval of an error, as measured, of one architecture."""
    from scipy.special import betaincinv
    from scipy.stats import norm

    if n is None:
        reach = -float(norm.ppf(alpha / 2)) * (standard_error or 0.0)
        low, high = error - reach, min(error + reach, 1.0)
    elif trainings == 1:
        wrong = round(error * n)
        low = float(betaincinv(wrong, n - wrong + 1, alpha / 2)) if wrong else 0.0
        high = float(1 - betaincinv(n - wrong, wrong + 1, alpha / 2)) if wrong < n else 1.0
    else:
        limit = np.log(2 / alpha) / n
        low = _crossing(lambda q: -_divergence(error, q), 0.0, error, -limit)
        high = _crossing(lambda q: _divergence(error, q), error, 1.0, limit)
    floor = 0.5 / n if n else _SMALLEST
    own = max(error, _SMALLEST, floor)
    return min(own, max(low, floor)), max(own, high)


def _divergence(p: float, q: float) -> float:
    """Compute KL(p, q) of two shares."""
    total = 0.0
    for a, b in ((p, q), (1 - p, 1 - q)):
        if a > 0:
            total += np.inf if b <= 0 else a * float(np.log(a / b))
    return total


def _crossing(rising: Callable[[float], float], low: float, high: float, limit: float) -> float:
    """Find where a rising function reaches `limit`, by halving; the ends if it does not."""
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < limit else (low, middle)
    return (low + high) / 2


class Ratios:
    """Upper bounds on ln of one error / another, each computed once."""

    def __init__(self, levels: Levels | None) -> None:
        self._alpha = None if levels is None else levels.pair
        self._wrong: dict[tuple[bytes, ...], BoolArray] = {}

    def row(self, first: Observation, others: list[Observation]) -> tuple[FloatArray, FloatArray]:
        """Bound ln first/other and ln other/first: two arrays of shape (m,)."""
        lower = np.array([np.log(o.lower) for o in others])
        upper = np.array([np.log(o.upper) for o in others])
        ahead = np.log(first.upper) - lower
        back = upper - np.log(first.lower)
        alike = [j for j, o in enumerate(others) if self._alpha and _are_alike(first, o)]
        if not alike or self._alpha is None:
            return ahead, back
        floor = np.log(0.5 / (first.n or 1))
        mine = self._items(first)
        theirs = [self._items(others[j]) for j in alike]
        there, again = _paired(mine, theirs, self._alpha)
        ahead[alike] = np.minimum(ahead[alike], np.maximum(there, floor - lower[alike]))
        back[alike] = np.minimum(back[alike], np.maximum(again, floor - np.log(first.lower)))
        return ahead, back

    def matrix(self, seen: list[Observation]) -> FloatArray | None:
        """Bound ln of row's error / column's, shape (m, m); None if only intervals count."""
        if self._alpha is None:
            return None
        ratios = np.zeros((len(seen), len(seen)))
        for row in range(1, len(seen)):
            ratios[row, :row], ratios[:row, row] = self.row(seen[row], seen[:row])
        return ratios

    def _items(self, seen: Observation) -> BoolArray:
        """Mark the examples that each seed gets wrong, shape (seeds, n)."""
        key = seen.wrong_items
        if key not in self._wrong:
            bits = [np.frombuffer(items, dtype=np.uint8) for items in key]
            self._wrong[key] = np.array([np.unpackbits(b, count=seen.n) for b in bits], dtype=bool)
        return self._wrong[key]


def _are_alike(a: Observation, b: Observation) -> bool:
    """Whether two networks, with equally many seeds, answered the same examples."""
    return bool(a.wrong_items) and a.n == b.n and len(a.wrong_items) == len(b.wrong_items)


def _paired(
    mine: BoolArray, theirs: list[BoolArray], alpha: float
) -> tuple[FloatArray, FloatArray]:
    if len(mine) == 1:
        both = np.array([int((mine[0] & t[0]).sum()) for t in theirs])
        first = int(mine[0].sum()) - both
        second = np.array([int(t[0].sum()) for t in theirs]) - both
        return _ratio(both, first, second, alpha), _ratio(both, second, first, alpha)
    shares = [(mine.mean(axis=0), t.mean(axis=0)) for t in theirs]
    return (
        np.array([_ratio_of_means(a, b, alpha) for a, b in shares]),
        np.array([_ratio_of_means(b, a, alpha) for a, b in shares]),
    )


def _ratio(both: FloatArray, first: FloatArray, second: FloatArray, alpha: float) -> FloatArray:
    """Bound ln of a ratio of two networks' errors, from the examples that either gets wrong."""
    alone = first + second
    share = _upper(first, alone, _ALONE * alpha)
    rest = (1 - _ALONE) / 2 * alpha
    apart = np.where(
        share > 0.5, _upper(alone, alone + both, rest), 1 - _upper(both, alone + both, rest)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = np.log1p(-(1 - share) * apart) - np.log1p(-share * apart)
    return np.asarray(np.where(np.isnan(bound), np.inf, bound))


def _upper(hits: FloatArray, tries: FloatArray, alpha: float) -> FloatArray:
    """Bound a share from above: Clopper & Pearson 1934, one-sided."""
    from scipy.special import betainccinv

    missed = np.maximum(tries - hits, 1)
    return np.asarray(np.where(hits < tries, betainccinv(hits + 1, missed, alpha), 1.0))


def _ratio_of_means(first: FloatArray, second: FloatArray, alpha: float) -> float:
    """Bound ln of a ratio of two means by betting against every larger ratio."""
    pairs, counts = np.unique(np.column_stack([first, second]), axis=0, return_counts=True)

    def evidence(log_ratio: float) -> float:
        gains = np.exp(log_ratio) * pairs[:, 1] - pairs[:, 0]
        capital = counts @ np.log1p(np.maximum(np.outer(gains, _BETS), -1 + 1e-12))
        return float(np.logaddexp.reduce(capital) - np.log(len(_BETS)))

    needed = -np.log(alpha)
    if evidence(_WIDEST) < needed:
        return np.inf
    low, high = -_WIDEST, _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if evidence(middle) >= needed else (middle, high)
    return high
