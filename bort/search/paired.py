"""How much more wrong one architecture can be than another, from the examples that both answered.

Two networks err on much the same examples, so the ratio of their errors is known far better than
either error. scipy is imported where it is needed.
"""

from collections.abc import Sequence

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.observation import Observation
from bort.search.population import Population

_FIRST_SHARE = 0.9  # of alpha: who of the two is wrong alone; the rest: how often one is alone
_BETS = np.geomspace(0.01, 0.99, 16)  # of the capital; a mixture over them costs ln 16
_HALVINGS = 60


def log_ratio_bound(
    both: IntArray, first_alone: IntArray, second_alone: IntArray, *, alpha: float
) -> FloatArray:
    """Upper bounds on ln (first error / second error) of pairs of networks.

    Among the m examples that at least one gets wrong the number that only one does is binomial,
    with a share ρ; among these the first's is binomial too, with a share π. The ratio is
    (1 - (1-π)ρ) / (1 - πρ): it rises in π, and in ρ where π > 1/2, else falls. Both shares are
    bounded exactly, π at 0.9 alpha, each end of ρ at 0.05 alpha.

    Args:
        both, first_alone, second_alone: shape (m,), numbers of examples that both, only the
            first, only the second get wrong.
        alpha: probability that one bound fails, at most.
    Returns:
        Shape (m,); inf where nothing bounds the ratio.
    Source: ours, from Clopper & Pearson 1934; docs/search.md, "Intervals".

    Examples:
        >>> counts = (np.array([120]), np.array([10]), np.array([20]))
        >>> np.exp(log_ratio_bound(*counts, alpha=0.05)).round(3).tolist()
        [1.003]
    """
    alone = first_alone + second_alone
    pi = _upper_share(first_alone, alone, _FIRST_SHARE * alpha)
    rest = (1 - _FIRST_SHARE) / 2 * alpha  # for each end: which one is used, the data decide
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
    """An upper bound on ln (first mean / second mean) of two values in 0..1 per example.

    With several seeds an example's value is the share of trainings that get it wrong. If the
    ratio were r or more, a bet of a share b of one's capital on r·second > first would lose on
    average; so would a mixture of bets, and the product over all examples exceeds 1/alpha with
    probability alpha at most (Markov). The bound is the least r that is refuted.

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


def log_ratio_bounds(
    first: Observation, others: Sequence[Observation], population: Population | None
) -> tuple[FloatArray, FloatArray]:
    """Upper bounds on ln (first error / other error) and on ln (other error / first error).

    The smaller of what the intervals say and, for a population whose pairs are compared, of what
    the shared examples say. An error counts as at least the floor 1/(2n), so a ratio does too.

    Returns:
        Two arrays of shape (m,).
    """
    lower, upper = (np.log([getattr(o, end) for o in others]) for end in ("lower", "upper"))
    ahead, back = np.log(first.upper) - lower, upper - np.log(first.lower)
    shared = [j for j, other in enumerate(others) if _share_examples(first, other)]
    if population is None or not population.compares_pairs or not shared:
        return ahead, back
    floor = np.log(0.5 / (first.n or 1))
    pairs = _paired(first, [others[j] for j in shared], population.pair_alpha)
    ahead[shared] = np.minimum(ahead[shared], np.maximum(pairs[0], floor - lower[shared]))
    back[shared] = np.minimum(back[shared], np.maximum(pairs[1], floor - np.log(first.lower)))
    return ahead, back


def _paired(
    first: Observation, others: Sequence[Observation], alpha: float
) -> tuple[FloatArray, FloatArray]:
    mine = _wrong(first)
    if len(mine) > 1:
        rows = [_bounds_of_means(mine, _wrong(other), alpha) for other in others]
        return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    theirs = np.stack([_wrong(other)[0] for other in others])
    both = (theirs & mine[0]).sum(axis=1)
    my_own, their_own = mine[0].sum() - both, theirs.sum(axis=1) - both
    return (
        log_ratio_bound(both, my_own, their_own, alpha=alpha),
        log_ratio_bound(both, their_own, my_own, alpha=alpha),
    )


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
    """Shape (seeds, n)."""
    rows = [
        np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=observation.n)
        for bits in observation.wrong_items
    ]
    return np.asarray(rows, dtype=bool)
