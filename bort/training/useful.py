"""Refuse a teacher that is no better than chance, before anything learns from it."""

import numpy as np
from numpy.typing import NDArray

from bort.core.baseline import MANY_UNKNOWN
from bort.core.errors import UselessTeacherError
from bort.training.metrics import error_se, majority_error, reordered_error
from bort.training.teacher import Teacher


def check_useful(
    teacher: Teacher,
    answers: NDArray[np.int64],
    labels: NDArray[np.int64],
    *,
    classes: int,
    unknown_share: float,
) -> None:
    """Check that a teacher knows something about its task.

    Args:
        answers: the classes that it gives to the texts that it is judged by, shape (n,).
        labels: their true classes, shape (n,).
        unknown_share: of the tokens in the task's texts, for the source network's vocabulary.
    Raises:
        UselessTeacherError: its error is within two standard errors of the most frequent class's,
            or above, and more than half of it: among few texts, or with a rare class, two standard
            errors leave no room. The line says what may be the reason.
    """
    error, n = float(np.mean(answers != labels)), len(labels)
    majority = majority_error(labels, classes=classes)
    chance = majority - 2 * error_se(majority, n)
    if error < chance or error < majority / 2:
        return
    renamed = reordered_error(labels, answers, classes=classes)
    remedy = _remedy(teacher, renamed if renamed < chance else None, unknown_share)
    split = "dev" if teacher.judged_on == "dev" else "training"
    raise UselessTeacherError(
        f"{teacher.name} gets {error:.1%} of {n} {split} texts wrong, and always answering the "
        f"most frequent class only {majority:.1%}, so there is nothing to learn from it; {remedy}"
    )


def _remedy(teacher: Teacher, renamed: float | None, unknown_share: float) -> str:
    is_file = teacher.soft_labels is not None
    if renamed is not None:
        place = "the names of its columns" if is_file else "id2label in its config.json"
        return (
            f"with its outputs in another order it would get {renamed:.1%} wrong, so check {place}"
        )
    if teacher.is_source and unknown_share >= MANY_UNKNOWN:
        return (
            f"it does not know {unknown_share:.0%} of the words and pieces in these texts, so name "
            "a network of their language with --source"
        )
    if teacher.is_source:
        return "check that the labels belong to the texts, or add training texts"
    if is_file:
        return "check that its probabilities belong to its texts, or leave --teacher out"
    return "name a teacher that was fine-tuned on this task, or leave --teacher out"
