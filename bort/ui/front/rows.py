"""The rows of somebody's table: the picked one in full, all of them as a table, what is certified.

Names of columns and cells are data: they are shown as text, never as Markdown.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from bort.core.table_source import TableSource
from bort.report.choosing import cost_name, shape_of
from bort.report.data import table_note
from bort.report.numbers import percent, significant
from bort.report.search import claim_line
from bort.studies.answers import Point, StudyAnswer, TableAnswer, TablePoint
from bort.studies.choosing import LATENCY, NORMAL_95, SIZE, Choice
from bort.studies.commands import table_front_command, table_search_command
from bort.ui.front import certificate
from bort.ui.kit import address, later, markup, readings

NAME = "row"
COLUMNS = {
    "error (%)": st.column_config.NumberColumn("error (%)", format="%.1f"),
    "± 95% (points)": st.column_config.NumberColumn("± 95% (points)", format="%.1f"),
    "W": st.column_config.NumberColumn("W", format="%.3f"),
}
SEARCHED_AT_MOST = 5_000  # rows; a larger table takes more than a few seconds


def frame(answer: TableAnswer, choice: Choice, *, all_: bool) -> pd.DataFrame:
    """Make a table of all rows or the front. A column of the file keeps its name if it can."""
    points = answer.points if all_ else answer.front
    best, columns = answer.best.name if answer.best else None, answer.columns
    ours = {NAME, "kind", *COLUMNS}
    made: dict[str, list[Any]] = {
        NAME: [p.name for p in points],
        "kind": [kind(p, best, choice) for p in points],
    }

    def theirs(name: str, values: list[Any]) -> None:
        while name in ours or name in made:
            name += " (in the file)"
        made[name] = values

    theirs(columns.size, [p.size for p in points])
    theirs(columns.latency, [p.latency for p in points])
    made["error (%)"] = [100 * p.error_rate for p in points]
    if columns.error_se:
        made["± 95% (points)"] = [100 * NORMAL_95 * (p.error_se or 0.0) for p in points]
    made["W"] = [p.w for p in points]
    for name in dict.fromkeys(name for p in points for name in p.architecture):
        theirs(name, [p.architecture.get(name) for p in points])
    return pd.DataFrame(made)


def kind(point: Point | TablePoint, best: str | None, choice: Choice) -> str:
    """Say in words how a point is drawn."""
    is_close = point.name in choice.within_noise
    front = "front" if point.is_on_front else "within noise" if is_close else "dominated"
    is_best = point.name == best
    marks = [front, "cover" if point.is_in_cover else "", "largest W" if is_best else ""]
    return ", ".join(mark for mark in marks if mark)


def facts(point: TablePoint, answer: TableAnswer) -> list[tuple[str, str, str]]:
    """The numbers of one row, with its place by W."""
    columns = answer.columns
    rank = 1 + sum(other.w > point.w for other in answer.points)
    half = 100 * NORMAL_95 * (point.error_se or 0.0)
    weights = ", ".join(f"{weight:g}" for weight in answer.weights)
    return [
        (columns.size, significant(point.size), _inverted(SIZE, answer)),
        (columns.latency, significant(point.latency), _inverted(LATENCY, answer)),
        ("Error", percent(point.error_rate), f"± {half:.1f} (95%)" if half else ""),
        (
            "W",
            f"{point.w:.3f}",
            f"rank {rank} of {len(answer.points):,}, weights {weights}{ahead(point, answer)}",
        ),
    ]


def ahead(point: Point | TablePoint, answer: StudyAnswer | TableAnswer) -> str:
    """Name the one with the largest W, if it is another one."""
    best = answer.best
    return (
        "" if best is None or best.name == point.name else f"; largest: {best.name}, {best.w:.3f}"
    )


def _inverted(column: int, answer: TableAnswer) -> str:
    name = cost_name(answer.columns, column)
    return "" if name in (answer.columns.size, answer.columns.latency) else f"drawn as {name}"


def take_along(point: TablePoint, answer: TableAnswer, source: TableSource, path: Path) -> None:
    """Show the row's dimensions as code, and this view as a command."""
    cells = json.dumps(dict(point.architecture), indent=2, ensure_ascii=False, default=str)
    later.code(cells, language="json", wrap_lines=True)
    markup.label("This view as a command")
    command = table_front_command(
        Path(path.name), source, epsilon=answer.epsilon, weights=answer.weights
    )
    later.code(command, language="bash", wrap_lines=True)


def strip(point: TablePoint, answer: TableAnswer) -> str:
    """The row in one line."""
    costs = (
        f"{significant(cost)} {cost_name(answer.columns, column)}"
        for column, cost in enumerate(point.costs)
    )
    return f"{point.name}: {', '.join(costs)}, {percent(point.error_rate)} error"


def title(point: TablePoint) -> tuple[str, str]:
    """Its name, and its dimensions."""
    name = f"row {point.name}" if point.name == str(point.id + 1) else point.name
    return name, shape_of(point)


def claim(answer: TableAnswer, source: TableSource, path: Path) -> None:
    """Show what is known of the table in one line, which unfolds to ledger and certificate."""
    with st.expander(claim_line(answer), key="claim"):
        for note in answer.notes:
            markup.note(table_note(note))
        certificate.ledger(answer)
        markup.label("If each row had to be trained first")
        if answer.space_size > SEARCHED_AT_MOST:
            markup.note("The table is large; search it from a terminal:")
        elif st.toggle("Search it as if no error were known", key=f"as-if:{address.table()}"):
            _search(answer, source, path)
        else:
            markup.note(
                "A certified search reads only the rows that it needs. See how many these are, "
                "and take its certificate with you."
            )
        later.code(
            table_search_command(Path(path.name), source, answer.question),
            language="bash",
            wrap_lines=True,
        )


def _search(answer: TableAnswer, source: TableSource, path: Path) -> None:
    with st.spinner("Searching the table"):
        found, content = readings.table_search(path, source, answer.question)
    markup.note(claim_line(found))
    name = f"{path.stem}-certificate.json"
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.download_button(
            "Download the certificate",
            data=json.dumps(content, ensure_ascii=False),
            file_name=name,
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key="download-table-certificate",
        )
        later.code(f"bort verify {name} --from-table {path.name}", language="bash", wrap_lines=True)
