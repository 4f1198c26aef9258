"""Choose the learning rates that a training tries, and detect divergence.

The rules are fixed in advance and never look at results. A diverged training says nothing about its
architecture, so it is repeated with a lower learning rate and another order of the examples. An
architecture is marked as diverged only if every attempt diverges.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bort.core.study import Initialise
from bort.training.metrics import error_se

HIDDEN, DEPTH = 192, 2  # where the two learning rates below were measured: docs/training.md
INHERITED = 8e-4
SCRATCH = 1e-3
STATIC, CONVOLUTION = 2e-2, 5e-3  # docs/training.md, "static and convolutional networks"
STATIC_HIDDEN = 64  # where it was measured
DISTILLED = 0.1  # share of it for a distilled student; more undoes distillation: docs/models.md
LEARNING_RATE_FACTORS = (1.0, 1 / 3, 1 / 10)
LEARNED = 0.98  # a loss below this share of the constant answer's: the model reads the texts


def default_learning_rate(
    dimensions: Mapping[str, int], initialise: Initialise, family: str = "bert"
) -> float:
    """Return the peak learning rate of a short training if Θ is not given.

    Narrower models take larger steps. Deep models from random weights take smaller steps, or their
    loss never beats a constant answer's; inherited weights do not have that problem. Networks
    without transformer layers take much larger steps, wherever their weights come from.

    Args:
        dimensions: the architecture's dimensions; uses `hidden` and `depth` if the family has them.
        initialise: where the initial weights come from.
        family: the architecture's family.
    """
    if family == "static":
        return STATIC * math.sqrt(STATIC_HIDDEN / dimensions["hidden"])
    if family == "convolution":
        return CONVOLUTION
    width = math.sqrt(HIDDEN / dimensions.get("hidden", HIDDEN))
    if initialise == "inherit":
        return INHERITED * width
    return SCRATCH * width * math.sqrt(DEPTH / max(DEPTH, dimensions.get("depth", DEPTH)))


@dataclass(frozen=True)
class Attempt:
    """One training: its number from 1, its learning rate and its seed."""

    number: int
    learning_rate: float
    seed: int


def attempts(learning_rate: float, seed: int) -> Iterator[Attempt]:
    """List the trainings to try in turn until one does not diverge."""
    for number, factor in enumerate(LEARNING_RATE_FACTORS, start=1):
        # Derived, not drawn: the same study repeats the same attempts.
        derived = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        yield Attempt(number, learning_rate * factor, seed if number == 1 else derived)


def constant_loss(targets: NDArray[np.float32]) -> float:
    """Compute the loss of the best constant answer: the entropy of the mean target.

    Args:
        targets: shape (n, classes), rows sum to 1.
    """
    shares = targets.mean(axis=0, dtype=np.float64)
    return float(-np.sum(shares * np.log(np.maximum(shares, 1e-12))))


def final_loss(losses: Sequence[float]) -> float:
    """Compute the mean of the last tenth of a training's losses; NaN if any is not finite."""
    if not all(math.isfinite(loss) for loss in losses):
        return math.nan
    return float(np.mean(losses[-max(1, len(losses) // 10) :]))


def has_diverged(
    losses: Sequence[float],
    error_rate: float,
    *,
    majority_error: float,
    constant_loss: float,
    n: int,
) -> bool:
    """Check whether the training failed rather than the architecture.

    Args:
        losses: one per step, in order; a loss that is not finite is divergence by itself.
        error_rate: the error on dev.
        majority_error: the error of always answering dev's most frequent class.
        constant_loss: the loss of the best answer that ignores the texts.
    Returns:
        True if the dev error is no better than the majority error, up to two standard errors, and
        the last tenth of the losses is no better than `constant_loss`. (Comparing with the first
        losses would miss a training that explodes at once: its losses start high.)
    """
    last = final_loss(losses)
    if math.isnan(last):
        return True
    by_chance = majority_error - 2 * error_se(majority_error, n)
    return error_rate >= by_chance and last > LEARNED * constant_loss
