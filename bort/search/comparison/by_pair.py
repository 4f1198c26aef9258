"""Compare errors pair by pair, on the examples that both architectures answered.

scipy is imported where it is needed.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.bounds import Envelope
from bort.search.comparison.by_interval import Bounds, ByInterval
from bort.search.comparison.progress import CoverGap
from bort.search.intervals import Population
from bort.search.observation import Observation
from bort.search.problem import SearchProblem

_FIRST_SHARE = 0.9  # of alpha: which of the two is wrong alone; the rest: how often one is alone
_BETS = np.geomspace(0.01, 0.99, 16)  # shares of the capital; a mixture over them costs ln 16
_HALVINGS = 60


class ByPair(ByInterval):
    """The comparison of two errors on the examples that both architectures answered.

    Two networks err on much the same examples, so the ratio of their errors is known much better
    than either error.
    """

    def __init__(self, population: Population) -> None:
        self._population = population

    def log_ratio_bounds(
        self, first: Observation, others: Sequence[Observation]
    ) -> tuple[FloatArray, FloatArray]:
        """Return the smaller of the bounds from the intervals and from the shared examples.

        Every error counts as at least the floor 1/(2n), here too.
        """
        ahead, back = super().log_ratio_bounds(first, others)
        shared = [j for j, other in enumerate(others) if _share_examples(first, other)]
        if not shared:
            return ahead, back
        lower = np.log([others[j].lower for j in shared])
        floor = np.log(0.5 / (first.n or 1))
        pairs = _paired(first, [others[j] for j in shared], self._population.pair_alpha)
        ahead[shared] = np.minimum(ahead[shared], np.maximum(pairs[0], floor - lower))
        back[shared] = np.minimum(back[shared], np.maximum(pairs[1], floor - np.log(first.lower)))
        return ahead, back

    def bounds(
        self, envelope: Envelope, observations: Mapping[int, Observation], *, delta: float | None
    ) -> "PairBounds":
        """Build the bounds of a search; see `Bounds` for the arguments."""
        return PairBounds(envelope, observations, delta=delta, comparison=self)


class PairBounds(Bounds):
    """Bounds on all errors from direct comparisons of pairs."""

    def __init__(
        self,
        envelope: Envelope,
        observations: Mapping[int, Observation],
        *,
        delta: float | None,
        comparison: ByPair,
    ) -> None:
        self._terms = PairTerms(envelope.problem, comparison)
        super().__init__(envelope, observations, delta=delta)

    def best_by_w(self, log_gains: FloatArray, error_weight: float) -> tuple[int, float]:
        """Find the witness with the best certified W, and ln of how much larger any W can be."""
        rows = self.witnesses
        w_gaps = [self._terms.w_gap(i, log_gains, error_weight) for i in rows]
        return rows[int(np.argmin(w_gaps))], min(w_gaps)

    def error_terms(self, rows: IntArray) -> FloatArray:
        """Bound ln e(row) / e(ξ) for each of `rows` and every ξ: shape (N, m)."""
        return np.column_stack([self._terms.term(int(row)) for row in rows])

    def useful_witnesses(self) -> IntArray:
        """Return all, because intervals say nothing about what comparisons certify."""
        return np.array(sorted(self.witnesses))

    @property
    def _uses_evaluations(self) -> bool:
        return True

    def _gap(self) -> "PairGap":
        return PairGap(self._terms)

    def _compare(self, index: int, observation: Observation, own: FloatArray) -> None:
        self._terms.add(index, observation, own)


class PairTerms:
    """The terms t(c,ξ) = min over anchors c' of R(c,c') + o(c',ξ), with R(c,c) = o(c',c') = 0.

    R(c,c') bounds ln e(c)/e(c'), o(c',ξ) bounds ln e(c')/e(ξ); so t bounds ln e(c)/e(ξ). It is
    never above the bound from the intervals alone.
    Memory O(|C| N), cost O(|C| N) per evaluation.
    Source: ours; docs/guarantee.md, "Intervals".
    """

    def __init__(self, problem: SearchProblem, comparison: ByInterval) -> None:
        self._problem = problem
        self._comparison = comparison
        self._observations: dict[int, Observation] = {}
        self._own: dict[int, FloatArray] = {}
        self._terms: dict[int, FloatArray] = {}
        self.near: BoolArray = np.zeros(len(problem), dtype=bool)

    def add(self, index: int, observation: Observation, own: FloatArray) -> None:
        """Add one evaluation; `own` is its own error term to all, shape (N,)."""
        self.near[index] = True  # evaluated: it covers itself, or the claim excludes it
        if not observation.is_witness:
            return
        reach = own.copy()
        reach[index] = 0.0
        known = list(self._observations)
        others = [self._observations[i] for i in known]
        ahead, back = self._comparison.log_ratio_bounds(observation, others)
        mine = reach.copy()
        for other, ratio_ahead, ratio_back in zip(known, ahead, back, strict=True):
            if observation.is_anchor:
                np.minimum(self._terms[other], ratio_back + reach, out=self._terms[other])
            if other in self._own:
                np.minimum(mine, ratio_ahead + self._own[other], out=mine)
        self._observations[index] = observation
        self._terms[index] = mine
        if observation.is_anchor:
            self._own[index] = reach

    def term(self, witness: int) -> FloatArray:
        """Compute t(c,ξ) of one witness: shape (N,)."""
        return self._terms[witness]

    def gaps(self) -> FloatArray:
        """The least δ at which each architecture is certified: shape (N,)."""
        costs = np.log(self._problem.size), np.log(self._problem.latency)
        gap = np.full(len(self._problem), np.inf)
        for witness, term in self._terms.items():
            excess = np.maximum(term, 0.0)
            for cost in costs:
                np.maximum(excess, cost[witness] - cost, out=excess)
            np.minimum(gap, excess, out=gap)
        gap[self.near] = 0.0
        return gap

    def w_gap(self, witness: int, log_gains: FloatArray, error_weight: float) -> float:
        """Bound ln of any W over W(c): max over ξ of ln G(ξ)/G(c) + w_e t(c,ξ).

        Architectures without gain, or excluded from the claim, cannot win.
        """
        possible = log_gains > -np.inf
        for index in np.flatnonzero(self.near):
            possible[index] &= int(index) in self._terms
        if not possible.any():
            return 0.0
        values = log_gains[possible]
        if error_weight:
            values = values + error_weight * self._terms[witness][possible]
        return max(0.0, float(values.max() - log_gains[witness]))


class PairGap(CoverGap):
    """The gap of a cover when pairs are compared."""

    def __init__(self, terms: PairTerms) -> None:
        self._terms = terms

    def add(self, index: int, observation: Observation, own: FloatArray, rose: BoolArray) -> None:
        """Do nothing, because the pair terms add the same evaluation."""

    def largest(self) -> float:
        """The least δ at which all are certified."""
        return float(self._terms.gaps().max())

    def also_certified(self, delta: float) -> BoolArray:
        """Mark what pairs certify at δ, even if intervals do not: shape (N,)."""
        return np.asarray(self._terms.gaps() <= delta)


def log_ratio_bound(
    both: IntArray, first_alone: IntArray, second_alone: IntArray, *, alpha: float
) -> FloatArray:
    """Bound ln (first error / second error) of pairs of networks from above.

    Take the m examples that at least one network gets wrong. The number that only one gets wrong
    is binomial with a share ρ; of these, the number that the first gets wrong is binomial with a
    share π. The ratio is (1 - (1-π)ρ) / (1 - πρ). It rises in π; in ρ it rises if π > 1/2 and
    falls otherwise. Both shares are bounded exactly, π at 0.9 alpha, each end of ρ at 0.05 alpha.

    Args:
        both, first_alone, second_alone: shape (m,), numbers of examples that both, only the
            first, only the second get wrong.
        alpha: the largest probability that one bound fails.
        Returns:
        Shape (m,); inf where nothing bounds the ratio.
    Source: ours, from Clopper & Pearson 1934; docs/guarantee.md, "Intervals".

    Examples:
        >>> counts = (np.array([120]), np.array([10]), np.array([20]))
        >>> np.exp(log_ratio_bound(*counts, alpha=0.05)).round(3).tolist()
        [1.003]
    """
    alone = first_alone + second_alone
    pi = _upper_share(first_alone, alone, _FIRST_SHARE * alpha)
    rest = (1 - _FIRST_SHARE) / 2 * alpha  # for each end, because the data decide which one is used
    most = _upper_share(alone, alone + both, rest)
    least = 1 - _upper_share(both, alone + both, rest)
    rho = np.where(pi > 0.5, most, least)
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = np.log1p(-(1 - pi) * rho) - np.log1p(-pi * rho)
    return np.where(np.isnan(bound), np.inf, bound)


def _upper_share(hits: IntArray, tries: IntArray, alpha: float) -> FloatArray:
    from scipy.stats import beta

    inside = hits < tries
    bound = beta.isf(alpha, hits + 1, np.where(inside, tries - hits, 1))
    return np.where(inside, bound, 1.0)


def log_ratio_bound_of_means(
    counts: IntArray, first: FloatArray, second: FloatArray, *, alpha: float
) -> float:
    """Bound ln (first mean / second mean) from above, for two values in 0..1 per example.

    With several seeds an example's value is the share of trainings that get it wrong. If the
    ratio were r or more, a bet of a share b of one's capital on r·second > first would lose on
    average; so would a mixture of bets, and the product over all examples exceeds 1/alpha with
    probability at most alpha (Markov). The bound is the smallest r that is refuted.

    Args:
        counts: shape (k,), numbers of examples with each pair of values.
        first, second: shape (k,), the pairs of values.
    Source: ours, after Waudby-Smith & Ramdas 2024 (betting).
    """

    def is_refuted(ratio: float) -> bool:
        gains = (ratio * second - first)[:, None] * _BETS
        capital = counts @ np.log1p(np.maximum(gains, -1 + 1e-12))
        return bool(np.logaddexp.reduce(capital) - np.log(len(_BETS)) >= -np.log(alpha))

    low, high = -20.0, 20.0
    if not is_refuted(float(np.exp(high))):
        return np.inf
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_refuted(float(np.exp(middle))) else (middle, high)
    return high


def _paired(
    first: Observation, others: Sequence[Observation], alpha: float
) -> tuple[FloatArray, FloatArray]:
    mine = _wrong(first)
    if len(mine) > 1:
        rows = [
            _kept_bounds(first.wrong_items, other.wrong_items, first.n, alpha) for other in others
        ]
        return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    theirs = np.stack([_wrong(other)[0] for other in others])
    both = (theirs & mine[0]).sum(axis=1)
    my_own, their_own = mine[0].sum() - both, theirs.sum(axis=1) - both
    return (
        log_ratio_bound(both, my_own, their_own, alpha=alpha),
        log_ratio_bound(both, their_own, my_own, alpha=alpha),
    )


@lru_cache(maxsize=1 << 18)
def _kept_bounds(
    mine: tuple[bytes, ...], theirs: tuple[bytes, ...], n: int | None, alpha: float
) -> tuple[float, float]:
    """Compute the bounds of a pair once: they depend on no λ, no epsilon and no weights."""
    return _bounds_of_means(_unpacked(mine, n), _unpacked(theirs, n), alpha)


def _bounds_of_means(mine: BoolArray, theirs: BoolArray, alpha: float) -> tuple[float, float]:
    seeds = len(mine)
    codes = mine.sum(axis=0) * (seeds + 1) + theirs.sum(axis=0)
    found, counts = np.unique(codes, return_counts=True)
    first, second = found // (seeds + 1) / seeds, found % (seeds + 1) / seeds
    return (
        log_ratio_bound_of_means(counts, first, second, alpha=alpha),
        log_ratio_bound_of_means(counts, second, first, alpha=alpha),
    )


def _share_examples(first: Observation, other: Observation) -> bool:
    same = first.n == other.n and len(first.wrong_items) == len(other.wrong_items)
    return same and bool(first.wrong_items)


def _wrong(observation: Observation) -> BoolArray:
    """Mark the examples that each seed gets wrong, shape (seeds, n)."""
    return _unpacked(observation.wrong_items, observation.n)


def _unpacked(wrong_items: Sequence[bytes], n: int | None) -> BoolArray:
    rows = [np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=n) for bits in wrong_items]
    return np.asarray(rows, dtype=bool)
