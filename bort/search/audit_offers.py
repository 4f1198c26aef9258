"""What an audit would say, before it is made."""

from math import exp, lgamma
from typing import NamedTuple

from bort.search.audit import level

OFFERED = (0.2, 0.1, 0.05, 0.02)  # shares of the architectures that are left


class AuditOffer(NamedTuple):
    """What an audit would say if nothing fails in it.

    Attributes:
        draws: architectures to train.
        share: at most this share of the architectures that are left is uncovered.
    """

    draws: int
    share: float
    confidence: float


def audit_offers(population: int, number: int) -> tuple[AuditOffer, ...]:
    """List the smallest audits that would say each of `OFFERED`, the cheapest first.

    Args:
        population: architectures that the audit could draw.
        number: of the audit, which decides its confidence.

    Examples:
        >>> [(offer.draws, offer.share) for offer in audit_offers(300, 1)]
        [(16, 0.2), (32, 0.1), (61, 0.05), (122, 0.02)]
    """
    alpha = level(number)
    counts = ((_count_for(population, share, alpha), share) for share in OFFERED)
    return tuple(AuditOffer(n, share, 1 - alpha) for n, share in counts if n < population)


def _count_for(population: int, share: float, alpha: float) -> int:
    """Find the fewest draws whose success refutes that more than `share` is uncovered."""
    uncovered = int(share * population) + 1
    low, high = 1, population
    while low < high:
        middle = (low + high) // 2
        if _nothing_fails(population, uncovered, middle) <= alpha:
            high = middle
        else:
            low = middle + 1
    return low


def _nothing_fails(population: int, uncovered: int, drawn: int) -> float:
    """Compute the probability that a draw contains none of the uncovered."""
    covered = population - uncovered
    if drawn > covered:
        return 0.0
    logs = lgamma(covered + 1) - lgamma(covered - drawn + 1)
    logs += lgamma(population - drawn + 1) - lgamma(population + 1)
    return exp(logs)
