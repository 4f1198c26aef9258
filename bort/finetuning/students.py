"""Train students: an architecture on a task, seed by seed, stage by stage.

`students` decides which stages are trained in which order; `run_training` trains one.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from bort.core.architecture import Architecture
from bort.core.errors import StoreError
from bort.finetuning.agora_stage import near_errors
from bort.finetuning.setup import TaskSetup
from bort.finetuning.stages import StageKind, stage_name
from bort.training.attempts import DISTILLED, default_learning_rate
from bort.training.candidate import Candidate
from bort.training.distillation import DistillationWeights, distillation
from bort.training.execution import ShouldStop
from bort.training.forward import best_dtype, forward_of
from bort.training.loop import Examples, Objective, TrainingSettings, predict
from bort.training.probabilities import softmax
from bort.training.stage import (
    StageStep,
    StageTraining,
    result_of,
    run_stage,
    stage_result,
    stage_weights,
)

T = TypeVar("T")

DISTIL_WEIGHTS = DistillationWeights()
FROM_SOURCE = DistillationWeights(answers=0.0)  # whatever is followed cannot answer the texts


@dataclass(frozen=True)
class Training:
    """One stage of one student.

    Attributes:
        seed: decides its initial weights and the order of the texts.
        learning_rate: the peak learning rate.
        begins_with: folder of the finished stage whose weights it starts from; None starts anew.
        round: Agora's round, from 1; 0 for other kinds.
    """

    kind: StageKind
    architecture: Architecture
    seed: int
    learning_rate: float
    begins_with: Path | None = None
    round: int = 0

    @property
    def stage(self) -> str:
        """The name of the stage: "distil", "finetune", "agora1", "agora2", ..., "plain"."""
        return f"{self.kind}{self.round or ''}"

    @property
    def name(self) -> str:
        """The training's name, unique in a task and part of the names of folders and curves."""
        return stage_name(
            self.architecture.id, self.stage, seed=self.seed, learning_rate=self.learning_rate
        )


@dataclass(frozen=True)
class TrainedStage:
    """A finished training, the folder of its weights, and the student's stages before it."""

    training: Training
    folder: Path
    earlier: "tuple[TrainedStage, ...]" = ()

    @property
    def stages(self) -> "tuple[TrainedStage, ...]":
        """All stages of this student, in order."""
        return (*self.earlier, self)


Chain = Generator[Sequence[Training], Sequence[Path], T]
"""Asks for trainings that need not wait for each other, gets their folders, and so on."""

Train = Callable[[Training], Path]
"""Trains to the end and returns the folder."""


def follow(chain: Chain[T], train: Train) -> T:
    """Train what a chain asks for, one after the other, and return its result."""
    try:
        wanted = next(chain)
        while True:
            wanted = chain.send([train(training) for training in wanted])
    except StopIteration as end:
        found: T = end.value
        return found


def students(setup: TaskSetup, architecture: Architecture) -> Chain[list[TrainedStage]]:
    """Train an architecture with every seed. Distillation runs once, and all seeds start from it.

    Returns:
        The last stage of each seed's student; a single one if the recipe does not fine-tune.
    """
    recipe, first = setup.spec.recipe, setup.spec.seed
    found: list[TrainedStage] = []
    if StageKind.DISTIL in recipe.stages:
        rate = rate_of(setup, architecture, StageKind.DISTIL)
        found = yield from _next([(Training(StageKind.DISTIL, architecture, first, rate), None)])
    if StageKind.FINETUNE in recipe.stages:
        found = yield from _finetuned(setup, architecture, found[-1] if found else None)
    rounds = recipe.agora_rounds if StageKind.AGORA in recipe.stages else 0
    for number in range(1, rounds + 1):
        rate = rate_of(setup, architecture, StageKind.AGORA)
        before: list[TrainedStage | None] = [*found] or [None]
        seeds = [first if one is None else one.training.seed for one in before]
        found = yield from _next(
            (Training(StageKind.AGORA, architecture, seed, rate, round=number), one)
            for seed, one in zip(seeds, before, strict=True)
        )
    return found


def _finetuned(
    setup: TaskSetup, architecture: Architecture, base: TrainedStage | None
) -> Chain[list[TrainedStage]]:
    """Try all learning rates with the first seed, and the best with the others."""
    recipe, first = setup.spec.recipe, setup.spec.seed

    def tuned(seed: int, rate: float) -> "tuple[Training, TrainedStage | None]":
        return Training(StageKind.FINETUNE, architecture, seed, rate), base

    rates = recipe.learning_rates or (rate_of(setup, architecture, StageKind.FINETUNE),)
    if len(rates) == 1:
        seeds = range(first, first + setup.spec.seeds)
        return (yield from _next(tuned(seed, rates[0]) for seed in seeds))
    tried = yield from _next(tuned(first, rate) for rate in rates)
    best = min(range(len(tried)), key=lambda i: result_of(tried[i].folder).dev_error)
    others = range(first + 1, first + setup.spec.seeds)
    found = yield from _next(tuned(seed, rates[best]) for seed in others)
    return [tried[best], *found]


def _next(
    wanted: "Iterable[tuple[Training, TrainedStage | None]]",
) -> Chain[list[TrainedStage]]:
    """Train the next stage of some students, each after the one before it, if any."""
    following = [
        (training if one is None else replace(training, begins_with=one.folder), one)
        for training, one in wanted
    ]
    folders = yield [training for training, _ in following]
    return [
        TrainedStage(training, folder, () if one is None else one.stages)
        for (training, one), folder in zip(following, folders, strict=True)
    ]


