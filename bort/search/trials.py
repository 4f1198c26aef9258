"""How often claims that rest on an estimated λ were wrong, on spaces whose errors are all known."""

from enum import StrEnum
from typing import NamedTuple


class SpaceKind(StrEnum):
    """The kinds of spaces that were searched."""

    SMOOTH = "smooth"
    """Costs like BERT's; smooth errors, interacting dimensions, up to 3% noise."""
    CONES = "cones"
    """Errors with random kinks and flat directions."""
    MISLEADING = "misleading"
    """Errors that hide what a few evaluations would show: a needle, noise, ties, a cliff."""


class Trial(NamedTuple):
    """The conditional claims about one kind of space, and how many of them were false."""

    kind: SpaceKind
    claims: int
    wrong: int


# Measured: python -m benchmarks.search.guarantee, docs/bench/guarantee.csv; a test compares them.
TRIALS = (
    Trial(SpaceKind.SMOOTH, 400, 3),
    Trial(SpaceKind.CONES, 376, 20),
    Trial(SpaceKind.MISLEADING, 306, 78),
)
