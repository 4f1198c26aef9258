"""A labeler that abstains when unsure, and a check of labelers, for any inputs."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bort.agora.loop.parts import Labeler, Labels
from bort.agora.loop.values import ErrorRate, Examples, Inputs, error_rate
from bort.core.errors import InvalidOptionError


def check_care(temperature: float, threshold: float) -> None:
    """Check the options of a `CarefulLabeler`.

    Raises:
        InvalidOptionError: one of them is out of range.
    """
    if not 0 < temperature < np.inf:
        raise InvalidOptionError(f"temperature must be above 0, got {temperature!r}; try 1")
    if not 0 <= threshold <= 1:
        raise InvalidOptionError(
            f"the confidence threshold must be between 0 and 1, got {threshold!r}; try 0.8"
        )


@dataclass(frozen=True, slots=True)
class CarefulLabeler:
    """Wraps a labeler: softens or sharpens its answers, and abstains when it is unsure.

    Attributes:
        temperature: above 1 softens its probabilities, below 1 sharpens them.
        threshold: abstain if the largest (tempered) probability is lower than this.
        is_hard: pass on only the class, not the probabilities.
    """

    labeler: Labeler
    temperature: float = 1.0
    threshold: float = 0.0
    is_hard: bool = False

    def __post_init__(self) -> None:
        check_care(self.temperature, self.threshold)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The wrapped labeler's classes."""
        return self.labeler.class_names

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """Return the tempered answer; abstains if it or the wrapped labeler is unsure."""
        answer = self.labeler.label(inputs, rng)
        # Scale the largest entry to 1 first, so that no power underflows to a row of zeros.
        peaks = answer.probabilities.max(axis=1, keepdims=True, initial=1e-300)
        tempered = (answer.probabilities / peaks) ** (1.0 / self.temperature)
        tempered /= tempered.sum(axis=1, keepdims=True)
        is_unsure = tempered.max(axis=1, initial=0.0) < self.threshold
        if self.is_hard:
            tempered = np.eye(len(self.class_names))[tempered.argmax(axis=1)]
        return Labels(tempered, answer.is_abstained | is_unsure)


class LabelerDoubt(StrEnum):
    """The reasons not to trust a labeler."""

    ALWAYS_ABSTAINS = "labeler-always-abstains"
    NO_BETTER_THAN_CHANCE = "labeler-no-better-than-chance"


@dataclass(frozen=True, slots=True)
class Appraisal:
    """A labeler's performance on dev.

    Attributes:
        error: its error on the examples it answered; None if it abstained from all.
        abstained: share of examples it abstained from, 0..1.
        chance: error of guessing the classes uniformly.
        doubt: why not to trust it; None if there is no reason.
    """

    error: ErrorRate | None
    abstained: float
    chance: float
    doubt: LabelerDoubt | None


def appraise(labeler: Labeler, dev: Examples, rng: np.random.Generator) -> Appraisal:
    """Compare a labeler with the dev labels (never with the audit split)."""
    answer = labeler.label(dev.inputs, rng)
    said = ~answer.is_abstained
    error = error_rate(answer.classes[said], dev.labels[said]) if said.any() else None
    chance = 1 - 1 / dev.class_count
    doubt = None
    if error is None:
        doubt = LabelerDoubt.ALWAYS_ABSTAINS
    elif error.rate >= chance:
        doubt = LabelerDoubt.NO_BETTER_THAN_CHANCE
    return Appraisal(error, float(1 - said.mean()), chance, doubt)
