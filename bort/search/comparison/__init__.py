"""Ways to compare the errors of two architectures: each by itself, or on shared examples."""

from bort.search.comparison.by_interval import Bounds, ByInterval
from bort.search.comparison.by_pair import ByPair
from bort.search.intervals import Population

__all__ = ["Bounds", "ByInterval", "ByPair", "comparison_for"]


def comparison_for(population: Population | None) -> ByInterval:
    """The comparison for a claim about a population; None is a claim about this dev set."""
    if population is None or not population.compares_pairs:
        return ByInterval()
    return ByPair(population)
