"""What to do when a training diverges, fixed beforehand: never decided by looking at results.

A diverged training is not the error of its architecture. It is tried again with a lower learning
rate and another order of the examples; only if every attempt diverges, the candidate is marked.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bort.training.metrics import error_se

LEARNING_RATE_FACTORS = (1.0, 1 / 3, 1 / 10)
LEARNED = 0.98  # a loss below this share of a constant answer's shows that texts were read


@dataclass(frozen=True)
class Attempt:
    """One training: its number from 1, its learning rate and its seed."""

    number: int
    learning_rate: float
    seed: int


def attempts(learning_rate: float, seed: int) -> Iterator[Attempt]:
    """The trainings to try in turn, until one does not diverge."""
    for number, factor in enumerate(LEARNING_RATE_FACTORS, start=1):
        # Derived, not drawn: the same study repeats the same attempts.
        derived = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        yield Attempt(number, learning_rate * factor, seed if number == 1 else derived)


def constant_loss(targets: NDArray[np.float32]) -> float:
    """Mean loss of the best answer that ignores the texts: the entropy of the mean target.

    Args:
        targets: shape (n, classes), rows sum to 1.
    """
    shares = targets.mean(axis=0, dtype=np.float64)
    return float(-np.sum(shares * np.log(np.maximum(shares, 1e-12))))


def final_loss(losses: Sequence[float]) -> float:
    """Mean of the last tenth of a training's losses; NaN if any of them is not finite."""
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
    """Whether a training failed, rather than its architecture.

    Args:
        losses: of every step, in order; a value that is not finite is divergence by itself.
        error_rate: on dev.
        majority_error: of always answering dev's most frequent class.
        constant_loss: of the best answer that ignores the texts.
        n: dev examples.
    Returns:
        True if dev is answered no better than by the most frequent class, up to two standard
        errors, and the last tenth of the losses is no better than `constant_loss` either. (Not:
        than the first losses. Those of a training that explodes begin high.)
    """
    last = final_loss(losses)
    if math.isnan(last):
        return True
    by_chance = majority_error - 2 * error_se(majority_error, n)
    return error_rate >= by_chance and last > LEARNED * constant_loss
