"""The table of `bort bench classifiers`: one row per classifier and task."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.row_log import RowLog
from bort.core.rivals import Comparison, RivalKind
from bort.core.study import TaskSpec

COLUMNS: Mapping[str, type] = {
    "task": str,
    "labelled": int,
    "name": str,
    "runtime": str,
    "texts": int,
    "dev_accuracy": float,
    "accuracy": float,
    "low": float,
    "high": float,
    "macro_f1": float,
    "bytes": int,
    "memory_bytes": int,
    "single_ms": float,
    "batch_ms": float,
    "texts_per_second": float,
    "minutes": float,
    "single_verdict": str,
    "batch_verdict": str,
    "noise_ok": bool,
}
"""`labelled` is 0 for all labels; times are medians per text, from text to label."""


def open_table(path: Path) -> RowLog:
    """Open the table, or begin it.

    Raises:
        InvalidDataError: the file is another table.
    """
    return RowLog(path, COLUMNS, {})


def rows_of_table(table: RowLog) -> pd.DataFrame:
    """Read all rows; an empty text is no missing number."""
    return table.rows().fillna({"runtime": "", "single_verdict": "", "batch_verdict": ""})


def is_complete(table: RowLog, task: TaskSpec, kinds: Iterable[RivalKind]) -> bool:
    """Check whether the table has all these rivals of a task. Ours come before them."""
    there = {name for name, _ in _known(table, task)}
    return there.issuperset(map(str, kinds))


def is_begun(table: RowLog, task: TaskSpec) -> bool:
    """Check whether the table has any row of a task."""
    return bool(_known(table, task))


def add(table: RowLog, task: TaskSpec, found: Comparison) -> None:
    """Add the rows of a comparison that the table lacks, each written to disk at once."""
    known = _known(table, task)
    for row in _rows_of(task, found):
        if (row["name"], row["runtime"]) not in known:
            table.append(row)


def _known(table: RowLog, task: TaskSpec) -> set[tuple[str, str]]:
    rows = rows_of_table(table)
    mine = rows[(rows.task == _name(task)) & (rows.labelled == (task.labelled or 0))]
    return set(zip(mine.name.map(str), mine.runtime, strict=True))


def _name(task: TaskSpec) -> str:
    return Path(task.task).stem


def _rows_of(task: TaskSpec, found: Comparison) -> Iterator[dict[str, Any]]:
    for row in found.rows:
        single, batch = row.latency["1"].median_ms, row.latency["32"].median_ms
        yield {
            "task": _name(task),
            "labelled": task.labelled or 0,
            "name": row.name,
            "runtime": row.runtime or "",
            "texts": found.texts,
            "dev_accuracy": round(row.dev_accuracy, 4),
            "accuracy": round(row.accuracy, 4),
            "low": round(row.low, 4),
            "high": round(row.high, 4),
            "macro_f1": round(row.macro_f1, 4),
            "bytes": row.size_bytes,
            "memory_bytes": row.memory_bytes,
            "single_ms": round(single, 4),
            "batch_ms": round(batch, 4),
            "texts_per_second": round(1e3 / batch, 1),
            "minutes": None if row.seconds is None else round(row.seconds / 60, 2),
            "single_verdict": row.verdicts.get("1", ""),
            "batch_verdict": row.verdicts.get("32", ""),
            "noise_ok": found.noise_ok,
        }
