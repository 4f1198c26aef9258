"""Whose answers candidates learn from: the methods that are best on dev, or the mean of some."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from bort.core.baseline import Method, Scored
from bort.tasks import Task
from bort.training.baselines import scored
from bort.training.probabilities import Logits, mean_of

SMALL_DEV = 200  # texts; below, dev cannot tell the methods apart, so that good ones are averaged


def choices_of(task: Task, found: Mapping[Method, Logits]) -> tuple[Scored, ...]:
    """Score every method that reads texts, and every mean of several, on dev; the best first."""
    methods = [method for method in found if method is not Method.MAJORITY]
    groups = [group for size in range(1, len(methods) + 1) for group in combinations(methods, size)]
    errors = [
        scored(group, mean_of([found[m]["dev"] for m in group]), task.dev.labels, task.class_names)
        for group in groups
    ]
    return tuple(sorted(errors, key=lambda one: (one.error_rate, len(one.methods))))


def best_methods(
    task: Task, found: Mapping[Method, Logits], choices: Sequence[Scored]
) -> tuple[Method, ...]:
    """Choose the simplest of the methods, and of the means of several, that may be the best.

    Dev cannot tell seven choices apart to the last text, so the one with the fewest methods among
    those within one standard error of the lowest error is taken; the error is that of the paired
    difference. If dev is very small, all methods that may be the best are averaged.

    Args:
        choices: the best first.
    Source: the one-standard-error rule (Breiman et al. 1984).
    """
    best = choices[0]
    if best.n < SMALL_DEV:
        alone = [one for one in choices if len(one.methods) == 1]
        able = tuple(one.methods[0] for one in alone if one.low <= best.error_rate)
        return able or best.methods  # a mean may be clearly better than each of its parts
    right = [
        mean_of([found[m]["dev"] for m in one.methods]).argmax(1) == task.dev.labels
        for one in choices
    ]
    near = []
    for one, answered in zip(choices, right, strict=True):
        gap = right[0].astype(np.float64) - answered
        if gap.mean() <= gap.std() / np.sqrt(len(gap)):
            near.append(one)
    return min(near, key=lambda one: (len(one.methods), one.error_rate)).methods
