"""The trained architectures as a table; a click on a row, or an arrow key, picks it."""

import pandas as pd
import streamlit as st

from bort.core.architecture import Architecture
from bort.studies.answers import Point, StudyAnswer, TableAnswer
from bort.studies.choosing import NORMAL_95, Choice
from bort.ui.front import rows
from bort.ui.kit import address, markup

_COLUMNS = {
    "kind": st.column_config.TextColumn("kind", width=105),
    "parameters": st.column_config.NumberColumn("parameters", format="localized"),
    "effective": st.column_config.NumberColumn(
        "without embeddings", format="localized", help="Parameters without the embedding layer."
    ),
    "megabytes": st.column_config.NumberColumn(
        "MB", format="%.3f", help="Bytes of the exported weights and tokenizer."
    ),
    "latency_ms": st.column_config.NumberColumn("latency (ms)", format="%.3f"),
    "error": st.column_config.NumberColumn("dev error (%)", format="%.1f"),
    "half": st.column_config.NumberColumn(
        "± (points)", format="%.1f", help="Half of the 95% interval of the error."
    ),
    "w": st.column_config.NumberColumn("W", format="%.3f"),
}


def show(answer: StudyAnswer | TableAnswer, choice: Choice) -> None:
    """Show one row per trained architecture, or of a table; selecting one picks it."""
    is_table = isinstance(answer, TableAnswer)
    is_all = st.segmented_control(
        "Rows",
        [False, True],
        default=False,
        format_func=lambda is_all: (
            ("all" if is_table else "all trained") if is_all else "Pareto front"
        ),
        key="rows",
        required=True,
    )
    points = answer.points if is_all else answer.front
    ids = [point.name for point in points]

    def picked() -> None:
        cells = st.session_state[key]["selection"]["cells"]
        if cells and cells[0][0] < len(ids):
            address.choose_pick(ids[cells[0][0]])

    # Each set of rows needs its own key, because row numbers change their meaning. So does each
    # pick in a chart, which the table then shows as its selection.
    about = address.table() or address.study()
    key = f"table:{about}:{is_all}:{hash(tuple(ids))}:{address.picks_in_charts()}"
    pick = address.pick()
    here = [(ids.index(pick), rows.NAME if is_table else "architecture")] if pick in ids else []
    st.dataframe(
        markup.cells(rows.frame(answer, choice, all_=is_all))
        if isinstance(answer, TableAnswer)
        else _frame(answer, choice, all_=is_all),
        hide_index=True,
        column_config=rows.COLUMNS if is_table else _COLUMNS,
        on_select=picked,
        selection_mode="single-cell",
        selection_default={"selection": {"cells": here}},
        key=key,
        height=min(420, 38 + 35 * max(1, len(ids))),
        alt="Trained architectures with parameters, latency, error and W",
    )


def _frame(answer: StudyAnswer, choice: Choice, *, all_: bool) -> pd.DataFrame:
    points = answer.points if all_ else answer.front
    best = answer.best.id if answer.best else None
    return pd.DataFrame(
        {
            "architecture": [p.id for p in points],
            "kind": [rows.kind(p, best, choice) for p in points],
            "parameters": [p.parameter_count for p in points],
            "effective": [p.effective_parameter_count for p in points],
        }
        | ({"megabytes": [p.size / 1e6 for p in points]} if answer.spec.size.unit.is_bytes else {})
        | {
            "latency_ms": [p.latency_ms for p in points],
            "error": [100 * p.error_rate for p in points],
            "half": [100 * NORMAL_95 * p.error_se for p in points],
            "w": [p.w for p in points],
        }
        | dimension_columns(points)
    )


def dimension_columns(points: tuple[Point, ...]) -> dict[str, pd.Series]:
    """Make a column per dimension, blank for the families that lack it, after that of families."""
    named = [Architecture.of(**p.architecture) for p in points]
    sizes = [architecture.alone.as_dict() for architecture in named]
    columns = {name: [one.get(name) for one in sizes] for some in sizes for name in some}
    families = [architecture.family for architecture in named]
    first = {"family": pd.Series(families)} if any(families) else {}
    return first | {name: pd.Series(column, dtype="Int64") for name, column in columns.items()}
