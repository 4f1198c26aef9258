"""The audit: a random test of the cover itself, which needs no assumption about the error."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bort.errors import InvalidOptionError
from bort.search.arrays import IntArray
from bort.search.observation import Observation
from bort.search.problem import SearchProblem

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What architectures drawn at random say about a frozen cover.

    Attributes:
        population: N', the architectures that were unevaluated when the answer was frozen.
        drawn: how many of them were trained.
        failed: indices that no member of the cover covers; a diverged training counts as one.
        alpha: the error probability that this audit spends.
        uncovered_at_most: with confidence 1 - alpha at most so many of N' are uncovered.
    """

    population: int
    drawn: int
    failed: tuple[int, ...]
    alpha: float
    uncovered_at_most: int

    @property
    def statement(self) -> str:
        """The result in one sentence."""
        return (
            f"{self.drawn} of {self.population} audited at random, {len(self.failed)} failed; "
            f"with {1 - self.alpha:.4g} confidence at most {self.uncovered_at_most} of "
            f"{self.population} are uncovered"
        )


def draw_for_audit(unevaluated: IntArray, count: int, *, rng: np.random.Generator) -> IntArray:
    """`count` of the unevaluated architectures, uniformly without replacement, ascending.

    Raises:
        InvalidOptionError: fewer than `count` are left, or `count` is below 1.
    """
    if not 1 <= count <= len(unevaluated):
        raise InvalidOptionError(
            f"an audit of {count} architectures needs that many unevaluated ones, "
            f"{len(unevaluated)} are left; choose 1 to {len(unevaluated)}"
        )
    return np.sort(rng.choice(unevaluated, size=count, replace=False))


def audit_cover(
    problem: SearchProblem,
    cover: Mapping[int, Observation],
    drawn: Mapping[int, Observation],
    *,
    epsilon: float,
    population: int,
    earlier_audits: int = 0,
) -> AuditResult:
    """Test the cover inequality on architectures that were drawn after the cover was frozen.

    Args:
        cover: the frozen cover with its errors.
        drawn: what training the drawn architectures gave.
        epsilon: the ε that the cover claims.
        population: N', of which `drawn` is a uniform sample.
        earlier_audits: each further audit of the same answer spends half the α of the one before.
    """
    failed = tuple(i for i, o in drawn.items() if not is_covered(problem, cover, i, o, epsilon))
    alpha = ALPHA / 2**earlier_audits
    bound = uncovered_bound(population, len(drawn), len(failed), alpha=alpha)
    return AuditResult(population, len(drawn), failed, alpha, bound)


def is_covered(
    problem: SearchProblem,
    cover: Mapping[int, Observation],
    index: int,
    observation: Observation,
    epsilon: float,
) -> bool:
    """Some member of the cover is at most 1+ε times as large, as slow and as wrong."""
    if not observation.is_witness:
        return False
    factor = 1 + epsilon
    return any(
        problem.size[c] <= factor * problem.size[index]
        and problem.latency[c] <= factor * problem.latency[index]
        and member.upper <= factor * observation.lower
        for c, member in cover.items()
    )


def uncovered_bound(population: int, drawn: int, failed: int, *, alpha: float = ALPHA) -> int:
    """The largest number of uncovered architectures that the sample does not refute.

    With D uncovered among `population`, the failures among `drawn` are hypergeometric; returned
    is the largest D with P(failures <= `failed`) > alpha. Exact, by bisection: O(log N').

    Examples:
        >>> uncovered_bound(300, 30, 0), uncovered_bound(300, 59, 0)
        (27, 13)
        >>> uncovered_bound(300, 300, 2)
        2
    """
    from scipy.stats import hypergeom

    if not 0 <= failed <= drawn <= population:
        raise InvalidOptionError(
            f"an audit needs 0 <= failed <= drawn <= population, got {failed}, {drawn}, "
            f"{population}"
        )
    low, high = failed, population - (drawn - failed)
    while low < high:
        middle = (low + high + 1) // 2
        if hypergeom.cdf(failed, population, middle, drawn) > alpha:
            low = middle
        else:
            high = middle - 1
    return low


def unevaluated(problem: SearchProblem, evaluated: Iterable[int]) -> IntArray:
    """The architectures that are not among `evaluated`, ascending."""
    return np.setdiff1d(np.arange(len(problem)), np.fromiter(evaluated, dtype=np.int64))
