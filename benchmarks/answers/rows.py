"""The table of `bort bench answers`: one row per fine-tuned model, and the page made from it."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import pandas as pd

from benchmarks.row_log import RowLog
from bort.core.files import write_atomically
from bort.core.study import TaskSpec
from bort.finetuning.realised import Accuracy, Difference, Realised

PLAN_FACTOR = 1.5  # a plan within this factor of what passed serves its purpose


class Minutes(NamedTuple):
    """The minutes of some work: planned, or None if nothing comparable was timed, and passed."""

    planned: float | None
    passed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fine-tuned model beside its teacher and the baselines: accuracies on audit.

    Attributes:
        labelled: labelled training texts; 0 for all.
        int8_mb: weights in int8 and tokenizer, as exported, in MB; NaN without a closed form.
        pick: "best" or "tenth", see `bort bench answers --help`.
        over_*, teacher_over_*: paired differences, with 95% intervals.
    """

    task: str
    labelled: int
    pick: str
    architecture: str
    texts: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    macro_f1: float
    of_teacher: float
    parameters: int
    int8_mb: float
    latency_ms: float
    times_faster: float
    teacher: float
    probe: float
    tfidf: float
    over_tfidf: float
    over_tfidf_low: float
    over_tfidf_high: float
    over_probe: float
    over_probe_low: float
    over_probe_high: float
    teacher_over_tfidf: float
    teacher_over_tfidf_low: float
    teacher_over_tfidf_high: float
    teacher_over_probe: float
    teacher_over_probe_low: float
    teacher_over_probe_high: float
    search_minutes: float
    search_planned: float
    finetune_minutes: float
    finetune_planned: float


def row_of(
    task: TaskSpec, pick: str, model: Realised, *, search: Minutes, finetune: Minutes
) -> Row:
    """Make the row of a model that has a teacher and baselines."""
    assert model.teacher is not None
    assert model.tfidf is not None
    assert model.probe is not None
    gains = {
        "over_tfidf": model.tfidf.model_gain,
        "over_probe": model.probe.model_gain,
        "teacher_over_tfidf": model.tfidf.teacher_gain,
        "teacher_over_probe": model.probe.teacher_gain,
    }
    return Row(
        task=Path(task.task).stem,
        labelled=task.labelled or 0,
        pick=pick,
        architecture=model.architecture_id,
        texts=model.audit.n,
        accuracy=model.audit.accuracy,
        accuracy_low=model.audit.low,
        accuracy_high=model.audit.high,
        macro_f1=model.audit.macro_f1,
        of_teacher=model.share_of_teacher or float("nan"),
        parameters=model.parameter_count,
        int8_mb=model.files.int8 / 1e6 if model.files else float("nan"),
        latency_ms=model.latency_ms,
        times_faster=model.times_faster_than_teacher or float("nan"),
        **_accuracies(teacher=model.teacher, probe=model.probe, tfidf=model.tfidf),
        **{k: v for name, gain in gains.items() for k, v in _interval(name, gain).items()},
        search_minutes=search.passed,
        search_planned=_known(search.planned),
        finetune_minutes=finetune.passed,
        finetune_planned=_known(finetune.planned),
    )


def _accuracies(**found: Accuracy) -> dict[str, float]:
    return {name: one.accuracy for name, one in found.items()}


def _interval(name: str, gain: Difference | None) -> dict[str, float]:
    assert gain is not None  # only older versions stored none
    return {name: gain.difference, f"{name}_low": gain.low, f"{name}_high": gain.high}


def _known(minutes: float | None) -> float:
    return float("nan") if minutes is None else minutes


def open_table(path: Path) -> RowLog:
    """Open the table, or begin it.

    Raises:
        InvalidDataError: the file is another table.
    """
    types = get_type_hints(Row)
    return RowLog(path, {field.name: types[field.name] for field in fields(Row)}, {})


def write_page(table: RowLog) -> Path:
    """Write the page next to the table, and return its path."""
    rows = [_cells(row) for row in table.rows().itertuples(index=False)]
    lines = [_HEADINGS, ("---",) * len(_HEADINGS), *rows]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    page = table.path.with_suffix(".md")
    write_atomically(
        page,
        (
            "# First answers\n\n"
            "`bort search --preset quick` and `bort finetune` with their defaults, one seed. "
            "Accuracy is on the audit split, with its 95% interval; differences are paired, in "
            "points, with 95% intervals. *Pick*: *best* is what `bort finetune --best` takes, "
            "*tenth* the most accurate point with at most a tenth of the latency of the source "
            "network's shape. *Planned* is what the plan said before the start; a dash means that "
            "nothing comparable had been timed. `bort bench answers` adds the rows "
            f"([{table.path.name}]({table.path.name})).\n\n{text}\n\n{_plans(table.rows())}\n"
        ).encode(),
    )
    return page


def _plans(rows: pd.DataFrame) -> str:
    """Say how far the plans were from the minutes that passed; a search has one plan, not two."""
    searches = rows.drop_duplicates(["task", "labelled"])
    planned = pd.concat([searches.search_planned, rows.finetune_planned])
    passed = pd.concat([searches.search_minutes, rows.finetune_minutes])
    ratio = (passed / planned).dropna()
    factors = ratio.where(ratio >= 1, 1 / ratio)
    if factors.empty:
        return "No plan had anything comparable."
    return (
        f"Of {len(factors)} plans, {(factors <= PLAN_FACTOR).sum()} are within a factor of "
        f"{PLAN_FACTOR} of the minutes that passed; the furthest is off by a factor of "
        f"{factors.max():.2f}, the median by {factors.median():.2f}."
    )


_HEADINGS = (
    "task",
    "labels",
    "pick",
    "model",
    "of the teacher's",
    "faster",
    "MB in int8",
    "teacher",
    "probe",
    "tf-idf",
    "model over tf-idf",
    "teacher over probe",
    "teacher over tf-idf",
    "search, minutes (planned)",
    "fine-tuning, minutes (planned)",
)


def _cells(row: Any) -> tuple[str, ...]:
    return (
        row.task,
        f"{row.labelled or 'all'}",
        f"{row.pick}: {row.architecture}",
        f"{row.accuracy:.3f} ({row.accuracy_low:.3f} to {row.accuracy_high:.3f})",
        f"{row.of_teacher:.1%}",
        f"{row.times_faster:.1f}x",
        "-" if pd.isna(row.int8_mb) else f"{row.int8_mb:.3f}",
        f"{row.teacher:.3f}",
        f"{row.probe:.3f}",
        f"{row.tfidf:.3f}",
        _points(row.over_tfidf, row.over_tfidf_low, row.over_tfidf_high),
        _points(row.teacher_over_probe, row.teacher_over_probe_low, row.teacher_over_probe_high),
        _points(row.teacher_over_tfidf, row.teacher_over_tfidf_low, row.teacher_over_tfidf_high),
        _minutes(row.search_minutes, row.search_planned),
        _minutes(row.finetune_minutes, row.finetune_planned),
    )


def _points(value: float, low: float, high: float) -> str:
    return f"{100 * value:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def _minutes(passed: float, planned: float) -> str:
    return f"{passed:.1f} ({'-' if pd.isna(planned) else f'{planned:.1f}'})"
