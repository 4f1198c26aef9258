"""The table of `bort bench classifiers`: one row per classifier and task, and its page."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.row_log import RowLog
from bort.core.files import write_atomically
from bort.core.rivals import Comparison, RivalKind, Verdict
from bort.core.study import TaskSpec
from bort.report.numbers import megabytes
from bort.report.rivals import RIVAL_NAMES

COLUMNS: Mapping[str, type] = {
    "task": str,
    "labelled": int,
    "name": str,
    "runtime": str,
    "texts": int,
    "accuracy": float,
    "low": float,
    "high": float,
    "macro_f1": float,
    "bytes": int,
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


def has_task(table: RowLog, task: TaskSpec) -> bool:
    """Check whether the table has this task with as many labels."""
    rows = table.rows()
    return bool(((rows.task == _name(task)) & (rows.labelled == (task.labelled or 0))).any())


def _name(task: TaskSpec) -> str:
    return Path(task.task).stem


def rows_of(task: TaskSpec, found: Comparison) -> Iterator[dict[str, Any]]:
    """Make a row of each classifier in a comparison."""
    for row in found.rows:
        single, batch = row.latency["1"].median_ms, row.latency["32"].median_ms
        yield {
            "task": _name(task),
            "labelled": task.labelled or 0,
            "name": row.name,
            "runtime": row.runtime or "",
            "texts": found.texts,
            "accuracy": round(row.accuracy, 4),
            "low": round(row.low, 4),
            "high": round(row.high, 4),
            "macro_f1": round(row.macro_f1, 4),
            "bytes": row.size_bytes,
            "single_ms": round(single, 4),
            "batch_ms": round(batch, 4),
            "texts_per_second": round(1e3 / batch, 1),
            "minutes": None if row.seconds is None else round(row.seconds / 60, 2),
            "single_verdict": row.verdicts.get("1", ""),
            "batch_verdict": row.verdicts.get("32", ""),
            "noise_ok": found.noise_ok,
        }


HEADINGS = (
    "classifier",
    "accuracy",
    "95 % interval",
    "macro F1",
    "MB",
    "ms, single",
    "ms, batch of 32",
    "texts per s",
    "minutes",
    "verdict, single / batch",
)


def write_page(table: RowLog) -> Path:
    """Write the page next to the table, what we lose first, and return its path."""
    rows = table.rows().fillna({"runtime": "", "single_verdict": "", "batch_verdict": ""})
    beats = rows[
        (rows.single_verdict == Verdict.BEATS_US) | (rows.batch_verdict == Verdict.BEATS_US)
    ]
    lost = [f"- {_title(row.task, row.labelled)}: {_classifier(row)}" for row in beats.itertuples()]
    lines = [
        "# Small classifiers",
        "",
        "Beaten by:" if lost else "Beaten by nobody, where there are models of ours.",
        *lost,
        "",
        "Accuracy is on audit, one seed. Times run from text to label on one thread, in turns. "
        "Verdicts are explained in [rivals.md](../rivals.md). `bort bench classifiers` adds the "
        f"rows ([{table.path.name}]({table.path.name})).",
    ]
    for (task, labelled), part in rows.groupby(["task", "labelled"], sort=False):
        lines += [
            "",
            f"## {_title(task, labelled)}",
            "",
            _line(HEADINGS),
            _line(["---"] * len(HEADINGS)),
        ]
        lines += [_line(_cells(row)) for row in part.itertuples()]
        if not part.noise_ok.all():
            lines += ["", "The machine was busy during the timing, so the times are uncertain."]
    page = table.path.with_suffix(".md")
    write_atomically(page, ("\n".join(lines) + "\n").encode())
    return page


def _title(task: Any, labelled: Any) -> str:
    return f"{task}, {f'{labelled} labels' if labelled else 'all labels'}"


def _classifier(row: Any) -> str:
    if row.runtime:
        return f"**{row.name}** ({row.runtime.removeprefix('onnx-')}, ours)"
    return RIVAL_NAMES[RivalKind(row.name)]


def _cells(row: Any) -> tuple[str, ...]:
    minutes = "" if row.minutes != row.minutes else f"{row.minutes:.1f}"
    verdicts = f"{row.single_verdict} / {row.batch_verdict}" if row.single_verdict else ""
    return (
        _classifier(row),
        f"{row.accuracy:.3f}",
        f"{row.low:.3f} to {row.high:.3f}",
        f"{row.macro_f1:.3f}",
        megabytes(row.bytes),
        f"{row.single_ms:.3f}",
        f"{row.batch_ms:.3f}",
        f"{row.texts_per_second:,.0f}",
        minutes,
        verdicts,
    )


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"
