"""Turn stored evaluations into observations: measured values, or intervals for the population.

scipy is imported where it is needed: a page that shows this dev set's errors never loads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bort.core.errors import InvalidOptionError
from bort.core.evaluation import Evaluation
from bort.search.observation import Observation, floor_error

PAIRED_AT_MOST = 20_000  # architectures; every pair of trained ones keeps a row of this length
_SMALLEST_ERROR = 1e-6  # lower end of an interval if the number of examples is unknown
_NUGGET_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Population:
    """A claim about the population; its intervals all hold together with probability `confidence`.

    The search decides what to train from what it has seen, so the error probability is divided
    among all networks that could have represented any architecture (Bonferroni). Half of it goes
    to the intervals of single architectures, half to the comparisons of pairs.

    Attributes:
        confidence: 0..1.
        architectures: N, the size of the space.
        choices: networks that could have represented one architecture: those of all learning
            rates and retries, to the power of the number of seeds.
        is_paired: the architectures answer the same examples, and we know which each got wrong.

    Source: ours; docs/guarantee.md, "Intervals".
    """

    confidence: float
    architectures: int
    choices: int = 1
    is_paired: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise InvalidOptionError(
                f"confidence must be between 0 and 1, got {self.confidence}; try 0.95"
            )
        if self.architectures < 1 or self.choices < 1:
            raise InvalidOptionError(
                "there must be 1 or more architectures and choices, got "
                f"{self.architectures} and {self.choices}"
            )

    @property
    def compares_pairs(self) -> bool:
        """Whether pairs are compared on the examples that they share."""
        return self.is_paired and 1 < self.architectures <= PAIRED_AT_MOST

    @property
    def interval_alpha(self) -> float:
        """Error probability of one two-sided interval."""
        share = 0.5 if self.compares_pairs else 1.0
        return share * (1 - self.confidence) / (self.architectures * self.choices)

    @property
    def pair_alpha(self) -> float:
        """Error probability of one one-sided comparison of an ordered pair."""
        pairs = self.architectures * (self.architectures - 1) * self.choices**2
        return 0.5 * (1 - self.confidence) / pairs


def observation_of(
    evaluations: Sequence[Evaluation], *, population: Population | None = None
) -> Observation:
    """Make one architecture's observation: the mean over its trainings that did not diverge.

    Args:
        evaluations: trainings of the same architecture, on the same dev set, with different
            seeds.
        population: the claim that the interval is for; None for a claim about this dev set, as
            trained.
        Returns:
        The observation; `Observation.excluded()` if every training diverged.
    """
    used = [e for e in evaluations if not e.diverged]
    if not used:
        return Observation.excluded()
    n = min(e.n for e in used) or None
    error = float(np.mean([e.error_rate for e in used]))
    floored = floor_error(error, n)
    lower = upper = floored
    standard_error = None
    items: tuple[bytes, ...] = ()
    if population is not None:
        if n is None:
            standard_error = max(e.error_se for e in used) / float(np.sqrt(len(used)))
        lower, upper = population_interval(
            error, n, trainings=len(used), standard_error=standard_error, population=population
        )
        if n is not None and all(e.n == n and len(e.wrong_items) == -(-n // 8) for e in used):
            items = tuple(e.wrong_items for e in used)
    return Observation(
        floored,
        lower,
        upper,
        n=n,
        is_floored=floored > error,
        repeats=tuple(floor_error(e.error_rate, n) for e in used) if len(used) > 1 else (),
        wrong_items=items,
        standard_error=standard_error,
    )


def population_interval(
    error: float,
    n: int | None,
    *,
    trainings: int,
    standard_error: float | None,
    population: Population,
) -> tuple[float, float]:
    """Compute the interval for one architecture's error, floored like the error itself.

    Args:
        error: the mean of `trainings`, as measured.
        n: dev examples; None takes the normal interval of `standard_error`.
    """
    floored = floor_error(max(error, _SMALLEST_ERROR), n)
    alpha = population.interval_alpha
    if n is None:
        from scipy.stats import norm

        reach = float(norm.isf(alpha / 2) * (standard_error or 0.0))
        low, high = error - reach, min(error + reach, 1.0)
    elif trainings == 1:
        low, high = binomial_interval(round(error * n), n, alpha=alpha)
    else:
        low, high = bounded_mean_interval(error, n, alpha=alpha)
    least = floor_error(max(low, _SMALLEST_ERROR), n)
    return min(floored, least), max(floored, high)


def binomial_interval(wrong: int, n: int, *, alpha: float) -> tuple[float, float]:
    """Compute the exact two-sided interval of a share, at confidence 1 - alpha.

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
    """Compute an interval for the mean of n independent values between 0 and 1.

    With several seeds, an item's value is the share of trainings that get it wrong. The bound holds
    for every n: n KL(mean, q) <= ln(2/alpha).
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


def nugget_from_seeds(repeats: Sequence[Sequence[float]]) -> float:
    """Estimate τ: how much seeds add to the difference of two mean ln e, 95 times in 100.

    Pools the variance of ln e over architectures that were trained with two seeds or more. From
    it, takes the variance of the difference of two means over as many trainings, and Student's
    quantile. Returns 0 if nothing was repeated.

    Args:
        repeats: for each architecture, its errors (> 0) under different seeds.
    """
    logs = [np.log(np.asarray(errors, dtype=float)) for errors in repeats if len(errors) > 1]
    if not logs:
        return 0.0
    from scipy.stats import t

    freedom = sum(len(x) - 1 for x in logs)
    variance = sum(float(((x - x.mean()) ** 2).sum()) for x in logs) / freedom
    trainings = min(len(x) for x in logs)
    quantile = t.ppf(0.5 + _NUGGET_CONFIDENCE / 2, freedom)
    return float(quantile * np.sqrt(2 * variance / trainings))
