"""The default learning rate: one rule, measured (docs/training.md), so that Θ can be left out."""

import math
from collections.abc import Mapping

from bort.core.study import Initialise

HIDDEN, DEPTH = 192, 2  # where the two constants below hold
INHERITED = 8e-4
SCRATCH = 1e-3


def default_learning_rate(dimensions: Mapping[str, int], initialise: Initialise) -> float:
    """Highest learning rate of a short training.

    Narrower models take larger steps. Fresh deep ones take smaller steps, or they never leave the
    loss of a constant answer; inherited ones are past that.

    Args:
        dimensions: an architecture's; `hidden` and `depth` count where the family has them.
        initialise: how it begins.
    """
    width = math.sqrt(HIDDEN / dimensions.get("hidden", HIDDEN))
    if initialise == "inherit":
        return INHERITED * width
    return SCRATCH * width * math.sqrt(DEPTH / max(DEPTH, dimensions.get("depth", DEPTH)))
