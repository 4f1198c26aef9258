"""A file of soft labels: anybody's answers to a task's texts, as a teacher. Imports no torch.

The file has one row per text: the text (two columns for pairs), and a probability for each class.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.core.baseline import Coverage
from bort.core.errors import InvalidDataError
from bort.core.paths import expanded
from bort.tasks import Split, Task
from bort.tasks.files import Rows, read_bytes, read_rows
from bort.tasks.rows import as_text
from bort.tasks.task import UNLABELLED
from bort.training.probabilities import one_hot

TOLERANCE = 0.01  # of a row's sum; written probabilities are rounded

Key = tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """The answers in a file.

    Attributes:
        path: absolute.
        digest: SHA-256 of the file.
        rows: a text (or a pair of texts) to its row in `shares`.
        shares: shape (n, classes), in the order of the task's classes; rows sum to 1.
    """

    path: Path
    digest: str
    rows: dict[Key, int]
    shares: NDArray[np.float32]

    def covers(self, split: Split) -> NDArray[np.bool_]:
        """Mark the texts that the file answers, shape (n,)."""
        return np.array([key in self.rows for key in _keys(split)], dtype=bool)

    def answers(self, split: Split) -> NDArray[np.float32]:
        """Return the probabilities of a split, shape (n, classes).

        A text that the file does not answer gets its true label, or the same share for each class
        where labels are hidden.
        """
        classes = self.shares.shape[1]
        found = np.full((len(split), classes), 1 / classes, dtype=np.float32)
        is_known = split.labels != UNLABELLED
        found[is_known] = one_hot(split.labels[is_known], classes)
        for place, key in enumerate(_keys(split)):
            if (row := self.rows.get(key)) is not None:
                found[place] = self.shares[row]
        return found

    def only_covered_pool(self, task: Task) -> Task:
        """Leave out the unlabelled texts that the file does not answer."""
        if task.pool is None:
            return task
        pool, rows = task.pool, np.flatnonzero(self.covers(task.pool)).tolist()
        pairs = None if pool.pairs is None else tuple(pool.pairs[row] for row in rows)
        kept = Split(tuple(pool.texts[row] for row in rows), pairs, pool.labels[rows])
        return replace(task, pool=kept if rows else None)


def file_of(path: str) -> Path:
    """Write a path in full."""
    return expanded(path).absolute()


def read_soft_labels(path: str, task: Task) -> SoftLabels:
    """Read the answers to a task's texts. Rows of the same text are averaged.

    Raises:
        InvalidDataError: there is no such file, or its columns or a row cannot be used.
    """
    place = file_of(path)
    if not os.path.exists(place):  # also false for what cannot be a path
        raise InvalidDataError(f"there is no file {place}; check the path of the teacher's answers")
    content = read_bytes(place)
    found = read_rows(place, content)
    texts = _texts(place.name, found, task)
    # Blank rows count, so that row numbers are the file's.
    filled = [row for row, parts in enumerate(texts) if any(part is not None for part in parts)]
    shares = _shares(place.name, found, task.class_names, filled)
    rows: dict[Key, int] = {}
    numbers = np.array([rows.setdefault(texts[r], len(rows)) for r in filled], dtype=np.int64)
    sums = np.zeros((len(rows), len(task.class_names)))
    np.add.at(sums, numbers, shares)
    means = sums / np.bincount(numbers)[:, None]
    digest = hashlib.sha256(content).hexdigest()
    return SoftLabels(place, digest, rows, means.astype(np.float32))


def coverage_of(labels: SoftLabels, task: Task) -> Coverage:
    """Count the texts that the file answers, split by split.

    Raises:
        InvalidDataError: it answers too few training texts to learn from or to judge it by.
    """
    splits = {name: getattr(task, name) for name in ("train", "dev", "audit")}
    covered = {name: int(labels.covers(split).sum()) for name, split in splits.items()}
    texts = {name: len(split) for name, split in splits.items()}
    found = Coverage(covered=covered, texts=texts)
    if not found.is_enough("train"):
        raise InvalidDataError(
            f"{labels.path.name} answers {covered['train']:,} of the {texts['train']:,} training "
            f"texts (and {covered['dev']:,} of {texts['dev']:,} dev texts), but at least "
            f"{found.least('train')} are needed; check that it has the task's texts, word "
            "for word"
        )
    return found if found.is_enough("dev") else replace(found, judged_on="train")


def _keys(split: Split) -> list[Key]:
    if split.pairs is None:
        return [(text,) for text in split.texts]
    return list(zip(split.texts, split.pairs, strict=True))


def _texts(name: str, rows: Rows, task: Task) -> list[Key]:
    """Read the texts of each row, from the columns that are not named like a class."""
    columns = rows.columns
    needed = f"it needs {_texts_needed(task)} and one for each class: {_listed(task.class_names)}"
    absent = [c for c in task.class_names if c not in columns]
    if absent:
        raise InvalidDataError(
            f"{name} has no column for the class {absent[0]!r}, found {_listed(list(columns))}; "
            f"{needed}"
        )
    others = [column for column in columns if column not in task.class_names]
    if len(others) != (1 if task.train.pairs is None else 2):
        found = f"the columns {_listed(others)}" if others else "no column"
        raise InvalidDataError(f"{name} has {found} besides the classes; {needed}, and no others")
    texts = [
        [as_text(v, f"{name}: column {c!r}, {rows.place(i)}") for i, v in enumerate(columns[c])]
        for c in others
    ]
    return list(zip(*texts, strict=True))


def _texts_needed(task: Task) -> str:
    return "one column with the texts" if task.train.pairs is None else "two columns with the texts"


def _shares(
    name: str, rows: Rows, classes: Sequence[str], filled: Sequence[int]
) -> NDArray[np.float64]:
    """Read the probabilities of the filled rows, shape (n, classes); make each row sum to 1."""
    columns = [rows.columns[c] for c in classes]
    found = np.array([[_number(column[row]) for row in filled] for column in columns]).T
    is_wrong = ~np.isfinite(found) | (found < 0)
    if is_wrong.any():
        place, column = np.argwhere(is_wrong)[0].tolist()
        value = columns[column][filled[place]]
        raise InvalidDataError(
            f"{name}, {rows.place(filled[place])}: the probability of {classes[column]!r} is "
            f"{str(value)[:40]!r}; write a number from 0 to 1, or remove the row"
        )
    sums = found.sum(axis=1)
    if (is_off := abs(sums - 1) > TOLERANCE).any():
        place = int(is_off.argmax())
        raise InvalidDataError(
            f"{name}, {rows.place(filled[place])}: the probabilities sum to {sums[place]:.4g}, but "
            "must sum to 1; correct the row, or remove it"
        )
    shares: NDArray[np.float64] = found / sums[:, None]
    return shares


def _number(value: Any) -> float:
    """Read a cell; not a number where there is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _listed(names: Sequence[str], *, most: int = 12) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:most])
    return f"{shown}, ..." if len(names) > most else shown or "none"