def plain(setup: TaskSetup, architecture: Architecture) -> Chain[TrainedStage]:
    """Train the baseline: the same architecture from random weights, on the true labels only."""
    rate = rate_of(setup, architecture, StageKind.PLAIN)
    training = Training(StageKind.PLAIN, architecture, setup.spec.seed, rate)
    [found] = yield from _next([(training, None)])
    return found


def rate_of(setup: TaskSetup, architecture: Architecture, kind: StageKind) -> float:
    """Return the default learning rate of a stage.

    A file of soft labels is first learned in fine-tuning, so nothing of it can be undone there.
    """
    spec = setup.spec
    initialise = "scratch" if kind is StageKind.PLAIN else spec.training.initialise
    space, own = setup.space.member(architecture)
    rate = default_learning_rate(own.as_dict(), initialise, space.family_name)
    if kind is StageKind.DISTIL:
        return spec.recipe.distil_learning_rate or rate
    is_from_file = setup.teacher.soft_labels is not None
    is_trained = kind is not StageKind.PLAIN and not is_from_file
    is_distilled = is_trained and StageKind.DISTIL in spec.recipe.stages
    return rate * DISTILLED if is_distilled or kind is StageKind.AGORA else rate


def run_training(
    setup: TaskSetup,
    training: Training,
    folder: Path,
    *,
    should_stop: ShouldStop | None = None,
    clock: Callable[[], float] | None = None,
) -> Iterator[StageStep]:
    """Train or continue a stage; yields nothing if it is finished. Raises like `run_stage`."""
    if stage_result(folder) is None:
        stage = _stage(setup, training, folder, should_stop)
        yield from run_stage(stage if clock is None else replace(stage, clock=clock))


def _stage(
    setup: TaskSetup, training: Training, folder: Path, should_stop: ShouldStop | None
) -> StageTraining:
    recipe = setup.spec.recipe
    candidate = first_weights(setup, training)
    settings = TrainingSettings(
        steps=setup.steps_of(training.kind),
        batch_size=recipe.batch_size,
        learning_rate=training.learning_rate,
        seed=training.seed,
    )
    is_distilling = training.kind is StageKind.DISTIL
    return StageTraining(
        name=training.name,
        folder=folder,
        model=candidate.model,
        examples=_examples(setup, training, folder),
        settings=settings,
        objective=_objective(setup, training.architecture, candidate) if is_distilling else None,
        dev_error=lambda: dev_error(setup, training.architecture, candidate.model),
        evaluations=recipe.evaluations,
        patience=None if is_distilling else recipe.patience,
        keep="last" if is_distilling else "best",
        should_stop=should_stop,
    )


def first_weights(setup: TaskSetup, training: Training) -> Candidate:
    """Build the student as it is when a stage starts.

    Raises:
        StoreError: the weights of the previous stage are missing or damaged.
    """
    is_plain = training.kind is StageKind.PLAIN
    candidate = setup.build(training.architecture, training.seed, from_scratch=is_plain)
    if training.begins_with is not None:
        load_weights(candidate.model, training.begins_with)
    return candidate


def load_weights(model: Any, folder: Path) -> None:
    """Fill `model` with the final weights of the stage in `folder`.

    Raises:
        StoreError: they are missing or damaged.
    """
    weights = stage_weights(folder)
    if weights is None:
        raise StoreError(
            f"{folder} contains no finished stage or a damaged one; delete it and resume the job"
        )
    model.load_state_dict(weights)


def _examples(setup: TaskSetup, training: Training, folder: Path) -> Examples:
    recipe, architecture = setup.spec.recipe, training.architecture
    if training.kind is StageKind.PLAIN:
        return setup.labelled(architecture, hard=1.0)
    if training.kind is StageKind.DISTIL:
        if setup.labels_pool:
            return setup.everything(architecture, hard=0.0)
        return setup.without_answers(architecture)
    chosen = setup.everything if recipe.texts == "all" else setup.labelled
    usual = chosen(architecture, hard=recipe.hard)
    if training.kind is not StageKind.AGORA:
        return usual
    added = near_errors(
        setup,
        architecture,
        first_weights(setup, training).model,
        folder,
        seed=(training.seed, training.round),
        previous=training.begins_with,
    )
    return Examples(
        usual.tokens.joined(added.tokens),
        np.concatenate([usual.targets, added.targets]),
        usual.padding,
    )


def _objective(
    setup: TaskSetup, architecture: Architecture, candidate: Candidate
) -> Objective | None:
    """Choose the objective: inner states and answers for a BERT, else only answers (None)."""
    spec = setup.spec
    if not spec.follows_inside(architecture.id):
        return None
    return distillation(
        candidate.model,
        setup.model_to_follow(),
        setup.projection(candidate),
        weights=DISTIL_WEIGHTS if setup.distils_answers else FROM_SOURCE,
        dtype=best_dtype(setup.oracle.device),
        temperature=None if setup.labels_pool else spec.recipe.temperature,
        match=setup.word_match(architecture),
    )


def dev_error(setup: TaskSetup, architecture: Architecture, model: Any) -> float:
    """Compute the share of dev texts that the model answers wrongly."""
    encoded = setup.encoded_for(architecture)
    logits = predict(model, encoded.splits["dev"], padding=encoded.padding)
    return float(np.mean(logits.argmax(1) != setup.task.dev.labels))


def answers(
    setup: TaskSetup, architecture: Architecture, model: Any, split: str
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Predict the classes for a split and their probabilities, each of shape (n,).

    In float32, like the exported model.
    """
    exact = forward_of(model, dtype=torch.float32)
    encoded = setup.encoded_for(architecture)
    logits = predict(model, encoded.splits[split], padding=encoded.padding, forward=exact)
    return logits.argmax(1), softmax(logits).max(1)
