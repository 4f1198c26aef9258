"""The page of `bort bench classifiers`: what we lose first, then a table and a picture per task."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.classifiers.picture import Mark, marks_svg
from benchmarks.classifiers.rows import rows_of_table
from benchmarks.row_log import RowLog
from bort.core.files import write_atomically
from bort.core.rivals import RivalKind, Verdict
from bort.report.numbers import megabytes
from bort.report.rivals import BATCHES, RIVAL_NAMES, VERDICT_NAMES, without_study
from bort.search.pareto import is_non_dominated

VERDICTS = {"1": "single_verdict", "32": "batch_verdict"}
"""The column with the verdicts at a batch size."""
HEADINGS = (
    "classifier",
    "accuracy",
    "95% interval",
    "macro F1",
    "MB",
    "ms, single",
    "ms, batch of 32",
    "texts per s",
    "minutes",
    "memory, MB",
    "verdict, single / batch",
)
PANELS = ("MB of files", "ms per text, single texts", "ms per text, batches of 32")
EXPLAINED = (
    "Accuracy is on audit, one seed, with its 95% interval. MB are those of all files that a "
    "classifier needs. Times and texts per second (batches of 32) run from text to label on one "
    "thread, in turns; only NumPy, before December 2026, multiplied matrices on both cores. "
    "*Minutes* are those of making it: of `source` and what comes from it, the "
    "fine-tuning that they share included; of ours (bold), the training stages alone, without "
    "the teacher, which is `source`, and without the search. *Memory* is the peak resident memory "
    "of a process that only opens the files and classifies 256 audit texts, one by one and in "
    "batches of 32; Python and the libraries are part of it. The pictures leave out those of ours "
    "that another of ours beats in everything."
)


def write_page(table: RowLog) -> Path:
    """Write the page and the pictures next to the table; return the page's path."""
    rows = rows_of_table(table)
    lines = [
        "# Small classifiers",
        "",
        *_losses(rows),
        "",
        "Whoever *beats us* is smaller, faster and not less accurate than every one of ours. "
        "Whoever is *beaten* loses in the same way to one of ours. " + _more_accurate(rows),
        "",
        *_verdicts(rows),
        f"{EXPLAINED} Verdicts are explained in [rivals.md](../rivals.md). `bort bench "
        f"classifiers` adds the rows ([{table.path.name}]({table.path.name})).",
    ]
    for (task, labelled), part in rows.groupby(["task", "labelled"], sort=False):
        picture = table.path.with_name(f"{table.path.stem}-{task}-{labelled or 'all'}.svg")
        write_atomically(picture, _picture(heading(task, labelled), part).encode())
        lines += ["", f"## {heading(task, labelled)}", ""]
        alt = f"Accuracy against bytes and times of all classifiers on {heading(task, labelled)}"
        lines += [f"![{alt}]({picture.name})", "", _line(HEADINGS), _line(["---"] * len(HEADINGS))]
        lines += [_line(_cells(row)) for row in part.itertuples()]
        if not part.noise_ok.all():
            lines += ["", "The machine was busy during the timing, so the times are uncertain."]
    page = table.path.with_suffix(".md")
    write_atomically(page, ("\n".join(lines) + "\n").encode())
    return page


def _losses(rows: pd.DataFrame) -> list[str]:
    """Say who beats us at each batch size, and where."""
    said = []
    for batch, where in BATCHES.items():
        beats = rows[rows[VERDICTS[batch]] == Verdict.BEATS_US]
        names = [
            f"{name_of(row)} on {heading(row.task, row.labelled)}" for row in beats.itertuples()
        ]
        said.append(f"**{where.capitalize()}: {_beats(names)}**")
    return [said[0], "", said[1]]


def _beats(names: list[str]) -> str:
    if not names:
        return "nobody beats us, where there are models of ours."
    return f"we are beaten by {'; '.join(names)}."


