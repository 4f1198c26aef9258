"""The frozen descriptions of runs of Agora, on the torus and on texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from bort.core.fields import Description, ask, check_fields
from bort.core.kinds import Choice, Flag, Number, Text, Whole
from bort.core.serialise import from_json, to_json
from bort.core.study import MINUTES, SEED, TaskSpec, TrainingSpec, check_name

TORUS = "torus"  # the task's name
TORUS_RADIUS = 1.5  # measured: docs/agora.md, "The torus"
TORUS_LEARNERS = ("random-guesser", "knn", "random-features")
TORUS_LABELERS = ("oracle", "noisy-oracle", "knn", "random-features")
TORUS_SAMPLERS = ("tangent", "ball", "mixture")

EDITS = "edits"
SAMPLERS = ("mixture", "retrieval", EDITS, "mix")
SOURCE, STUDENT, WORDS = "source", "student", "words"
REPRESENTATIONS = (SOURCE, STUDENT, WORDS)
TEACHER, PROBE = "teacher", "probe"
SKLEARN = "sklearn:"  # the prefix of a scikit-learn labeler's name: sklearn:LogisticRegression

ARCHITECTURE = "2-2-128-512"  # the default student
STEPS = 300  # the default training steps per round

_RADIUS = Number(is_open=True, step=0.1, metavar="R")
_ROUNDS = Whole(0)
_POINTS = Whole(0, step=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class TorusSpec(Description):
    """The description of a torus run. The same description gives the same rounds."""

    learner: str = ask(
        "random-guesser",
        Choice(TORUS_LEARNERS),
        "Learner",
        "The model to teach. random-guesser remembers its training points and guesses "
        "elsewhere; knn uses the nearest training points; random-features is a linear model on "
        "random waves.",
    )
    labeler: str = ask(
        "noisy-oracle",
        Choice(TORUS_LABELERS),
        "Labeler",
        "The model that labels new points. The better it is near the errors, the more the "
        "rounds can teach.",
    )
    sampler: str = ask(
        "tangent",
        Choice(TORUS_SAMPLERS),
        "Sampler",
        "How to make a new point near a dev error: tangent moves along the surface that its "
        "neighbours span, ball in any direction, mixture does some of both.",
    )
    radius: float = ask(
        TORUS_RADIUS, _RADIUS, "Radius", "Largest distance of a new point from its dev error."
    )
    rounds: int = ask(8, _ROUNDS, "Rounds at most", "Run at most this many rounds of sampling.")
    points: int | None = ask(
        None, _POINTS, "Points at most", "Add at most this many points.", empty="no limit"
    )
    seed: int = ask(0, SEED, "Seed", "Seed for the run; on the torus, also for the splits.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest(Description):
    """The user's choice of run and student, before data and networks are read."""

    study: str | None = ask(
        None,
        Text("NAME", "a name"),
        "Name",
        "Name of the run.",
        empty="built from task and student",
    )
    from_study: str | None = ask(
        None,
        Text("STUDY", "the name of a study"),
        "Study",
        "Use the task and an architecture of this study: --architecture, else its best one. It "
        "must be of BERTs with the vocabulary of the source network, as in the space minilm.",
    )
    architecture: str | None = ask(
        None,
        Text("D-A-H-I", "depth-heads-hidden-intermediate"),
        "Depth-heads-hidden-intermediate",
        "The student's depth, heads, hidden and intermediate size.",
        empty=ARCHITECTURE,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSpec(Description):
    """The description of a text run. On one machine, the same threads give the same rounds.

    Attributes:
        task: the texts, and how many of them are labelled.
        space: a space that contains the student, as `SearchSpace.to_dict()` returns it.
        architecture: the student's id in that space.
        training: steps of each round's trainings, batch size, Θ, first weights, source network,
            device, threads. Its `teacher` and `seeds` are not used.
        closing_steps: training steps of the last student; None means no further training.
        patience: None means that the run never ends early.
        seed: seed of the run; the splits use `task.seed`.
    """

    study: str
    task: TaskSpec
    space: Mapping[str, Any]
    architecture: str
    training: TrainingSpec = field(default_factory=TrainingSpec)
    distilled: bool = ask(
        False,
        Flag(),
        "Start from a distilled student",
        "Let every round start from a student that has learned the labeler's answers to all "
        "unlabelled texts and to synthetic ones.",
        advanced=True,
    )
    closing_steps: int | None = ask(
        None,
        Whole(step=100),
        "Steps of the last student",
        "Training steps of the last student.",
        empty="none",
        advanced=True,
    )
    labeler: str = ask(
        TEACHER,
        Text("NAME|FOLDER|ID", "teacher, probe, sklearn:CLASS, or a classifier's folder or hub id"),
        "Labeler",
        "The model that labels new texts: teacher (the source network, fine-tuned), probe (a "
        "linear probe on its vectors), sklearn:CLASS, or a classifier's folder or hub id. The "
        "better it is near the errors, the more the rounds can "
        "teach.",
    )
    temperature: float = ask(
        1.0,
        Number(is_open=True, step=0.5, metavar="T"),
        "Temperature",
        "Temperature that softens the labeler's answers; 1 leaves them unchanged.",
        example="1",
        advanced=True,
    )
    threshold: float = ask(
        0.0,
        Number(0, 1, step=0.05),
        "Minimum confidence",
        "The labeler abstains below this confidence.",
        example="0.8",
        advanced=True,
    )
    hard_labels: bool = ask(
        False,
        Flag(),
        "Learn classes instead of probabilities",
        "Learn the labeler's classes, not its probabilities.",
        advanced=True,
    )
    representation: str = ask(
        SOURCE,
        Choice(REPRESENTATIONS),
        "Near in",
        "The vectors to measure distances with: the source network's sentence vectors, those of "
        "each round's student, or means of word vectors, the fastest for edited texts.",
        advanced=True,
    )
    sampler: str = ask(
        "mixture",
        Choice(SAMPLERS),
        "Sampler",
        "How to find a new text near a dev error: retrieval takes it from the unlabelled pool, "
        "edits changes some of its words, mix blends it with a neighbour, mixture does some of "
        "each.",
    )
    pool: str | None = ask(
        None,
        Text("FILE", "a data file"),
        "File of more unlabelled texts",
        "A file of more unlabelled texts, with the same column names as the task.",
        empty="none",
    )
    radius: float | None = ask(
        None,
        _RADIUS,
        "Radius",
        "Largest distance of a new text from its dev error, in the representation space.",
        empty="chosen from the data",
    )
    trusted_only: bool = ask(
        True,
        Flag("all_errors"),
        "Only near errors that the labeler gets right",
        "Sample only near the dev errors that the labeler gets right, or near all of them.",
        advanced=True,
    )
    rounds: int = ask(6, _ROUNDS, "Rounds at most", "Run at most this many rounds of sampling.")
    points: int | None = ask(
        None, _POINTS, "Points at most", "Add at most this many points.", empty="no limit"
    )
    points_per_error: int = ask(
        1, Whole(), "Points per error", "Propose this many points per dev error and round."
    )
    points_per_round: int | None = ask(
        None,
        Whole(),
        "Points per round",
        "Propose at most this many points in a round.",
        empty="no limit",
        advanced=True,
    )
    minutes: float | None = ask(
        None,
        MINUTES,
        "Minutes at most",
        "Start no new round after this many minutes.",
        empty="no limit",
        example="10",
    )
    patience: int | None = ask(
        3,
        Whole(may_be_none=True),
        "Patience",
        "Stop after this many rounds without a lower dev error.",
        advanced=True,
    )
    replays: int = ask(
        0,
        Whole(0),
        "Replays",
        "Repeat a round whose points raised the dev error, at most this many times in a run.",
        advanced=True,
    )
    seed: int = ask(0, SEED, "Seed", "Seed for the run; on the torus, also for the splits.")

    def __post_init__(self) -> None:
        check_name(self.study)
        check_fields(self)

    @property
    def teacher_folder(self) -> str | None:
        """Folder or hub id of a labeler network; None if the source network is fine-tuned."""
        fitted = self.labeler in (TEACHER, PROBE) or self.labeler.startswith(SKLEARN)
        return None if fitted else self.labeler

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON; `task` is the task's name, `task_spec` the whole task."""
        return {**to_json(self), "task": self.task.task, "task_spec": self.task.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; other keys are ignored."""
        return from_json(cls, {**values, "task": values.get("task_spec")}, what="the text run")


def is_torus_run(asked: Mapping[str, Any]) -> bool:
    """Check whether these options, written or entered, request the torus."""
    return asked.get("task") in (None, "", TORUS) and not asked.get("from_study")
