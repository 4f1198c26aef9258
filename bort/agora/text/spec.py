"""The description of a run of Agora on a text task, in values that survive JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from bort.agora.loop import AgoraOptions
from bort.agora.loop.labelers import check_care
from bort.core.architecture import Architecture
from bort.core.errors import InvalidFieldError, InvalidOptionError
from bort.core.study import TaskSpec, TrainingSpec, check_name
from bort.families import SearchSpace

EDITS = "edits"
SAMPLERS = ("mixture", "retrieval", EDITS, "mix")
SOURCE, STUDENT, WORDS = "source", "student", "words"
REPRESENTATIONS = (SOURCE, STUDENT, WORDS)
TEACHER, PROBE = "teacher", "probe"
SKLEARN = "sklearn:"  # the prefix of a scikit-learn labeler's name: sklearn:LogisticRegression
# Classifiers that predict probabilities from sparse, non-negative features, by module and options.
# No other class is ever built.
CLASSIFIERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "BernoulliNB": ("naive_bayes", {}),
    "ComplementNB": ("naive_bayes", {}),
    "ExtraTreesClassifier": ("ensemble", {"n_estimators": 200}),
    "KNeighborsClassifier": ("neighbors", {"n_neighbors": 15, "metric": "cosine"}),
    "LogisticRegression": ("linear_model", {"C": 10.0, "max_iter": 1000}),
    "MultinomialNB": ("naive_bayes", {}),
    "RandomForestClassifier": ("ensemble", {"n_estimators": 200}),
    "SGDClassifier": ("linear_model", {"loss": "log_loss"}),
}
PLAIN, RANDOM, AGORA = "plain", "random", "agora"  # the arms of a comparison
HALF, DOUBLE = "-half", "-double"  # an arm with half, or twice, as many points
ARMS = (AGORA, AGORA + HALF, PLAIN, RANDOM, RANDOM + HALF)
BENCH_ARMS = (*ARMS, RANDOM + DOUBLE)
BERT_DIMENSIONS = ("depth", "heads", "hidden", "intermediate")
# Shares of the samplers in a mixture; without a pool, those that need one are left out.
SHARES: Mapping[str, float] = {"retrieval": 0.85, "edits": 0.05, "mix": 0.1}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSpec:
    """The description of a text run. On one machine with the same threads it gives the same rounds.

    Attributes:
        study: name of the run.
        task: the texts, and how many of them are labelled.
        space: a space that holds the student, as `SearchSpace.to_dict()` returns it.
        architecture: the student's id in that space.
        training: steps of each round's trainings, batch size, Θ, first weights, source network,
            device, threads. Its `teacher` and `seeds` are not used.
        closing_steps: training steps of the last student; None trains it no further.
        labeler: "teacher" (the source network fine-tuned on the training split), "probe" (a
            linear probe on frozen sentence vectors), "sklearn:NAME", or a folder or hub id.
        temperature, threshold, hard_labels: see `bort.agora.loop.labelers.CarefulLabeler`.
        representation: "source" (the source network's sentence vectors), "student" (the student's
            own), or "words" (means of the source network's word vectors).
        sampler: one of `SAMPLERS`.
        pool: a data file with further unlabelled texts, with the task's column names.
        radius: the largest distance from a dev error; None chooses it from the data.
        trusted_only, rounds, points, points_per_error, points_per_round, patience, replays: see
            `AgoraOptions`.
        minutes: no round starts after this many minutes.
        seed: seed of the run; the splits use `task.seed`.

    Raises:
        InvalidFieldError: a value cannot be used.
    """

    study: str
    task: TaskSpec
    space: Mapping[str, Any]
    architecture: str
    training: TrainingSpec = field(default_factory=TrainingSpec)
    closing_steps: int | None = None
    labeler: str = TEACHER
    temperature: float = 1.0
    threshold: float = 0.0
    hard_labels: bool = False
    representation: str = SOURCE
    sampler: str = "mixture"
    pool: str | None = None
    radius: float | None = None
    trusted_only: bool = True
    rounds: int = 6
    points: int | None = None
    points_per_error: int = 1
    points_per_round: int | None = None
    minutes: float | None = None
    patience: int | None = 3
    replays: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        check_name(self.study)
        if self.sampler not in SAMPLERS:
            _refuse("sampler", self.sampler, SAMPLERS)
        if self.representation not in REPRESENTATIONS:
            _refuse("representation", self.representation, REPRESENTATIONS)
        if self.labeler.startswith(SKLEARN):
            check_classifier(self.labeler.removeprefix(SKLEARN))
        if self.closing_steps is not None and self.closing_steps < 1:
            raise InvalidFieldError(
                "closing_steps", f"closing steps must be 1 or more, got {self.closing_steps}"
            )
        if self.minutes is not None and not 0 < self.minutes < float("inf"):
            raise InvalidFieldError(
                "minutes", f"minutes must be more than 0, got {self.minutes!r}; try 10"
            )
        check_care(self.temperature, self.threshold)
        self.student()
        self.options(radius=1.0 if self.radius is None else self.radius)

    @property
    def teacher_folder(self) -> str | None:
        """Folder or hub id of a labeler network; None if the source network is fine-tuned."""
        fitted = self.labeler in (TEACHER, PROBE) or self.labeler.startswith(SKLEARN)
        return None if fitted else self.labeler

    def student(self) -> tuple[SearchSpace, Architecture]:
        """Return the student's space and its architecture.

        Raises:
            InvalidArchitectureError: the space does not hold it.
        """
        space = SearchSpace.from_dict(self.space)
        return space, space.named(self.architecture)

    def options(self, *, radius: float) -> AgoraOptions:
        """Return the options of the loop."""
        return AgoraOptions(
            radius=radius,
            rounds=self.rounds,
            points=self.points,
            points_per_error=self.points_per_error,
            points_per_round=self.points_per_round,
            hyperparameter_sets=tuple({"learning_rate": r} for r in self.training.learning_rates)
            or ({},),
            patience=self.patience,
            replays=self.replays,
            trusted_only=self.trusted_only,
            seed=self.seed,
        )

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON; `task` is the task's name, `task_spec` the whole task."""
        return {**asdict(self), "task": self.task.task, "task_spec": self.task.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TextSpec":
        """Read what `to_dict` wrote; other keys are ignored."""
        known = {f.name for f in fields(cls)}
        given = {key: value for key, value in values.items() if key in known}
        given["task"] = TaskSpec.from_dict(values["task_spec"])
        given["training"] = TrainingSpec.from_dict(values["training"])
        return cls(**given)


def check_classifier(name: str) -> str:
    """Return `name` if it is an allowed scikit-learn class.

    Raises:
        InvalidOptionError: the class is not allowed.
    """
    if name not in CLASSIFIERS:
        raise InvalidOptionError(
            f"{name!r} is not among the scikit-learn classifiers that can label; "
            f"choose one of {', '.join(CLASSIFIERS)}"
        )
    return name


def usual_representation(sampler: str, *, has_pool: bool) -> str:
    """Choose where "near" is measured, so that it never costs more than the training.

    A pool passes the source network once. New texts would each pass it, which takes several times
    as long as the training of a round (docs/agora.md, "Speed").
    """
    return SOURCE if has_pool and sampler != EDITS else WORDS


def small_space(architecture: str, source: Mapping[str, Any]) -> SearchSpace:
    """Make the space of one BERT, given as DEPTH-HEADS-HIDDEN-INTERMEDIATE.

    Args:
        source: the source network's configuration; the student uses the same tokens.

    Raises:
        InvalidArchitectureError: the text is not four whole numbers.
        InvalidSpaceError: no model can have these dimensions.

    Examples:
        >>> small_space("2-2-128-512", {}).architecture(0).id
        '2-2-128-512'
    """
    sizes = Architecture.from_id(architecture, BERT_DIMENSIONS).as_dict()
    dimensions = {name: (size,) for name, size in sizes.items()}
    counted = {"vocabulary": "vocab_size", "positions": "max_position_embeddings"}
    fixed = {name: source[key] for name, key in counted.items() if key in source}
    return SearchSpace(name=architecture, family_name="bert", dimensions=dimensions, fixed=fixed)


def suggested_study(task: str, architecture: str) -> str:
    """Suggest a name for a run on this task (a name, file or `hub:ID`)."""
    stem = Path(task.replace(":", "-")).stem
    plain = "".join(c if c.isalnum() and c.isascii() else "-" for c in stem).strip("-")
    return check_name(f"agora-{plain or 'task'}-{architecture}"[:80])


def _refuse(name: str, value: str, choices: tuple[str, ...]) -> None:
    raise InvalidFieldError(name, f"unknown {name} {value!r}; choose one of {', '.join(choices)}")
