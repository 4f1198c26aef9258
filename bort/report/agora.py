"""Agora's rounds as people and programs read them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bort.agora.loop.summary import final_result
from bort.storage import AgoraRoundRecord, JobRecord

_ROUND_HEADINGS = (
    *("round", "train", "wrong", "new", "refused", "added"),
    *("dev", "audit", "Betti", "cover"),
)
_SHOWN = 1e-4  # of an error rate
_ENDS = ("low", "high")
_UNDER_WAY = ("queued", "running")
_ENDINGS = {
    "no-dev-errors": "no dev error was left",
    "rounds-spent": "the rounds were spent",
    "points-spent": "the points were spent",
    "time-spent": "the time was spent",
    "no-progress": "the dev error stopped falling",
    "nothing-to-propose": "the samplers found nothing new",
}


def run_so_far(job: JobRecord, stored: Sequence[AgoraRoundRecord]) -> dict[str, Any]:
    """What `bort agora run --json` answers, from the rounds stored so far."""
    rows = [dict(record.summary) for record in stored]
    return {
        "study": job.study,
        "task": job.spec["task"],
        "job": job.id,
        "state": str(job.state),
        "rounds": rows,
        "final": final_result(rows) if rows else None,
        "seconds": sum(row["seconds"] for row in rows),
    }


def print_run(answer: Mapping[str, Any]) -> None:
    """The rounds as a table, and the result in a sentence."""
    console = Console()
    if not answer["rounds"]:
        text = f"Job {answer['job']} has not finished a round yet."
        if answer.get("state", "running") not in _UNDER_WAY:
            text += f" It is {answer['state']}; go on with: bort jobs resume {answer['job']}"
        console.print(Text(text))
        return
    table = Table(
        box=SIMPLE,
        pad_edge=False,
        collapse_padding=True,
        title=Text(f"Agora run {answer['study']} (job {answer['job']})"),
    )
    for heading in _ROUND_HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in answer["rounds"]:
        table.add_row(
            str(row["round"]),
            f"{row['train_size']:,}",
            str(row["errors_found"]),
            f"{row['proposed']:,}",
            f"{sum(row['refused'].values()):,}",
            f"{row['accepted']:,}",
            f"{row['dev_error']:.4f}",
            f"{row['audit_error']:.4f}",
            " ".join(map(str, row["betti"])),
            f"{row['coverage']:.0%}",
        )
    console.print(table)
    for note in _notes(answer["rounds"]):
        console.print(Text(note))
    for warning in answer.get("warnings", ()):
        console.print(Text(f"Warning: {warning}", style="yellow"))
    console.print(Text(result_sentence(answer["final"])))


def print_comparison(answer: Mapping[str, Any]) -> None:
    """The arms as a table, and their differences in sentences."""
    console = Console()
    table = Table(
        box=SIMPLE,
        pad_edge=False,
        title=Text(f"{answer['study']}: {answer['seeds']} seeds (job {answer['job']})"),
    )
    for heading in ("arm", "added", "steps", "dev error", "audit error", "gap closed"):
        table.add_column(heading, justify="left" if heading == "arm" else "right")
    for arm, row in answer["means"].items():
        share = answer["gap_closed"].get(arm, {}).get("share")
        table.add_row(
            arm,
            f"{row['added']:,.0f}",
            f"{row['steps']:,.0f}",
            f"{row['dev_error']:.4f}",
            f"{row['audit_error']:.4f}",
            "" if share is None else f"{share:.0%}",
        )
    table.add_row("teacher", "", "", "", f"{answer['teacher_audit_error']:.4f}", "100%")
    console.print(table)
    for row in answer["differences"]:
        console.print(Text(difference_sentence(row)))


def difference_sentence(row: Mapping[str, Any]) -> str:
    """One difference in plain words.

    Examples:
        >>> row = {"from": "plain", "to": "agora", "difference": -0.07, "low": -0.1, "high": -0.04}
        >>> print(difference_sentence(row))
        agora errs less often than plain by 0.0700 (95%: 0.0400 to 0.1000).
        >>> print(difference_sentence(row | {"difference": 0.0, "low": -0.01, "high": 0.01}))
        agora errs as often as plain (difference 95%: -0.0100 to 0.0100).
    """
    if abs(row["difference"]) < _SHOWN / 2:
        low, high = (row[key] + 0.0 if abs(row[key]) > _SHOWN / 2 else 0.0 for key in _ENDS)
        return (
            f"{row['to']} errs as often as {row['from']} (difference 95%: {low:.4f} to {high:.4f})."
        )
    less = row["difference"] <= 0
    ends = sorted(-row[key] if less else row[key] for key in _ENDS)
    return (
        f"{row['to']} errs {'less' if less else 'more'} often than {row['from']} by "
        f"{abs(row['difference']):.4f} (95%: {ends[0]:.4f} to {ends[1]:.4f})."
    )


def _notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why proposals were refused, and which rounds were done anew."""
    refused: Counter[str] = Counter()
    for row in rows:
        refused.update(row["refused"])
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in refused.most_common())
    replays = [
        f"Round {row['round']} does round {row['replayed']} anew: its points made dev worse."
        for row in rows
        if row["replayed"] is not None
    ]
    return ([f"Refused: {reasons}."] if reasons else []) + replays


def result_sentence(final: Mapping[str, Any]) -> str:
    """The result in plain words.

    Examples:
        >>> print(result_sentence({"audit_error": 0.02, "audit_low": 0.016, "audit_high": 0.025,
        ...     "audit_n": 400, "dev_error": 0.01, "ending": None}))
        Audit error 0.0200 (95%: 0.0160 to 0.0250, n 400), dev error 0.0100 (seen; gap +0.0100).
    """
    ending = final["ending"]
    return (
        f"Audit error {final['audit_error']:.4f} (95%: {final['audit_low']:.4f} to "
        f"{final['audit_high']:.4f}, n {final['audit_n']:,}), dev error {final['dev_error']:.4f} "
        f"(seen; "
        f"gap {final['audit_error'] - final['dev_error']:+.4f})."
        + ("" if ending is None else f" Ended because {_ENDINGS[ending]}.")
    )


def print_points(rows: Sequence[Mapping[str, Any]], classes: Sequence[str] | None) -> None:
    """Every generated point beside its parent, a few lines each.

    Args:
        classes: names of the classes; None shows their numbers.
    """
    console = Console()
    for row in rows:
        withdrawn = ", withdrawn" if row["is_withdrawn"] else ""
        head = f"{row['round']}:{row['position']} {row['verdict']}{withdrawn}, by {row['sampler']}"
        if row["distance"] is not None:
            head += f", {row['distance']:.3f} from its parent"
        if row["label"] is not None:
            head += f"; label {_class(row['label'], classes)} ({row['confidence']:.2f})"
        if row["labeler_label"] is not None:
            head += f", the labeler said {_class(row['labeler_label'], classes)}"
        if row["student_before"] is not None:
            after = _class(row["student_after"], classes)
            head += f"; student {_class(row['student_before'], classes)} → {after}"
        console.print(Text(head, style="bold"))
        console.print(Padding(Text(_value(row["value"])), (0, 0, 0, 2)))
        near = Text(f"near dev item {row['parent']}: {_value(row.get('parent_value', ''))}")
        near.stylize("dim")
        console.print(Padding(near, (0, 0, 0, 2)))


def _class(label: int | None, classes: Sequence[str] | None) -> str:
    return "-" if label is None else str(label) if classes is None else classes[label]


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(part if isinstance(part, str) else f"{part:.3f}" for part in value)
