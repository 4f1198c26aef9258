"""The frozen description of a fine-tuning: which points, on which tasks, by which recipe."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from bort.core.baseline import is_soft_labels
from bort.core.errors import InvalidFieldError
from bort.core.fields import Description, ask, check_fields
from bort.core.kinds import Choice, Flag, Number, Several, Text, Whole
from bort.core.loggers import ask_loggers
from bort.core.study import (
    LEARNING_RATES,
    MOST_AT_ONCE,
    RATE,
    SEED,
    TEXTS_PER_STEP,
    LatencySpec,
    TaskSpec,
    TrainingSpec,
)

Stage = Literal["distil", "finetune", "agora"]
Donor = Literal["teacher", "source"]
Texts = Literal["labelled", "all"]

STAGES: tuple[Stage, ...] = get_args(Stage)
DONORS: tuple[Donor, ...] = get_args(Donor)
TEXTS: tuple[Texts, ...] = get_args(Texts)

USUAL_COPIES, MOST_COPIES = 8, 24  # synthetic texts per training text
MANY_TEXTS = 50_000

_EPOCHS = Number(0, 1000, is_open=True, metavar="E")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe(Description):
    """The training of a picked architecture. Stages are kept in the order of `STAGES`."""

    stages: tuple[Stage, ...] = ask(
        ("distil", "finetune"),
        Several(Choice(STAGES), f"one or more of {', '.join(STAGES)}", least=1),
        "Stages",
        "Stages to run, always in this order: distil, finetune, agora.",
    )
    epochs: float = ask(4.0, _EPOCHS, "Epochs", "Epochs of fine-tuning.")
    steps: int | None = ask(
        None, Whole(), "Steps", "Steps of fine-tuning, instead of epochs.", empty="from the epochs"
    )
    distil_epochs: float | None = ask(
        None,
        _EPOCHS,
        "Epochs of distillation",
        "Epochs of distillation over all of its texts.",
        empty="1, or 2 for networks without transformer layers",
    )
    distil_steps: int | None = ask(
        None,
        Whole(),
        "Steps of distillation",
        "Steps of distillation, instead of epochs.",
        empty="from the epochs",
    )
    distil_from: Donor = ask(
        "teacher",
        Choice(DONORS),
        "Distil from",
        "Imitate the inner states of the fine-tuned teacher, or of the pretrained source network.",
    )
    distil_learning_rate: float | None = ask(
        None,
        RATE,
        "Learning rate of distillation",
        "Learning rate of distillation.",
        empty="as in a search",
        example="5e-4",
    )
    copies: int | None = ask(
        None,
        Whole(0),
        "Synthetic texts",
        "Synthetic texts per training text, for distillation.",
        empty="8, or up to 24 for networks without transformer layers",
    )
    other_tasks: bool = ask(
        True,
        Flag(),
        "Texts of other tasks",
        "Also distil on the training texts of the other prepared tasks.",
    )
    texts: Texts = ask(
        "labelled",
        Choice(TEXTS),
        "Texts",
        "Fine-tune on the labelled texts only, or on all texts, unlabelled and synthetic ones "
        "included.",
    )
    learning_rates: tuple[float, ...] = ask(
        (),
        LEARNING_RATES,
        "Learning rates",
        "Learning rates for fine-tuning. Each is tried with the first seed; the one with the "
        "lowest dev error is used.",
        empty="as in a search, or a tenth of that after distillation",
        example="3e-4,1e-3",
    )
    batch_size: int = ask(32, TEXTS_PER_STEP, "Texts per step", "Texts per step, in all stages.")
    temperature: float = ask(
        1.0,
        _EPOCHS,
        "Temperature",
        "Temperature that softens the teacher's answers; 1 leaves them unchanged.",
    )
    hard: float = ask(
        0.0,
        Number(0, 1, step=0.1),
        "True labels",
        "Weight of the true labels, if known, in the targets, from 0 to 1.",
        example="0.5",
    )
    evaluations: int = 20  # most evaluations on dev per stage
    patience: int = ask(
        8,
        Whole(),
        "Patience",
        "Stop fine-tuning after this many evaluations on dev without a lower error.",
    )
    agora_rounds: int = 3  # in the stage agora

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("evaluations", "agora_rounds"):
            if getattr(self, name) < 1:
                raise InvalidFieldError(name, f"{name} must be 1 or more")
        object.__setattr__(self, "stages", tuple(s for s in STAGES if s in self.stages))

    @property
    def uses_pool(self) -> bool:
        """Whether a stage reads texts without labels."""
        return "distil" in self.stages or self.texts == "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuneSpec(Description):
    """Everything that defines a fine-tuning. Same spec, same machine, same result.

    Attributes:
        study: the study that the points were picked from.
        picks: ids of architectures of its space.
        tasks: the study's own, or all named tasks.
        training: source, teacher, first weights, maximum length, device, threads: the study's.
        latency: the study's; `runtimes` are measured under the same batch, length and threads.
        space: the study's, as `SearchSpace.to_dict()` gives it.
        dev_is_seen: training texts were made near those of dev, as Agora makes them.
    """

    study: str
    picks: tuple[str, ...]
    tasks: tuple[TaskSpec, ...]
    training: TrainingSpec
    latency: LatencySpec
    space: Mapping[str, Any]
    runtimes: tuple[str, ...] = ask(
        ("torch-float32",),
        Several(Text("NAME"), "names of runtimes, separated by commas", least=1),
        "Runtimes",
        "Measure latency on these runtimes. Reports use the first one.",
    )
    recipe: Recipe = field(default_factory=Recipe)
    seeds: int = ask(
        1, Whole(), "Seeds", "Trainings per pick and task. More than one gives an interval."
    )
    seed: int = ask(0, SEED, "First seed", "The first seed.")
    parallel: int = ask(
        1,
        Whole(1, MOST_AT_ONCE, metavar="N"),
        "Trainings at once",
        "Have this many trainings at once, each on its share of the cores.",
    )
    compare: bool = ask(
        True,
        Flag(),
        "Baselines",
        "Also train the baselines: the student without a teacher, and tf-idf with logistic "
        "regression.",
    )
    loggers: tuple[str, ...] = ask_loggers("the training curves")
    dev_is_seen: bool = False

    def follows_inside(self, pick: str) -> bool:
        """Whether distillation compares inner states as well as answers.

        If so, the network that it imitates runs on every batch. Only a BERT student can compare
        inner states. In a space of several families, a pick's id begins with its family.
        """
        family = pick.partition("-")[0] if "families" in self.space else self.space["family"]
        return bool(family == "bert")

    def by_kind(self) -> "tuple[FineTuneSpec, ...]":
        """Divide the picks into BERTs and others: they learn from other texts, in other ways."""
        kinds = dict.fromkeys(map(self.follows_inside, self.picks))
        groups = (tuple(p for p in self.picks if self.follows_inside(p) is kind) for kind in kinds)
        return tuple(replace(self, picks=picks) for picks in groups)

    def copies_of(self, texts: int) -> int:
        """How many synthetic texts to make of each of `texts` texts.

        A network without transformer layers learns from answers alone and trains in seconds, so
        more texts are worth their answers: up to `MOST_COPIES`, about `MANY_TEXTS` in all.
        """
        if self.recipe.copies is not None:
            return self.recipe.copies
        if self._has_layers:
            return USUAL_COPIES
        return min(max(MANY_TEXTS // max(texts, 1), USUAL_COPIES), MOST_COPIES)

    def same_texts(self, other: "FineTuneSpec") -> bool:
        """Whether another fine-tuning of one task has the same texts and answers to distil from."""
        return (
            self.labels_pool == other.labels_pool
            and self.training == other.training
            and self.seed == other.seed
            and self.recipe.copies == other.recipe.copies
            and self.recipe.other_tasks == other.recipe.other_tasks
            and self._has_layers == other._has_layers
        )

    @property
    def distil_epochs(self) -> float:
        """Epochs of distillation, as asked for or by the kind of networks."""
        return self.recipe.distil_epochs or (1.0 if self._has_layers else 2.0)

    @property
    def _has_layers(self) -> bool:
        return any(map(self.follows_inside, self.picks))

    @property
    def labels_pool(self) -> bool:
        """Whether the teacher must label the unlabelled texts before anything is trained.

        A file of soft labels answers no new texts, so only those that it answers are then used.
        """
        stages = self.recipe.stages
        if self.recipe.texts == "all" and stages != ("distil",):
            return True
        if is_soft_labels(self.training.teacher):
            is_on_the_way = "finetune" in stages  # which learns the answers
        else:
            is_on_the_way = self.recipe.distil_from == "source" or self.training.teacher is None
        all_follow = all(map(self.follows_inside, self.picks))
        return "distil" in stages and not (all_follow and is_on_the_way)
