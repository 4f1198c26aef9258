"""The texts of a run: the task with its pool, its splits, and the leakage guard."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from bort.agora.loop import Inputs, Verdict, as_inputs
from bort.agora.loop.values import BoolArray
from bort.core.agora import TextSpec
from bort.core.errors import InvalidDataError
from bort.core.progress import OnStep, ignore
from bort.tasks import Split, Task, load_task
from bort.tasks.files import read_bytes, read_rows
from bort.tasks.near_duplicates import NearDuplicateIndex, normalise
from bort.tasks.task import UNLABELLED


def load_texts(spec: TextSpec, *, on_step: OnStep = ignore) -> Task:
    """Load a run's task, and add the texts of its pool file to the task's pool, without copies.

    Raises:
        BortError: the task or the file cannot be used.
    """
    task = load_task(spec.task, on_step=on_step)
    return task if spec.pool is None else _with_more(task, Path(spec.pool), spec.task.text)


def _with_more(task: Task, path: Path, columns: tuple[str, ...]) -> Task:
    if (len(columns) == 2) != (task.train.pairs is not None):
        raise InvalidDataError(
            f"the task's texts are {'pairs' if task.train.pairs else 'single'}, but the pool "
            f"{path.name} is read from {', '.join(columns)}; name as many columns with --text"
        )
    found = read_rows(path, read_bytes(path), columns).columns
    rows = [
        tuple(str(part).strip() for part in row if part is not None)
        for row in zip(*(found[column] for column in columns), strict=True)
    ]
    usable = [row for row in rows if len(row) == len(columns) and all(row)]
    if not usable:
        raise InvalidDataError(
            f"{path.name} has no text in {', '.join(columns)}; use another pool or leave it out"
        )
    own = [] if task.pool is None else _rows(task.pool)
    # Texts of dev and audit must be strangers to whatever is trained on the pool.
    labelled = {row for split in (task.train, task.dev, task.audit) for row in _rows(split)}
    different = [row for row in dict.fromkeys([*own, *usable]) if row not in labelled]
    if not different:
        raise InvalidDataError(
            f"every text of {path.name} is already in the task's labelled data; use another pool"
        )
    pairs = tuple(row[1] for row in different) if len(columns) == 2 else None
    labels = np.full(len(different), UNLABELLED)
    return replace(task, pool=Split(tuple(row[0] for row in different), pairs, labels))


def _rows(split: Split) -> list[tuple[str, ...]]:
    columns = (split.texts,) if split.pairs is None else (split.texts, split.pairs)
    return list(zip(*columns, strict=True))


def split_inputs(split: Split | None) -> Inputs:
    """Return a split's texts, shape (n,), or pairs of texts, shape (n, 2); empty for None."""
    if split is None:
        return as_inputs([""])[:0]
    if split.pairs is None:
        return as_inputs(split.texts)
    return as_inputs(list(zip(split.texts, split.pairs, strict=True)))


def whole_texts(inputs: Inputs) -> list[str]:
    """Return texts unchanged; join the two texts of a pair."""
    if inputs.ndim == 1:
        found: list[str] = inputs.tolist()
        return found
    return [" ".join(row) for row in inputs.tolist()]


class NearDuplicateGuard:
    """Refuses near-duplicates of audit texts, and copies of dev texts.

    `bort.tasks.near_duplicates` defines near-duplicates. A copy is a text that is equal after
    normalising case, spaces and punctuation. Agora samples near dev texts, so near-duplicates of
    dev texts are allowed; `is_near_dev` finds them.

    Args:
        audit: texts, or pairs of texts. Only the guard sees the audit split; the loop does not.
        dev: texts, or pairs of texts.
    """

    def __init__(self, audit: Inputs, dev: Inputs) -> None:
        self._audit = NearDuplicateIndex(whole_texts(audit))
        self._dev = NearDuplicateIndex(whole_texts(dev))
        self._copies = {normalise(text) for text in whole_texts(dev)}

    def __call__(self, inputs: Inputs) -> list[Verdict | None]:
        """Return why each text is refused, or None."""
        texts = whole_texts(inputs)
        return [
            Verdict.NEAR_AUDIT
            if near
            else Verdict.COPY_OF_DEV
            if normalise(text) in self._copies
            else None
            for text, near in zip(texts, self._audit.matches(texts), strict=True)
        ]

    def is_near_dev(self, inputs: Inputs) -> BoolArray:
        """Mark the near-duplicates of dev texts, shape (n,)."""
        return np.array([bool(near) for near in self._dev.matches(whole_texts(inputs))], dtype=bool)
