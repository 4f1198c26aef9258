"""Agora's rounds as people and programs read them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bort.agora.summary import final_result
from bort.storage import AgoraRoundRecord, JobRecord

_ROUND_HEADINGS = (
    *("round", "train", "wrong", "new", "refused", "added"),
    *("dev", "audit", "Betti", "cover"),
)
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
        console.print(Text(f"Job {answer['job']} has not finished a round yet."))
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
    """
    less = row["difference"] <= 0
    ends = sorted(-row[key] if less else row[key] for key in ("low", "high"))
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


def print_points(rows: Sequence[Mapping[str, Any]]) -> None:
    """Every generated point on a line."""
    table = Table()
    for heading in ("point", "parent", "sampler", "distance", "verdict", "label", "confidence"):
        table.add_column(heading, justify="right")
    for heading in ("student", "value", "near"):
        table.add_column(heading)
    for row in rows:
        table.add_row(
            f"{row['round']}:{row['position']}",
            str(row["parent"]),
            row["sampler"],
            _number(row["distance"]),
            row["verdict"] + (" (withdrawn)" if row["is_withdrawn"] else ""),
            "" if row["label"] is None else str(row["label"]),
            _number(row["confidence"]),
            f"{_or_dash(row['student_before'])} → {_or_dash(row['student_after'])}",
            Text(_value(row["value"])),
            Text(_value(row.get("parent_value", ""))),
        )
    Console().print(table)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(part if isinstance(part, str) else f"{part:.3f}" for part in value)
