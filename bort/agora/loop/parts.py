"""The parts that are handed to the loop: student, labeler, representation, sampler, guard."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bort.agora.loop.values import BoolArray, Examples, FloatArray, Inputs, IntArray, most_probable

Setting = Mapping[str, float]
"""One hyperparameter set θ, by name."""

Known = AbstractSet[Hashable]
"""Identities (see `values.identities`) of what is in the training set or was labelled."""


class Model(Protocol):
    """A trained student."""

    def predict(self, inputs: Inputs) -> IntArray:
        """Shape (n,): a class for each input. The same inputs always give the same classes."""
        ...


class Student(Protocol):
    """What is to learn."""

    def fit(self, examples: Examples, setting: Setting, rng: np.random.Generator) -> Model:
        """Train from the beginning on `examples`; all randomness comes from `rng`."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Labels:
    """A labeler's answer.

    Attributes:
        probabilities: shape (n, number of classes), rows sum to 1.
        is_abstained: shape (n,), where the labeler would rather not say.
    """

    probabilities: FloatArray
    is_abstained: BoolArray

    @property
    def classes(self) -> IntArray:
        """Shape (n,): the most probable class."""
        return most_probable(self.probabilities)

    @property
    def confidence(self) -> FloatArray:
        """Shape (n,): the probability of that class."""
        confidence: FloatArray = self.probabilities.max(axis=1, initial=0.0)
        return confidence


class Labeler(Protocol):
    """The second, trained model; its accuracy need only be loose."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes it tells apart, in the order of its probabilities."""
        ...

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """Label each input, or abstain."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Proposals:
    """New inputs, and which of the given points each was sampled near.

    Attributes:
        inputs: m inputs.
        parents: shape (m,), positions among the points that the sampler was given.
        samplers: shape (m,), the names of the samplers that made them.
    """

    inputs: Inputs
    parents: IntArray
    samplers: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.inputs) == len(self.parents) == len(self.samplers):
            raise ValueError(
                "each proposal needs a parent and a sampler, got "
                f"{len(self.inputs)}, {len(self.parents)} and {len(self.samplers)}"
            )

    def __len__(self) -> int:
        return len(self.parents)


class Sampler(Protocol):
    """Proposes new inputs near given ones."""

    @property
    def name(self) -> str:
        """What provenance calls it."""
        ...

    def sample_near(
        self, points: Inputs, radius: float, rng: np.random.Generator, *, known: Known = frozenset()
    ) -> Proposals:
        """Propose at most one new input near each of `points`; a point may stand there twice.

        A proposal may lie outside the radius or be `known`: the loop looks and refuses it.
        """
        ...


Represent = Callable[[Inputs], FloatArray]
"""Inputs to vectors, shape (n, d): the space in which "near" is measured."""

Guard = Callable[[Inputs], Sequence[str | None]]
"""For each proposal why it must not be used (too like an audit or dev item), or None.

Whoever builds a guard may look into the audit split; the loop only hears the verdict.
"""


def unguarded(inputs: Inputs) -> list[str | None]:
    """A guard that refuses nothing."""
    return [None] * len(inputs)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that the loop does not do itself.

    Attributes:
        student: trained in every round.
        labeler: labels what the sampler proposes.
        represent: the representation space.
        sampler: proposes new inputs.
        guard: says what must not be used.
        closing: trains the last student of a run once more when its end is known, for example
            for longer; None keeps the last round's student.
        in_space_of: the same parts in the space of a round's student; None where the space does
            not depend on it.
    """

    student: Student
    labeler: Labeler
    represent: Represent
    sampler: Sampler
    guard: Guard = unguarded
    closing: Student | None = None
    in_space_of: "Callable[[Model], Parts] | None" = None
