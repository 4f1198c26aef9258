"""Families of architectures, their costs, and search spaces.

Importing this never imports torch; only `Family.build` and `Family.config` do.
"""

from bort.families.family import PARTS, Elasticities, Family
from bort.families.polynomial import Polynomial
from bort.families.registry import FAMILY_NAMES, OWN_NETWORKS, family
from bort.families.space import MAX_COMBINATIONS, SearchSpace
from bort.families.space_files import SPACE_NAMES, load_space, parse_space

__all__ = [
    "FAMILY_NAMES",
    "MAX_COMBINATIONS",
    "OWN_NETWORKS",
    "PARTS",
    "SPACE_NAMES",
    "Elasticities",
    "Family",
    "Polynomial",
    "SearchSpace",
    "family",
    "load_space",
    "parse_space",
]
