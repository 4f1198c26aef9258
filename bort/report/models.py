"""Realised models as people read them."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_models(rows: Sequence[Mapping[str, Any]]) -> None:
    """One table per task: the models beside teacher and baselines; then what to do next."""
    console = Console()
    for task in dict.fromkeys(row["task"] for row in rows):
        console.print(_table(task, [row for row in rows if row["task"] == task]))
    for row in rows:
        console.print(Text(sentence(row)))


def _table(task: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=Text(f"Task {task}"), box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for heading in ("audit", "95%", "of teacher", "F1", "ms", "parameters"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        audit = row["audit"]
        table.add_row(
            Text(row["architecture_id"]),
            *_accuracy(audit),
            f"{row['share_of_teacher']:.1%}",
            f"{audit['macro_f1']:.4f}",
            _ms(row["latency_ms"]),
            f"{row['parameter_count']:,}",
        )
        plain = row["plain_student"]
        if plain:
            share = f"{plain['accuracy'] / row['teacher']['accuracy']:.1%}"
            f1 = f"{plain['macro_f1']:.4f}"
            table.add_row(Text("  the same, plain"), *_accuracy(plain), share, f1, "", "")
    first = rows[0]
    teacher = first["teacher"]
    table.add_section()
    table.add_row(
        Text("teacher"),
        *_accuracy(teacher),
        "",
        f"{teacher['macro_f1']:.4f}",
        _ms(teacher["latency_ms"]),
        "",
    )
    if first["tfidf"]:
        tfidf = first["tfidf"]
        share = f"{tfidf['accuracy'] / teacher['accuracy']:.1%}"
        table.add_row(
            "tf-idf, logistic", *_accuracy(tfidf), share, f"{tfidf['macro_f1']:.4f}", "", ""
        )
    return table


def _accuracy(row: Mapping[str, Any]) -> tuple[str, str]:
    return f"{row['accuracy']:.4f}", f"{row['low']:.3f}-{row['high']:.3f}"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def sentence(row: Mapping[str, Any]) -> str:
    """One model in plain words, and how to export it."""
    faster = row["times_faster_than_teacher"]
    speed = "" if faster is None else f", {faster:.1f} times as fast"
    return (
        f"{row['model']}: {row['share_of_teacher']:.1%} of the accuracy of its teacher "
        f"({row['teacher']['name']}) on "
        f"{row['audit']['n']:,} audit texts{speed}. "
        f"Export it: bort export {row['model']} --format hf --out FOLDER"
    )
