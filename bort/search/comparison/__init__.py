"""Two ways to compare errors of architectures: by their intervals, or on shared examples."""

from bort.search.comparison.by_interval import Bounds, ByInterval
from bort.search.comparison.by_pair import ByPair
from bort.search.intervals import Population

__all__ = ["Bounds", "ByInterval", "ByPair", "comparison_for"]


def comparison_for(population: Population | None) -> ByInterval:
    """Choose the comparison for a claim about a population, or about this dev set if None."""
    if population is None or not population.compares_pairs:
        return ByInterval()
    return ByPair(population)
