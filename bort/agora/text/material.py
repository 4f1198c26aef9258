"""The task of a run: loaded, with further unlabelled texts where a file of them is given."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from bort.agora.text.spec import TextSpec
from bort.core.errors import InvalidDataError
from bort.core.progress import OnStep, ignore
from bort.tasks import Split, Task, load_task
from bort.tasks.files import read_bytes, read_columns
from bort.tasks.task import UNLABELLED


def run_task(spec: TextSpec, *, on_step: OnStep = ignore) -> Task:
    """The task of `spec`; texts of its pool file join the task's own pool, copies left out.

    Raises:
        BortError: the task or the file cannot be used.
    """
    task = load_task(spec.task, on_step=on_step)
    return task if spec.pool is None else _with_more(task, Path(spec.pool), spec.task.text)


def _with_more(task: Task, path: Path, columns: tuple[str, ...]) -> Task:
    if (len(columns) == 2) != (task.train.pairs is not None):
        raise InvalidDataError(
            f"the task's texts are {'pairs' if task.train.pairs else 'single'}, the pool "
            f"{path.name} is read as {', '.join(columns)}; name as many columns with --text"
        )
    found = read_columns(path, read_bytes(path), columns)
    rows = [
        tuple(str(part).strip() for part in row if part is not None)
        for row in zip(*(found[column] for column in columns), strict=True)
    ]
    usable = [row for row in rows if len(row) == len(columns) and all(row)]
    if not usable:
        raise InvalidDataError(
            f"{path.name} holds no text in {', '.join(columns)}; give another pool, or leave it out"
        )
    own = [] if task.pool is None else _rows(task.pool)
    labelled = set(_rows(task.train))
    different = [row for row in dict.fromkeys([*own, *usable]) if row not in labelled]
    if not different:
        raise InvalidDataError(
            f"{path.name} holds no text that is not in the training set already; give another pool"
        )
    pairs = tuple(row[1] for row in different) if len(columns) == 2 else None
    labels = np.full(len(different), UNLABELLED)
    return replace(task, pool=Split(tuple(row[0] for row in different), pairs, labels))


def _rows(split: Split) -> list[tuple[str, ...]]:
    columns = (split.texts,) if split.pairs is None else (split.texts, split.pairs)
    return list(zip(*columns, strict=True))