def _more_accurate(rows: pd.DataFrame) -> str:
    """Say who is more accurate than all of ours, at whatever size, and by how much."""
    gaps: dict[str, list[float]] = {}
    for _, part in rows.groupby(["task", "labelled"]):
        best = part[part.runtime != ""].accuracy.max()
        for row in part[part.runtime == ""].itertuples():
            if row.accuracy > best:
                gaps.setdefault(name_of(row), []).append(100 * (row.accuracy - best))
    said = [f"{name} (by {_points(found)})" for name, found in gaps.items()]
    return (
        f"More accurate than all of ours, at whatever size and time: {'; '.join(said) or 'nobody'}."
    )


def _points(found: list[float]) -> str:
    least, most = f"{min(found):.1f}", f"{max(found):.1f}"
    where = "one task" if len(found) == 1 else f"{len(found)} tasks"
    return f"{most if least == most else f'{least} to {most}'} points on {where}"


def _verdicts(rows: pd.DataFrame) -> list[str]:
    """Count each rival's verdicts over the tasks; nothing if none has any."""
    judged = rows[(rows.runtime == "") & (rows.single_verdict != "")]
    if judged.empty:
        return []
    heads = [f"{VERDICT_NAMES[v]}, {BATCHES[b]}" for b in VERDICTS for v in _LOST_FIRST]
    lines = [_line(["rival", "tasks", *heads]), _line(["---"] * (2 + len(heads)))]
    for kind in RivalKind:
        mine = judged[judged["name"] == kind]
        counts = [str((mine[VERDICTS[b]] == v).sum()) for b in VERDICTS for v in _LOST_FIRST]
        if len(mine):
            lines.append(_line([RIVAL_NAMES[kind], str(len(mine)), *counts]))
    return [*lines, ""]


_LOST_FIRST = (Verdict.BEATS_US, Verdict.SURVIVES, Verdict.BEATEN)


def _picture(title: str, rows: pd.DataFrame) -> str:
    """Draw the rivals, and those of ours that no other of ours beats in everything."""
    ours = rows[rows.runtime != ""]
    costs = ours[["bytes", "single_ms", "batch_ms"]].assign(error=1 - ours.accuracy)
    shown = [ours[is_non_dominated(costs.to_numpy(float))], rows[rows.runtime == ""]]
    return marks_svg(title, PANELS, [_mark(row) for row in pd.concat(shown).itertuples()])


def _mark(row: Any) -> Mark:
    percent = (100 * row.accuracy, 100 * row.low, 100 * row.high)
    costs = (row.bytes / 1e6, row.single_ms, row.batch_ms)
    return Mark(without_study(name_of(row)), *percent, costs, is_ours=bool(row.runtime))


def heading(task: Any, labelled: Any) -> str:
    """Name a task with its labels."""
    return f"{task}, {f'{labelled} labels' if labelled else 'all labels'}"


def name_of(row: Any) -> str:
    """Name the classifier of a row, ours with its runtime."""
    if row.runtime:
        return f"{row.name} ({row.runtime.removeprefix('onnx-')})"
    return RIVAL_NAMES[RivalKind(row.name)]


def _cells(row: Any) -> Iterator[str]:
    yield f"**{name_of(row)}**" if row.runtime else name_of(row)
    yield from (f"{row.accuracy:.3f}", f"{row.low:.3f} to {row.high:.3f}", f"{row.macro_f1:.3f}")
    yield from (megabytes(row.bytes), f"{row.single_ms:.3f}", f"{row.batch_ms:.3f}")
    yield f"{row.texts_per_second:,.0f}"
    yield minutes(row.minutes)
    yield f"{row.memory_bytes / 1e6:.0f}"
    verdicts = dict.fromkeys(VERDICT_NAMES[Verdict(v)] for v in _of(row) if v)
    yield " / ".join(verdicts)


def minutes(value: float) -> str:
    """Write minutes of making; nothing if they are not known."""
    if pd.isna(value):
        return ""
    return f"{value:.1f}" if value >= 0.05 else "under 0.1"


def _of(row: Any) -> tuple[str, str]:
    return row.single_verdict, row.batch_verdict


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
