"""What to do when a training diverges, fixed beforehand: never decided by looking at results.

A diverged training is not the error of its architecture. It is tried again with a lower learning
rate and another order of the examples; only if every attempt diverges, the candidate is marked.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

LEARNING_RATE_FACTORS = (1.0, 1 / 3, 1 / 10)
FALLEN = 0.98  # a loss whose last tenth is below this share of its first tenth has fallen


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


def has_diverged(losses: Sequence[float], error_rate: float, majority_error: float) -> bool:
    """Whether a training failed, rather than its architecture.

    Args:
        losses: of every step, in order; a value that is not finite is divergence by itself.
        error_rate: on dev.
        majority_error: of always answering dev's most frequent class.
    """
    if not all(math.isfinite(loss) for loss in losses):
        return True
    tenth = max(1, len(losses) // 10)
    has_fallen = np.mean(losses[-tenth:]) < FALLEN * np.mean(losses[:tenth])
    return bool(error_rate >= majority_error and not has_fallen)
