"""Look at the texts of a task before a search: classes, near-duplicates, unknown words."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from bort.core.errors import BortError
from bort.core.study import TaskSpec
from bort.tasks import DataWarning, load_task
from bort.tasks.files import read_bytes, read_rows

_LABEL = re.compile(r"label|class|target|categor|sentiment|stars|rating|intent|topic")
_LONG = 15  # characters, on average; shorter cells are no texts


@dataclass(frozen=True, slots=True)
class FirstRows:
    """The beginning of a data file.

    Attributes:
        columns: its columns, in order.
        rows: the first few rows, by column.
        count: all of its rows.
        text, label: the columns that look like the texts and the labels.
        pairs: two columns each that both look like texts.
    """

    columns: tuple[str, ...]
    rows: Mapping[str, Sequence[object]]
    count: int
    text: str | None
    label: str | None
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DataLook:
    """What a task's texts are like.

    Attributes:
        classes: the number of texts of each class, those with most first.
        sizes: texts by split.
        dropped: rows left out, by reason.
        near_duplicates: rows that resemble an earlier one, and stay in its split.
        unknown_share: of the words and pieces, for the source network; None if it is not here.
        warnings: what would make results misleading.
    """

    classes: Mapping[str, int]
    sizes: Mapping[str, int]
    dropped: Mapping[str, int]
    near_duplicates: int
    unknown_share: float | None
    warnings: tuple[DataWarning, ...]


def first_rows(path: Path, count: int) -> FirstRows:
    """Read the columns of a data file and its first rows.

    Raises:
        InvalidDataError: it cannot be read as data.
    """
    columns = read_rows(path, read_bytes(path)).columns
    found = {name: list(cells) for name, cells in columns.items()}
    return beginning(found, count, rows=max(map(len, found.values()), default=0))


def beginning(columns: Mapping[str, Sequence[object]], count: int, *, rows: int) -> FirstRows:
    """Take the first rows, and guess which columns are texts and labels.

    Args:
        columns: all cells, or so many that the columns can be told apart.
        rows: how many rows there are in all.
    """
    text, label = _usual(columns)
    return FirstRows(
        tuple(columns),
        {name: cells[:count] for name, cells in columns.items()},
        rows,
        text,
        label,
        tuple(combinations([name for name in columns if _length(columns[name]) >= _LONG], 2)),
    )


def _usual(columns: Mapping[str, Sequence[object]]) -> tuple[str | None, str | None]:
    """Guess: the texts are longest; the labels repeat, and most often."""
    cells = {name: [str(c) for c in found if c is not None] for name, found in columns.items()}
    cells = {name: found for name, found in cells.items() if found}
    if not cells:
        return None, None
    longest = max(cells, key=lambda name: _length(cells[name]))
    text = "text" if "text" in cells else longest
    kinds = {name: len(set(found)) for name, found in cells.items() if name != text}
    labels = [name for name, number in kinds.items() if 1 < number <= len(cells[name]) / 2]
    named = [name for name in labels if _LABEL.search(name.casefold())]
    return text, min(named or labels, key=kinds.__getitem__, default=None)


def _length(cells: Sequence[object]) -> float:
    return float(np.mean([len(str(cell)) for cell in cells])) if cells else 0.0


def look_at(spec: TaskSpec) -> DataLook:
    """Count classes, near-duplicates and unknown words. Imports no torch.

    Raises:
        BortError: the data cannot be used as a task.
    Cost: as `load_task`; and all texts are tokenised once, a second for 10,000.
    """
    task = load_task(spec)
    splits = {"train": task.train, "dev": task.dev, "audit": task.audit}
    labels = np.concatenate([split.labels for split in splits.values()])
    counts = Counter(task.class_names[label] for label in labels.tolist())
    rows = task.report.rows
    share = None
    with suppress(BortError):  # the source network is fetched with the first search
        share = _unknown_share(spec)
    return DataLook(
        classes=dict(counts.most_common()),
        sizes={name: len(split) for name, split in splits.items()},
        dropped=rows.dropped,
        near_duplicates=rows.rows_used - rows.groups,
        unknown_share=share,
        warnings=task.warnings,
    )


def _unknown_share(spec: TaskSpec) -> float:
    from bort.training.source import source_network
    from bort.training.tokens import encode_task, unknown_share

    source = source_network()
    longest = int(source.config.get("max_position_embeddings", 512))
    encoded = encode_task(
        load_task(spec), source.folder, digest=source.digest, max_length=None, longest=longest
    )
    return unknown_share(encoded, source.folder)
