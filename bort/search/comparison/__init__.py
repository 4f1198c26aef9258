"""How the errors of two architectures are compared: each by itself, or on the same examples."""

from bort.search.comparison.by_interval import Bounds, ByInterval
from bort.search.comparison.by_pair import ByPair
from bort.search.intervals import Population

__all__ = ["Bounds", "ByInterval", "ByPair", "comparison_for"]


def comparison_for(population: Population | None) -> ByInterval:
    """The comparison that a claim rests on: about this dev set (None), or about a population."""
    if population is None or not population.compares_pairs:
        return ByInterval()
    return ByPair(population)
