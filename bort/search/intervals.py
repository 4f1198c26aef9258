"""From stored evaluations to observations: point values, or intervals for the population.

scipy is imported where it is needed: a page that shows this dev set's errors never loads it.
"""

from collections.abc import Sequence

import numpy as np

from bort.evaluation import Evaluation
from bort.search.observation import Observation, floor_error

_SMALLEST_ERROR = 1e-6  # lower end of an interval where the number of examples is not known


def observation_of(
    evaluations: Sequence[Evaluation], *, confidence: float | None = None, comparisons: int = 1
) -> Observation:
    """One architecture's observation: the mean over its trainings that did not diverge.

    Args:
        evaluations: of the same architecture, on the same dev set, differing in the seed.
        confidence: None for the claim about this dev set, as trained; else the intervals hold
            at this confidence for `comparisons` architectures at once (Bonferroni).
        comparisons: the number of architectures in the space: whichever ones the search picks,
            all their intervals hold together.
    Returns:
        `Observation.excluded()` where every training diverged.
    """
    used = [e for e in evaluations if not e.diverged]
    if not used:
        return Observation.excluded()
    n = min(e.n for e in used) or None
    error = float(np.mean([e.error_rate for e in used]))
    floored = floor_error(error, n)
    lower = upper = floored
    if confidence is not None:
        alpha = (1 - confidence) / comparisons
        low, high = _interval(used, error, n, alpha)
        least = floor_error(max(low, _SMALLEST_ERROR), n)
        lower, upper = min(floored, least), max(floored, high)
    return Observation(floored, lower, upper, n=n, is_floored=floored > error)


def _interval(
    used: Sequence[Evaluation], error: float, n: int | None, alpha: float
) -> tuple[float, float]:
    if n is None:
        from scipy.stats import norm

        reach = norm.isf(alpha / 2) * max(e.error_se for e in used) / np.sqrt(len(used))
        return max(error - reach, 0.0), min(error + reach, 1.0)
    if len(used) == 1:
        return binomial_interval(round(error * n), n, alpha=alpha)
    return bounded_mean_interval(error, n, alpha=alpha)


def binomial_interval(wrong: int, n: int, *, alpha: float) -> tuple[float, float]:
    """The exact two-sided interval of a share, at confidence 1 - alpha.

    Source: Clopper & Pearson 1934.

    Examples:
        >>> [round(x, 4) for x in binomial_interval(0, 10, alpha=0.05)]
        [0.0, 0.3085]
    """
    from scipy.stats import beta

    low = beta.ppf(alpha / 2, wrong, n - wrong + 1) if wrong else 0.0
    high = beta.isf(alpha / 2, wrong + 1, n - wrong) if wrong < n else 1.0
    return float(low), float(high)


def bounded_mean_interval(mean: float, n: int, *, alpha: float) -> tuple[float, float]:
    """An interval for the mean of n independent values in 0..1 that need not be 0 or 1.

    With several seeds an item's value is the share of trainings that get it wrong. Holds for
    every n: n KL(mean, q) <= ln(2/alpha).
    Source: Hoeffding 1963, theorem 1.
    """
    from scipy.optimize import brentq
    from scipy.special import rel_entr

    def excess(q: float) -> float:
        divergence = rel_entr(mean, q) + rel_entr(1 - mean, 1 - q)
        return float(n * divergence - np.log(2 / alpha))

    tiny = 1e-12
    low = brentq(excess, tiny, mean) if mean > tiny and excess(tiny) > 0 else 0.0
    high = brentq(excess, mean, 1 - tiny) if mean < 1 - tiny and excess(1 - tiny) > 0 else 1.0
    return float(low), float(high)


def nugget_from_seeds(repeats: Sequence[Sequence[float]], *, confidence: float = 0.95) -> float:
    """τ: what the seeds of two trainings add to a difference of ln e, at most, at `confidence`.

    Pools the variance of ln e over architectures that were trained with two seeds or more, and
    takes the normal quantile of a difference. 0 where nothing was repeated.

    Args:
        repeats: errors (> 0) of one architecture under different seeds, per architecture.
    """
    logs = [np.log(np.asarray(errors, dtype=float)) for errors in repeats if len(errors) > 1]
    if not logs:
        return 0.0
    from scipy.stats import norm

    squares = sum(float(((x - x.mean()) ** 2).sum()) for x in logs)
    deviation = np.sqrt(squares / sum(len(x) - 1 for x in logs))
    return float(norm.ppf(0.5 + confidence / 2) * np.sqrt(2) * deviation)
