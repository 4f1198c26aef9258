"""The stages of a fine-tuning, their steps and their curves. Imports no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bort.core.finetune import FineTuneSpec


class StageKind(StrEnum):
    """The kinds of stages. The values are stored."""

    DISTIL = "distil"
    FINETUNE = "finetune"
    AGORA = "agora"
    PLAIN = "plain"  # fine-tuning from random weights on the true labels: a baseline


def trainings_of(spec: FineTuneSpec) -> list[StageKind]:
    """List the stages to train for one pick, over all seeds."""
    recipe = spec.recipe
    found = []
    if StageKind.DISTIL in recipe.stages:
        found.append(StageKind.DISTIL)
    if StageKind.FINETUNE in recipe.stages:
        found += [StageKind.FINETUNE] * (max(1, len(recipe.learning_rates)) + spec.seeds - 1)
    if StageKind.AGORA in recipe.stages:
        students = spec.seeds if StageKind.FINETUNE in recipe.stages else 1
        found += [StageKind.AGORA] * (students * recipe.agora_rounds)
    if spec.compare:
        found.append(StageKind.PLAIN)
    return found


def in_turn_of(spec: FineTuneSpec) -> list[StageKind]:
    """List the longest row of stages of one pick that have to wait for each other."""
    recipe, found = spec.recipe, []
    if StageKind.DISTIL in recipe.stages:
        found.append(StageKind.DISTIL)
    if StageKind.FINETUNE in recipe.stages:
        waits = len(recipe.learning_rates) > 1 and spec.seeds > 1  # for the best of them
        found += [StageKind.FINETUNE] * (2 if waits else 1)
    return found + [StageKind.AGORA] * (StageKind.AGORA in recipe.stages) * recipe.agora_rounds


def steps_of(spec: FineTuneSpec, kind: StageKind, *, labelled: int, pool: int) -> int:
    """Compute the optimiser steps of a stage that does not end early."""
    recipe = spec.recipe
    if kind is StageKind.AGORA:
        usual = steps_of(spec, StageKind.FINETUNE, labelled=labelled, pool=pool)
        return max(1, usual // 2)
    if kind is StageKind.DISTIL:
        given, epochs, takes_pool = recipe.distil_steps, spec.distil_epochs, True
    else:
        takes_pool = recipe.texts == "all" and kind is not StageKind.PLAIN
        given, epochs = recipe.steps, recipe.epochs
    texts = labelled + (pool if takes_pool else 0)
    return given or max(1, round(epochs * texts / recipe.batch_size))


LOSS, DEV_ERROR = "loss", "dev_error"
LEARNING_RATE, SPEED = "learning_rate", "examples_per_second"


@dataclass(frozen=True, slots=True)
class Curve:
    """One quantity of one stage of a training.

    Attributes:
        task: the task it was trained on.
        stage: "distil", "finetune", "agora1", ..., "plain".
        seed: decides the initial weights and the order of the texts.
        learning_rate: the peak learning rate, rounded to three digits.
        quantity: `LOSS`, `DEV_ERROR`, `LEARNING_RATE` or `SPEED`.
        points: pairs of step and value, by step.
    """

    task: str
    architecture_id: str
    stage: str
    seed: int
    learning_rate: float
    quantity: str
    points: tuple[tuple[int, float], ...] = ()


def stage_name(architecture_id: str, stage: str, *, seed: int, learning_rate: float) -> str:
    """Name a stage of a training; the name is unique in a task and part of folders and curves.

    Examples:
        >>> stage_name("2-4", "distil", seed=0, learning_rate=0.001)
        '2-4/distil-seed0-lr0.001'
    """
    return f"{architecture_id}/{stage}-seed{seed}-lr{learning_rate:.3g}"


def curves_of(metrics: Mapping[str, Sequence[tuple[int, float | None]]]) -> list[Curve]:
    """Read the stored series of a fine-tuning job; skips series with other names.

    Args:
        metrics: series by name, `TASK/` + `stage_name` + `/QUANTITY`.
    Examples:
        >>> (curve,) = curves_of({"reviews/2-4/distil-seed0-lr0.001/loss": [(1, 0.5)]})
        >>> curve.stage, curve.seed, curve.learning_rate
        ('distil', 0, 0.001)
    """
    found = (_curve(name, series) for name, series in metrics.items())
    return [curve for curve in found if curve is not None]


def _curve(name: str, series: Sequence[tuple[int, float | None]]) -> Curve | None:
    parts = name.rsplit("/", 3)
    stage, _, rest = parts[-2].partition("-seed") if len(parts) == 4 else ("", "", "")
    seed, _, rate = rest.partition("-lr")
    points = tuple((step, value) for step, value in series if value is not None)
    try:
        return Curve(parts[0], parts[1], stage, int(seed), float(rate), parts[-1], points)
    except (ValueError, IndexError):
        return None
