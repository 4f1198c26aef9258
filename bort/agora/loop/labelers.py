"""Labelers: an oracle with noise, any fitted model, and what makes a labeler more careful."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bort.agora.loop.parts import Labeler, Labels
from bort.agora.loop.values import ErrorRate, Examples, FloatArray, Inputs, IntArray, error_rate
from bort.core.errors import InvalidOptionError


@dataclass(frozen=True, slots=True)
class Oracle:
    """Knows the truth, and says it with probability 1 - noise; else another class at random.

    Attributes:
        class_names: the classes.
        truth: the true class of each input, shape (n,).
        noise: probability of a wrong answer, 0..1. Its stated confidence is 1 - noise.
    """

    class_names: tuple[str, ...]
    truth: Callable[[Inputs], IntArray]
    noise: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.noise <= 1:
            raise InvalidOptionError(f"noise is a probability, 0..1, got {self.noise!r}; try 0.1")

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """True classes, some of them replaced."""
        k, n = len(self.class_names), len(inputs)
        shift = np.where(rng.uniform(size=n) < self.noise, rng.integers(1, k, size=n), 0)
        said = (self.truth(inputs) + shift) % k
        soft = np.full((n, k), self.noise / (k - 1))
        soft[np.arange(n), said] = 1 - self.noise
        if self.noise > (k - 1) / k:  # worse than guessing: what it says is still what it says
            soft = np.eye(k)[said]
        return Labels(soft, np.zeros(n, dtype=bool))


class ProbabilityModel(Protocol):
    """A fitted classifier that tells probabilities."""

    def predict_probabilities(self, inputs: Inputs) -> FloatArray:
        """Shape (n, classes), rows sum to 1."""
        ...


@dataclass(frozen=True, slots=True)
class ModelLabeler:
    """A model that was trained before, such as k-NN or logistic regression."""

    class_names: tuple[str, ...]
    model: ProbabilityModel

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """The model's probabilities; never abstains."""
        del rng
        return Labels(self.model.predict_probabilities(inputs), np.zeros(len(inputs), dtype=bool))


def check_care(temperature: float, threshold: float) -> None:
    """Refuse what a `CarefulLabeler` cannot use."""
    if not 0 < temperature < np.inf:
        raise InvalidOptionError(f"temperature must be above 0, got {temperature!r}; try 1")
    if not 0 <= threshold <= 1:
        raise InvalidOptionError(
            f"a confidence threshold lies between 0 and 1, got {threshold!r}; try 0.8"
        )


@dataclass(frozen=True, slots=True)
class CarefulLabeler:
    """Another labeler, softened or sharpened, that abstains where it is not sure.

    Attributes:
        labeler: the other one.
        temperature: above 1 softens its probabilities, below 1 sharpens them.
        threshold: abstains where the (tempered) probability of its class is lower.
        is_hard: hand on the class alone, not the probabilities.
    """

    labeler: Labeler
    temperature: float = 1.0
    threshold: float = 0.0
    is_hard: bool = False

    def __post_init__(self) -> None:
        check_care(self.temperature, self.threshold)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Those of the other labeler."""
        return self.labeler.class_names

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """Its answer, tempered; abstentions are added to its own."""
        answer = self.labeler.label(inputs, rng)
        # Scaled to a largest entry of 1 first, so that no power underflows to a row of zeros.
        peaks = answer.probabilities.max(axis=1, keepdims=True, initial=1e-300)
        tempered = (answer.probabilities / peaks) ** (1.0 / self.temperature)
        tempered /= tempered.sum(axis=1, keepdims=True)
        is_unsure = tempered.max(axis=1, initial=0.0) < self.threshold
        if self.is_hard:
            tempered = np.eye(len(self.class_names))[tempered.argmax(axis=1)]
        return Labels(tempered, answer.is_abstained | is_unsure)


@dataclass(frozen=True, slots=True)
class Appraisal:
    """How good a labeler is, before it is trusted.

    Attributes:
        error: on the examples it did not abstain from; None where it abstained from all.
        abstained: share of examples it abstained from, 0..1.
        chance: error of guessing the classes uniformly.
    """

    error: ErrorRate | None
    abstained: float
    chance: float

    @property
    def warning(self) -> str | None:
        """One line where the labeler is no better than chance, else None."""
        if self.error is None:
            return "the labeler abstains from every dev example; lower its confidence threshold"
        if self.error.rate < self.chance:
            return None
        return (
            f"the labeler is no better than chance: wrong on {self.error.rate:.1%} of "
            f"{self.error.n} dev examples, guessing is on {self.chance:.1%}; "
            "its labels will harm, choose another labeler"
        )


def appraise(labeler: Labeler, dev: Examples, rng: np.random.Generator) -> Appraisal:
    """Compare a labeler with the dev labels (never with the audit split)."""
    answer = labeler.label(dev.inputs, rng)
    said = ~answer.is_abstained
    error = error_rate(answer.classes[said], dev.labels[said]) if said.any() else None
    return Appraisal(error, float(1 - said.mean()), 1 - 1 / dev.class_count)
