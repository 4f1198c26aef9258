"""One student: an architecture trained on a task with one seed, stage after stage."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bort.architecture import Architecture
from bort.errors import StoreError
from bort.finetuning.classroom import Classroom
from bort.finetuning.stage import (
    StageResult,
    StageStep,
    StageTraining,
    run_stage,
    stage_result,
    stage_weights,
)
from bort.training.candidate import Candidate
from bort.training.distillation import DistillationWeights, distillation
from bort.training.forward import best_dtype, forward_of
from bort.training.learning_rates import default_learning_rate
from bort.training.loop import Examples, Objective, TrainingSettings, predict
from bort.training.stopping import ShouldStop

DISTIL_WEIGHTS = DistillationWeights()
FROM_SOURCE = DistillationWeights(answers=0.0)  # the source network answers no task's question


@dataclass(frozen=True)
class Unit:
    """One stage of one student.

    Attributes:
        stage: "distil", "finetune" or "plain", a fine-tuning without distillation.
        architecture: of the student.
        seed: of its first weights and order.
        learning_rate: at its highest.
        begins_with: folder of the finished stage whose weights it begins with; None begins fresh.
    """

    stage: str
    architecture: Architecture
    seed: int
    learning_rate: float
    begins_with: Path | None = None

    @property
    def name(self) -> str:
        """Short and unique within a task: part of a folder's and a curve's name."""
        return f"{self.architecture.id}/{self.stage}-seed{self.seed}-lr{self.learning_rate:.3g}"


@dataclass(frozen=True)
class Finished:
    """A unit that is over, and the folder of its weights."""

    unit: Unit
    folder: Path


def units_of(
    room: Classroom, architecture: Architecture, train: Callable[[Unit], Path]
) -> list[Finished]:
    """Train an architecture with every seed; distilled once, with the first, for all of them.

    Args:
        train: trains a unit to its end and returns its folder.
    Returns:
        One per seed; one in all where the recipe only distils.
    """
    recipe, first = room.spec.recipe, room.spec.seed
    base: Path | None = None
    if "distil" in recipe.stages:
        unit = Unit("distil", architecture, first, rate_of(room, architecture, "distil"))
        base = train(unit)
        if "finetune" not in recipe.stages:
            return [Finished(unit, base)]

    def finetuned(seed: int, rate: float) -> Finished:
        unit = Unit("finetune", architecture, seed, rate, base)
        return Finished(unit, train(unit))

    rates = recipe.learning_rates or (rate_of(room, architecture, "finetune"),)
    tried = [finetuned(first, rate) for rate in rates]
    best = min(range(len(tried)), key=lambda i: result_of(tried[i].folder).dev_error)
    others = range(first + 1, first + room.spec.seeds)
    return [tried[best], *(finetuned(seed, rates[best]) for seed in others)]


def plain_unit(room: Classroom, architecture: Architecture) -> Unit:
    """The same architecture from random weights, on the true labels alone."""
    rate = rate_of(room, architecture, "plain")
    return Unit("plain", architecture, room.spec.seed, rate)


def planned_steps(room: Classroom) -> int:
    """Steps of all units of one architecture, if none ends early."""
    recipe = room.spec.recipe
    steps = steps_of(room, "plain") if room.spec.compare else 0
    if "distil" in recipe.stages:
        steps += steps_of(room, "distil")
    if "finetune" in recipe.stages:
        trainings = max(1, len(recipe.learning_rates)) + room.spec.seeds - 1
        steps += steps_of(room, "finetune") * trainings
    return steps


def rate_of(room: Classroom, architecture: Architecture, stage: str) -> float:
    """The learning rate of a stage where none is asked for."""
    initialise = "scratch" if stage == "plain" else room.spec.training.initialise
    rate = default_learning_rate(architecture.as_dict(), initialise)
    if stage == "distil":
        return room.spec.recipe.distil_learning_rate or rate
    return rate


def steps_of(room: Classroom, stage: str) -> int:
    """Optimiser steps of a stage."""
    recipe = room.spec.recipe
    texts = _texts(room, stage)
    given, epochs = (
        (recipe.distil_steps, recipe.distil_epochs)
        if stage == "distil"
        else (recipe.steps, recipe.epochs)
    )
    return given or max(1, round(epochs * texts / recipe.batch_size))


def _texts(room: Classroom, stage: str) -> int:
    takes_all = stage == "distil" or (room.spec.recipe.texts == "all" and stage != "plain")
    pool = len(room.encoded.splits["pool"]) if "pool" in room.encoded.splits else 0
    return len(room.task.train) + (pool if takes_all else 0)


def run_unit(
    room: Classroom,
    unit: Unit,
    folder: Path,
    *,
    should_stop: ShouldStop | None = None,
    clock: Callable[[], float] | None = None,
) -> Iterator[StageStep]:
    """Train a unit, or go on with it; a finished one yields nothing. Raises as `run_stage`."""
    if stage_result(folder) is None:
        training = _training(room, unit, folder, should_stop)
        yield from run_stage(training if clock is None else replace(training, clock=clock))


def _training(
    room: Classroom, unit: Unit, folder: Path, should_stop: ShouldStop | None
) -> StageTraining:
    recipe = room.spec.recipe
    candidate = first_weights(room, unit)
    settings = TrainingSettings(
        steps=steps_of(room, unit.stage),
        batch_size=recipe.batch_size,
        learning_rate=unit.learning_rate,
        seed=unit.seed,
    )
    is_distilling = unit.stage == "distil"
    return StageTraining(
        name=unit.name,
        folder=folder,
        model=candidate.model,
        examples=_examples(room, unit.stage),
        settings=settings,
        objective=_objective(room, candidate) if is_distilling else None,
        dev_error=lambda: dev_error(room, candidate.model),
        looks=recipe.evaluations,
        patience=None if is_distilling else recipe.patience,
        keep="last" if is_distilling else "best",
        should_stop=should_stop,
    )


def first_weights(room: Classroom, unit: Unit) -> Candidate:
    """The student as the unit begins.

    Raises:
        StoreError: the stage before is missing or damaged.
    """
    candidate = room.build(unit.architecture, unit.seed, plain=unit.stage == "plain")
    if unit.begins_with is not None:
        load_weights(candidate.model, unit.begins_with)
    return candidate


def load_weights(model: Any, folder: Path) -> None:
    """Fill `model` with what the stage in `folder` ended with.

    Raises:
        StoreError: there is nothing, or it is damaged.
    """
    weights = stage_weights(folder)
    if weights is None:
        raise StoreError(
            f"{folder} holds no finished stage, or a damaged one; delete it and resume the job"
        )
    model.load_state_dict(weights)


def _examples(room: Classroom, stage: str) -> Examples:
    recipe = room.spec.recipe
    if stage == "plain":
        return room.labelled(hard=1.0)
    if stage == "distil" or recipe.texts == "all":
        return room.everything(hard=0.0 if stage == "distil" else recipe.hard)
    return room.labelled(hard=recipe.hard)


def _objective(room: Classroom, candidate: Candidate) -> Objective | None:
    """Inner states and answers where the student is a BERT; answers alone elsewhere."""
    if room.space.family_name != "bert":
        return None
    is_teacher = room.spec.recipe.distil_from == "teacher"
    return distillation(
        candidate.model,
        room.model_to_follow(),
        room.projection(candidate),
        weights=DISTIL_WEIGHTS if is_teacher else FROM_SOURCE,
        dtype=best_dtype(room.oracle.device),
    )


def dev_error(room: Classroom, model: Any) -> float:
    """Share of wrong dev texts."""
    logits = predict(model, room.encoded.splits["dev"], padding=room.encoded.padding)
    return float(np.mean(logits.argmax(1) != room.task.dev.labels))


def answers(room: Classroom, model: Any, split: str) -> NDArray[np.int64]:
    """The model's classes for a split, in float32, as it will answer once exported."""
    exact = forward_of(model, dtype=torch.float32)
    logits = predict(model, room.encoded.splits[split], padding=room.encoded.padding, forward=exact)
    found: NDArray[np.int64] = logits.argmax(1)
    return found


def result_of(folder: Path) -> StageResult:
    """Of a finished unit.

    Raises:
        StoreError: it is not finished.
    """
    found = stage_result(folder)
    if found is None:
        raise StoreError(f"{folder} holds no finished stage; resume the job")
    return found
