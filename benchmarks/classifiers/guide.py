"""The figures in docs/choosing-a-classifier.md, written from the table between two markers."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.classifiers.report import heading, minutes, name_of
from bort.core.errors import InvalidDataError
from bort.core.files import write_atomically
from bort.core.rivals import RivalKind
from bort.report.numbers import megabytes, milliseconds
from bort.report.rivals import RIVAL_NAMES

NAME = "choosing-a-classifier.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
NEAR = 0.02  # of accuracy; what counts as nearly as good as the best


def fill(guide: Path, rows: pd.DataFrame) -> None:
    """Replace what stands between the markers by the figures of the rows.

    Raises:
        InvalidDataError: the page does not have each marker once, in order.
    """
    text = guide.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in after or END in after:
        raise InvalidDataError(f"{guide} must have {BEGIN} and {END} once each, in this order")
    inner = "\n".join(figures(rows)) or "No rows yet."
    write_atomically(guide, f"{before}{BEGIN}\n\n{inner}\n\n{END}{after}".encode())


def figures(rows: pd.DataFrame) -> list[str]:
    """Write what each classifier costs, and who is enough on each task."""
    if rows.empty:
        return []
    kept = _chosen(rows)
    best = kept.groupby(["task", "labelled"]).accuracy.transform("max")
    kept = kept.assign(behind=100 * (best - kept.accuracy))
    count = kept.groupby("labelled").task.nunique()
    said = [
        f"{'one task' if n == 1 else f'{n} tasks'} with {f'{k} labels' if k else 'all labels'}"
        for k, n in count.items()
    ]
    lines = [
        "[The table of all classifiers](bench/classifiers.md) says how these were measured and for "
        "which texts each holds. Times are of one thread of cloud machines with two cores; where "
        "one was busy, the table says so.",
        "",
        f"Medians over {' and '.join(said)}; *behind* is the median of the points of accuracy "
        "that the most accurate of the task is ahead, and in brackets the most. Of ours, the model "
        "that is best on dev.",
        "",
        *_table(
            ["classifier", "behind, all labels", "behind, few labels", *_COSTS],
            (_medians(name, part) for name, part in _by_classifier(kept)),
        ),
        "",
        f"On each task, the most accurate, and the smallest and the fastest that are at most "
        f"{100 * NEAR:.0f} points behind it:",
        "",
    ]
    heads = ["task", "most accurate", "smallest that is near", "fastest that is near"]
    tasks = kept.groupby(["task", "labelled"], sort=False)
    return [*lines, *_table(heads, (_enough(key, part) for key, part in tasks))]


_COSTS = ("MB", "ms, single", "texts per s", "memory, MB", "minutes")


def _chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep all rivals, and of ours the model of each runtime that is the best on dev."""
    who = rows.runtime.where(rows.runtime != "", rows["name"])
    order = rows.assign(who=who).sort_values("dev_accuracy", ascending=False, kind="stable")
    return order.drop_duplicates(["task", "labelled", "who"]).sort_index()


def _by_classifier(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield rows by classifier, ours first."""
    for runtime in dict.fromkeys(one for one in rows.runtime if one):
        yield f"**ours, {runtime.replace('-', ' ')}**", rows[rows.runtime == runtime]
    for kind in RivalKind:
        mine = rows[(rows["name"] == kind) & (rows.runtime == "")]
        if len(mine):
            yield RIVAL_NAMES[kind], mine


def _medians(name: str, rows: pd.DataFrame) -> list[str]:
    parts = (rows[rows.labelled == 0], rows[rows.labelled > 0])
    return [
        name,
        *(
            f"{part.behind.median():.1f} ({part.behind.max():.1f})" if len(part) else ""
            for part in parts
        ),
        megabytes(int(rows.bytes.median())),
        milliseconds(rows.single_ms.median()),
        f"{rows.texts_per_second.median():,.0f}",
        f"{rows.memory_bytes.median() / 1e6:.0f}",
        minutes(rows.minutes.median()),
    ]


def _enough(key: Any, rows: pd.DataFrame) -> list[str]:
    task, labelled = key
    near = rows[rows.behind <= 100 * NEAR]
    picks = (rows.accuracy.idxmax(), near.bytes.idxmin(), near.single_ms.idxmin())
    return [heading(task, labelled), *(_who(row) for row in rows.loc[[*picks]].itertuples())]


def _who(row: Any) -> str:
    cost = f"{row.accuracy:.3f}, {megabytes(row.bytes)} MB, {milliseconds(row.single_ms)} ms"
    return f"{name_of(row)} ({cost})"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    heads = list(heads)
    return [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)]
