"""All trained architectures in a sortable table, which also works without a mouse."""

import pandas as pd
import streamlit as st

from bort.figures.front import NORMAL_95
from bort.studies.answers import Point, StudyAnswer
from bort.ui.kit import address

_COLUMNS = {
    "kind": st.column_config.TextColumn("kind", width=150),
    "parameters": st.column_config.NumberColumn("parameters", format="localized"),
    "effective": st.column_config.NumberColumn(
        "without embeddings", format="localized", help="Parameters without the embedding layer."
    ),
    "latency_ms": st.column_config.NumberColumn("latency (ms)", format="%.2f"),
    "error": st.column_config.NumberColumn("dev error (%)", format="%.1f"),
    "half": st.column_config.NumberColumn("± 95 % (points)", format="%.1f"),
    "w": st.column_config.NumberColumn("W", format="%.3f"),
}


def show(answer: StudyAnswer) -> None:
    """Show one row per trained architecture; selecting one picks it."""
    is_all = st.segmented_control(
        "Rows",
        [False, True],
        default=False,
        format_func=lambda is_all: "all trained" if is_all else "Pareto front",
        key="rows",
        required=True,
    )
    points = answer.points if is_all else answer.front
    ids = [point.id for point in points]

    def picked() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows and rows[0] < len(ids):
            address.choose_pick(ids[rows[0]])

    # A new key per set of rows, where a row number means something else, and per pick made in
    # a chart, which the table then shows as its selection.
    key = f"table:{answer.study}:{is_all}:{len(ids)}:{address.picks_in_charts()}"
    pick = address.pick()
    st.dataframe(
        _frame(points, answer),
        hide_index=True,
        column_config=_COLUMNS,
        on_select=picked,
        selection_mode="single-row",
        selection_default={"selection": {"rows": [ids.index(pick)] if pick in ids else []}},
        key=key,
        height=min(420, 38 + 35 * max(1, len(ids))),
        alt="Trained architectures with parameters, latency, error and W",
    )


def _frame(points: tuple[Point, ...], answer: StudyAnswer) -> pd.DataFrame:
    best = answer.best.id if answer.best else None
    return pd.DataFrame(
        {
            "architecture": [p.id for p in points],
            "kind": [_kind(p, best) for p in points],
            "parameters": [p.parameter_count for p in points],
            "effective": [p.effective_parameter_count for p in points],
            "latency_ms": [p.latency_ms for p in points],
            "error": [100 * p.error_rate for p in points],
            "half": [100 * NORMAL_95 * p.error_se for p in points],
            "w": [p.w for p in points],
        }
        | {name: [p.architecture[name] for p in points] for name in _dimensions(points)}
    )


def _kind(point: Point, best: str | None) -> str:
    front = "front" if point.is_on_front else "dominated"
    marks = [front, "cover" if point.is_in_cover else "", "largest W" if point.id == best else ""]
    return ", ".join(mark for mark in marks if mark)


def _dimensions(points: tuple[Point, ...]) -> list[str]:
    return list(points[0].architecture) if points else []
