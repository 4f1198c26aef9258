"""The frozen description of a fine-tuning: what the job was asked, in values that survive JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from bort.core.errors import InvalidFieldError
from bort.core.study import LatencySpec, TaskSpec, TrainingSpec, check_batch_size

Stage = Literal["distil", "finetune", "agora"]
Donor = Literal["teacher", "source"]
Texts = Literal["labelled", "all"]

STAGES: tuple[str, ...] = get_args(Stage)
DONORS: tuple[str, ...] = get_args(Donor)
TEXTS: tuple[str, ...] = get_args(Texts)
LOGGERS = ("tensorboard", "mlflow", "wandb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a picked architecture is trained.

    Attributes:
        stages: in the order of `STAGES`; each may be left out, but not all.
        distil_steps: steps of distillation; None counts `distil_epochs` over all its texts.
        distil_from: the fine-tuned teacher, or the source network as it came.
        copies: made-up texts per training text, for distillation.
        other_tasks: distil on the training texts of the other named tasks too.
        steps: steps of fine-tuning; None counts `epochs`.
        texts: fine-tune on the labelled texts, or on all, unlabelled and made-up ones too.
        learning_rates: of fine-tuning; each is tried with the first seed, and the lowest dev
            error decides. Empty: the rule of the search.
        distil_learning_rate: None is the rule of the search.
        batch_size: texts per step, in all stages.
        temperature: that softens the teacher's answers.
        hard: share of the true labels in the targets, where they are known, 0..1.
        evaluations: how often dev is looked at in a stage, at most.
        patience: fine-tuning ends early after so many looks without a better dev error.
        agora_rounds: of the stage of that name.
    """

    stages: tuple[str, ...] = ("distil", "finetune")
    distil_steps: int | None = None
    distil_epochs: float = 1.0
    distil_from: str = "teacher"
    distil_learning_rate: float | None = None
    copies: int = 8
    other_tasks: bool = True
    steps: int | None = None
    epochs: float = 4.0
    texts: str = "labelled"
    learning_rates: tuple[float, ...] = ()
    batch_size: int = 32
    temperature: float = 1.0
    hard: float = 0.0
    evaluations: int = 20
    patience: int = 8
    agora_rounds: int = 3

    def __post_init__(self) -> None:
        unknown = [stage for stage in self.stages if stage not in STAGES]
        if unknown or not self.stages:
            raise InvalidFieldError(
                "stages",
                f"unknown stage {unknown[0]!r}; choose of {', '.join(STAGES)}"
                if unknown
                else f"no stage is named; choose of {', '.join(STAGES)}",
            )
        object.__setattr__(self, "stages", tuple(s for s in STAGES if s in self.stages))
        _choice("distil_from", self.distil_from, DONORS)
        _choice("texts", self.texts, TEXTS)
        check_batch_size(self.batch_size)
        for name in ("distil_steps", "steps"):
            if getattr(self, name) is not None:
                _at_least(name, getattr(self, name), 1)
        for name, least in (
            ("evaluations", 1),
            ("patience", 1),
            ("agora_rounds", 1),
            ("copies", 0),
        ):
            _at_least(name, getattr(self, name), least)
        for name in ("distil_epochs", "epochs", "temperature"):
            _between(name, getattr(self, name), 0, 1000)
        for rate in self.learning_rates:
            _between("learning_rates", rate, 0, 1)
        if self.distil_learning_rate is not None:
            _between("distil_learning_rate", self.distil_learning_rate, 0, 1)
        if not 0 <= self.hard <= 1:
            raise InvalidFieldError("hard", f"hard must lie in 0 to 1, got {self.hard}; try 0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuneSpec:
    """Everything that defines a fine-tuning. Same spec, same machine, same result.

    Attributes:
        study: the study that was picked from.
        picks: ids of architectures of its space.
        tasks: the study's own, or all named tasks.
        training: source, teacher, first weights, maximum length, device, threads: the study's.
        latency: the study's; `runtimes` are measured under the same batch, length and threads.
        runtimes: the first one counts.
        space: the study's, as `SearchSpace.to_dict()` gives it.
        seeds: trainings per architecture and task.
        seed: of the first.
        compare: train the plain student and tf-idf with logistic regression too.
        loggers: of `LOGGERS`; the store keeps the curves in any case.
    """

    study: str
    picks: tuple[str, ...]
    tasks: tuple[TaskSpec, ...]
    training: TrainingSpec
    latency: LatencySpec
    space: Mapping[str, Any]
    runtimes: tuple[str, ...] = ("torch-float32",)
    recipe: Recipe = field(default_factory=Recipe)
    seeds: int = 1
    seed: int = 0
    compare: bool = True
    loggers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _at_least("seeds", self.seeds, 1)
        for logger in self.loggers:
            if logger not in LOGGERS:
                raise InvalidFieldError(
                    "log", f"unknown log {logger!r}; choose of {', '.join(LOGGERS)}, or none alone"
                )

    @property
    def follows_inside(self) -> bool:
        """Distillation compares inner states, so that the network it follows runs on every batch
        and answers on the way; a student of another family learns answers alone."""
        return bool(self.space["family"] == "bert")

    @property
    def labels_pool(self) -> bool:
        """The teacher has to label the texts without labels before anything is trained."""
        stages = self.recipe.stages
        if self.recipe.texts == "all" and stages != ("distil",):
            return True
        is_on_the_way = self.recipe.distil_from == "source" or self.training.teacher is None
        return "distil" in stages and not (self.follows_inside and is_on_the_way)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "FineTuneSpec":
        """Inverse of `to_dict`."""
        return cls(
            **{
                **{key: _tupled(value) for key, value in values.items()},
                "tasks": tuple(TaskSpec.from_dict(task) for task in values["tasks"]),
                "training": TrainingSpec.from_dict(values["training"]),
                "latency": LatencySpec.from_dict(values["latency"]),
                "recipe": Recipe(**{k: _tupled(v) for k, v in values["recipe"].items()}),
            }
        )


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidFieldError(
            name, f"unknown {name.replace('_', ' ')} {value!r}; choose one of {', '.join(choices)}"
        )


def _at_least(name: str, value: object, least: int) -> None:
    if type(value) is not int or value < least:
        raise InvalidFieldError(
            name,
            f"{name.replace('_', ' ')} must be a whole number of {least} or more, got {value!r}",
        )


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low < value < high:
        raise InvalidFieldError(
            name,
            f"{name.replace('_', ' ')} must be more than {low:g} and below {high:g}, got {value:g}",
        )
