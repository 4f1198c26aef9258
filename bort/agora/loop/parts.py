"""The inputs of an Agora run: the task, the parts that do the work, and the options.

The loop gets everything expensive through `Parts`: tests pass formulas, the torus passes geometry,
texts pass networks.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bort.agora.loop.rounds import Verdict
from bort.agora.loop.values import BoolArray, Examples, FloatArray, Inputs, IntArray, most_probable
from bort.core.agora import TextSpec
from bort.core.errors import InvalidDataError, InvalidFieldError
from bort.core.fields import fields_of

Hyperparameters = Mapping[str, float]
"""One hyperparameter set θ: values by name."""

Known = AbstractSet[Hashable]
"""Identities (see `values.identities`) of everything in the training set or already labelled."""


@dataclass(frozen=True, eq=False, slots=True)
class AgoraTask:
    """The training and dev splits. The audit split is not included, so the loop cannot read it.

    Attributes:
        class_names: the classes, at least two.
        train: labelled examples of at least two classes.
        dev: labelled examples whose errors guide the sampling; at least one.

    Raises:
        InvalidDataError: there are no training or dev examples, or only one class.
    """

    class_names: tuple[str, ...]
    train: Examples
    dev: Examples

    def __post_init__(self) -> None:
        if not len(self.dev):
            raise InvalidDataError(
                "there is no dev set, but Agora samples near dev errors; set some labelled "
                "examples aside for one"
            )
        if not len(self.train):
            raise InvalidDataError("there are no training examples; label some first")
        present = np.unique(self.train.labels)
        if len(present) < 2:
            raise InvalidDataError(
                f"all {len(self.train)} training examples belong to the class "
                f"{self.class_names[present[0]]!r}; label at least one example of another class"
            )


class Model(Protocol):
    """A trained student."""

    def predict(self, inputs: Inputs) -> IntArray:
        """Predict each input's class, shape (n,). The same inputs always get the same classes."""
        ...


class Student(Protocol):
    """The model that Agora teaches."""

    def fit(
        self, examples: Examples, hyperparameters: Hyperparameters, rng: np.random.Generator
    ) -> Model:
        """Train from scratch on `examples`. All randomness comes from `rng`."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Labels:
    """A labeler's answer.

    Attributes:
        probabilities: shape (n, number of classes), rows sum to 1.
        is_abstained: shape (n,), marks the inputs that the labeler abstains from.
    """

    probabilities: FloatArray
    is_abstained: BoolArray

    @property
    def classes(self) -> IntArray:
        """The most probable classes, shape (n,)."""
        return most_probable(self.probabilities)

    @property
    def confidence(self) -> FloatArray:
        """The probabilities of the most probable classes, shape (n,)."""
        confidence: FloatArray = self.probabilities.max(axis=1, initial=0.0)
        return confidence


class Labeler(Protocol):
    """The second, trained model. It does not have to be very accurate."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes it distinguishes, in the order of its probabilities."""
        ...

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """Label each input, or abstain."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Proposals:
    """New inputs, each with the point it was sampled near.

    Attributes:
        inputs: m inputs.
        parents: shape (m,), positions among the points that the sampler was given.
        samplers: m names of the samplers that made them.
    """

    inputs: Inputs
    parents: IntArray
    samplers: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.inputs) == len(self.parents) == len(self.samplers):
            raise ValueError(
                "each proposal needs one parent and one sampler, got "
                f"{len(self.inputs)}, {len(self.parents)} and {len(self.samplers)}"
            )

    def __len__(self) -> int:
        return len(self.parents)


class Sampler(Protocol):
    """Proposes new inputs near given ones."""

    @property
    def name(self) -> str:
        """The sampler's name in the provenance of its points."""
        ...

    def sample_near(
        self, points: Inputs, radius: float, rng: np.random.Generator, *, known: Known = frozenset()
    ) -> Proposals:
        """Propose at most one new input near each of `points`; points may repeat.

        A proposal may be outside the radius or `known`: the loop checks this and refuses it.
        """
        ...


Represent = Callable[[Inputs], FloatArray]
"""Maps inputs to vectors, shape (n, d): the space in which "near" is measured."""

Guard = Callable[[Inputs], Sequence[Verdict | None]]
"""Returns for each proposal why it must not be used, or None.

A guard may know the audit split; the loop only gets its verdicts.
"""


def unguarded(inputs: Inputs) -> list[Verdict | None]:
    """Accept everything: the guard of a run without one."""
    return [None] * len(inputs)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that the loop does not do itself.

    Attributes:
        student: trained in every round.
        labeler: labels what the sampler proposes.
        guard: refuses what must not be used.
        closing: trains the last student of a run once more, for example for longer; None keeps
            the last round's student.
        in_space_of: returns the same parts in the space of a round's student; None if the space
            does not depend on the student.
    """

    student: Student
    labeler: Labeler
    represent: Represent
    sampler: Sampler
    guard: Guard = unguarded
    closing: Student | None = None
    in_space_of: "Callable[[Model], Parts] | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgoraOptions:
    """A run's budgets, radius, hyperparameter sets and stopping rule.

    Attributes:
        radius: the largest distance between a generated point and its parent, in units of the
            representation space; finite and above 0.
        rounds: the most sampling rounds; one closing training follows the last.
        points: the most points accepted over all rounds; None means no limit.
        points_per_error: proposals per dev error and round.
        points_per_round: the most proposals per round, shared evenly among the errors; None means
            no limit.
        hyperparameter_sets: Θ, at least one set.
        dropped_per_round: how many of the worst sets each round drops; one always stays.
        patience: stop after this many rounds without a lower dev error; None never stops early.
        replays: how many rounds may be repeated because their points raised the dev error; see
            `bort.agora.loop.history`.
        trusted_only: sample only near the dev errors that the labeler gets right. Near an error
            that it gets wrong too, it has nothing to teach. If it gets none right, use them all.
        seed: all randomness derives from (seed, round).
    """

    radius: float
    rounds: int = 8
    points: int | None = None
    points_per_error: int = 2
    points_per_round: int | None = None
    hyperparameter_sets: tuple[Hyperparameters, ...] = field(default=({},))
    dropped_per_round: int = 1
    patience: int | None = 3
    replays: int = 0
    trusted_only: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        # What a run's description asks for is checked by its fields, here as there.
        for name, one in fields_of(TextSpec).items():
            if name in self.__slots__:
                one.check(getattr(self, name))
        if not self.hyperparameter_sets:
            raise InvalidFieldError(
                "hyperparameter_sets",
                "there is no hyperparameter set to train with; give at least one",
            )
