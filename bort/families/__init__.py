"""Families of architectures, their costs, and search spaces.

Importing this never imports torch; only `Family.build` and `Family.config` do.
"""

from bort.families.family import PARTS, Elasticities, Family
from bort.families.polynomial import Polynomial
from bort.families.registry import FAMILY_NAMES, OWN_NETWORKS, family
from bort.families.space import MAX_COMBINATIONS, FamilySpace, SearchSpace
from bort.families.space_files import SPACE_NAMES, load_space, parse_space
from bort.families.union import UnionSpace, operation_terms_of, vocabulary_sizes_of

__all__ = [
    "FAMILY_NAMES",
    "MAX_COMBINATIONS",
    "OWN_NETWORKS",
    "PARTS",
    "SPACE_NAMES",
    "Elasticities",
    "Family",
    "FamilySpace",
    "Polynomial",
    "SearchSpace",
    "UnionSpace",
    "family",
    "load_space",
    "operation_terms_of",
    "parse_space",
    "vocabulary_sizes_of",
]
