"""One student: an architecture trained on a task with one seed, stage after stage."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bort.core.errors import StoreError
from bort.finetuning.agora_stage import near_errors
from bort.finetuning.classroom import Classroom
from bort.finetuning.stage import StageStep, StageTraining, run_stage, stage_result, stage_weights
from bort.finetuning.units import Unit, steps_of
from bort.training.candidate import Candidate
from bort.training.distillation import DistillationWeights, distillation
from bort.training.execution import ShouldStop
from bort.training.forward import best_dtype, forward_of
from bort.training.loop import Examples, Objective, TrainingSettings, predict

DISTIL_WEIGHTS = DistillationWeights()
FROM_SOURCE = DistillationWeights(answers=0.0)  # the source network answers no task's question


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
        examples=_examples(room, unit, folder),
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


def _examples(room: Classroom, unit: Unit, folder: Path) -> Examples:
    recipe, stage = room.spec.recipe, unit.stage
    if stage == "plain":
        return room.labelled(hard=1.0)
    if stage == "distil":
        return room.everything(hard=0.0) if room.spec.labels_pool else room.unlabelled()
    usual = (room.everything if recipe.texts == "all" else room.labelled)(hard=recipe.hard)
    if not unit.is_agora:
        return usual
    added = near_errors(room, first_weights(room, unit).model, unit, folder)
    return Examples(
        usual.tokens.joined(added.tokens),
        np.concatenate([usual.targets, added.targets]),
        usual.padding,
    )


def _objective(room: Classroom, candidate: Candidate) -> Objective | None:
    """Inner states and answers where the student is a BERT; answers alone elsewhere."""
    spec = room.spec
    if not spec.follows_inside:
        return None
    is_teacher = spec.recipe.distil_from == "teacher"
    return distillation(
        candidate.model,
        room.model_to_follow(),
        room.projection(candidate),
        weights=DISTIL_WEIGHTS if is_teacher else FROM_SOURCE,
        dtype=best_dtype(room.oracle.device),
        temperature=None if spec.labels_pool else spec.recipe.temperature,
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
