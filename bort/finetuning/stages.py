"""The stages of a fine-tuning and their numbers of steps. Imports no torch."""

from enum import StrEnum

from bort.core.finetune import FineTuneSpec


class StageKind(StrEnum):
    """The kinds of stages. The values are stored."""

    DISTIL = "distil"
    FINETUNE = "finetune"
    AGORA = "agora"
    PLAIN = "plain"  # fine-tuning from random weights on the true labels: a baseline


def trainings_of(spec: FineTuneSpec) -> list[StageKind]:
    """List the stages that are trained for a pick, over all seeds."""
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


def steps_of(spec: FineTuneSpec, kind: StageKind, *, labelled: int, pool: int) -> int:
    """Compute the optimiser steps of a stage that does not end early.

    Args:
        labelled: training texts.
        pool: unlabelled and synthetic texts.
    """
    recipe = spec.recipe
    if kind is StageKind.AGORA:
        usual = steps_of(spec, StageKind.FINETUNE, labelled=labelled, pool=pool)
        return max(1, usual // 2)
    if kind is StageKind.DISTIL:
        given, epochs, takes_pool = recipe.distil_steps, recipe.distil_epochs, True
    else:
        takes_pool = recipe.texts == "all" and kind is not StageKind.PLAIN
        given, epochs = recipe.steps, recipe.epochs
    texts = labelled + (pool if takes_pool else 0)
    return given or max(1, round(epochs * texts / recipe.batch_size))
