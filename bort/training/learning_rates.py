"""The default learning rate: one rule, measured (docs/training.md), so that Θ can be left out."""

import math

from bort.study import Initialise

REFERENCE_HIDDEN = 192
INHERITED = 8e-4
SCRATCH = 1e-3


def default_learning_rate(hidden: int | None, initialise: Initialise) -> float:
    """Highest learning rate of a short training; narrower models take larger steps.

    Args:
        hidden: width of the model; None where its family has none.
        initialise: inherited weights are disturbed by what fresh ones need.
    """
    base = INHERITED if initialise == "inherit" else SCRATCH
    return base * math.sqrt(REFERENCE_HIDDEN / (hidden or REFERENCE_HIDDEN))
