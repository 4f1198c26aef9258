"""Generated points as a table, linked with the map: a click picks, checked rows are marked."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from bort.agora.loop import Provenance, Value
from bort.figures.agora_map import point_name
from bort.report.agora import change_words, class_words, value_words, verdict_words
from bort.studies.agora import DevItems, StoredRun
from bort.ui.agora import selection
from bort.ui.kit import address, markup

ALL = "all"
HERE, SO_FAR, CHOSEN = "this round", "all rounds", "selected on the map"
CELL_CHARACTERS = 300
ROWS_AT_MOST = 5_000  # a table of 100,000 rows takes 1.4 s of each rerun
_NAME = "point"
_NUMBER = st.column_config.NumberColumn(format="%.3f")
Rows = list[tuple[int, Provenance]]
"""Points with their numbers among all points of the run."""


def show(run: StoredRun, dev: DevItems | None) -> None:
    """Show the list; what is picked and checked in it is drawn on the map."""
    markup.label("Generated points")
    if not run.points:
        markup.note(
            "None yet. They appear after the first round that finds dev errors."
            if run.job.state.is_active
            else "None. No round found dev errors to sample near."
        )
        return
    rows = _filtered(run)
    if len(rows) > ROWS_AT_MOST:
        markup.note(
            f"The first {ROWS_AT_MOST:,} of {len(rows):,} points. Choose a round, a verdict or a "
            f"part of the map to see others; bort agora show {run.job.id} --points prints all."
        )
    _table(rows[:ROWS_AT_MOST], run, dev)


def _filtered(run: StoredRun) -> Rows:
    job_id, points = run.job.id, run.points
    in_lasso = selection.chosen(job_id)
    left, middle, right = st.columns([2, 1, 1], vertical_alignment="bottom")
    which = left.segmented_control(
        "Rows",
        [HERE, SO_FAR, *([CHOSEN] if in_lasso else [])],
        default=CHOSEN if in_lasso else SO_FAR,
        key=f"agora-rows:{job_id}:{bool(in_lasso)}",
        label_visibility="collapsed",
        required=True,
    )
    verdict = middle.selectbox(
        "Verdict",
        [ALL, *sorted({row.point.verdict for row in points})],
        key=f"agora-verdict:{job_id}",
    )
    sampler = right.selectbox(
        "Sampled by",
        [ALL, *sorted({row.point.sampler for row in points})],
        key=f"agora-by:{job_id}",
    )
    here = address.round_number()
    here = len(run.rounds) - 1 if here is None else here
    kept = in_lasso if which == CHOSEN else range(len(points))
    return [
        (k, points[k])
        for k in kept
        if (which != HERE or points[k].round == here)
        and verdict in (ALL, points[k].point.verdict)
        and sampler in (ALL, points[k].point.sampler)
    ]


def _table(rows: Rows, run: StoredRun, dev: DevItems | None) -> None:
    job_id, points = run.job.id, [row for _, row in rows]
    numbers = [number for number, _ in rows]
    key = f"agora-list:{job_id}:{hash(tuple(numbers))}:{selection.picks(job_id)}"

    def chosen() -> None:
        found = st.session_state[key]["selection"]
        selection.mark(job_id, [numbers[k] for k in found["rows"] if k < len(numbers)])
        if found["cells"] and found["cells"][0][0] < len(points):
            address.choose_point(point_name(points[found["cells"][0][0]]))

    names = [point_name(row) for row in points]
    pick, marked = address.point(), set(selection.marked(job_id))
    st.dataframe(
        markup.cells(frame(points, dev, class_names(run, dev))),
        hide_index=True,
        height=min(420, 38 + 35 * max(1, len(points))),
        key=key,
        on_select=chosen,
        selection_mode=["multi-row", "single-cell"],
        selection_default={
            "selection": {
                "rows": [k for k, number in enumerate(numbers) if number in marked],
                "cells": [(names.index(pick), _NAME)] if pick in names else [],
            }
        },
        column_config={"confidence": _NUMBER, "distance": _NUMBER},
        placeholder="",
        alt="Generated points and the dev errors they were sampled near",
    )


def frame(
    points: Sequence[Provenance], dev: DevItems | None, classes: Sequence[str] | None
) -> pd.DataFrame:
    """Make a table with one row per point."""
    return pd.DataFrame(
        {
            _NAME: [point_name(row) for row in points],
            "generated": [_cell(row.point.value) for row in points],
            "parent, a dev error": [_cell(parent_of(row, dev)) for row in points],
            "verdict": [
                verdict_words(row.point.verdict, is_withdrawn=row.is_withdrawn) for row in points
            ],
            "label": [class_words(row.point.label, classes) for row in points],
            "confidence": [row.point.confidence for row in points],
            "student": [change_words(row, classes) for row in points],
            "sampler": [row.point.sampler for row in points],
            "distance": [row.point.distance for row in points],
        }
    )


def parent_of(row: Provenance, dev: DevItems | None) -> Value | None:
    """The dev item that a point was sampled near; None if it cannot be read any more."""
    if dev is None or row.point.parent >= len(dev.values):  # rows of the file were removed
        return None
    return dev.values[row.point.parent]


def class_names(run: StoredRun, dev: DevItems | None) -> Sequence[str] | None:
    """The task's classes; a run on texts knows them itself only once it has ended."""
    return run.class_names or (None if dev is None else dev.class_names)


def _cell(value: Value | None) -> str:
    text = value_words(value)
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"
