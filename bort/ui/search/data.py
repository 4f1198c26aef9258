"""A person's own data: the first rows, the columns from lists, what the texts are like."""

from pathlib import Path

import pandas as pd
import streamlit as st

from bort.core.errors import BortError
from bort.core.paths import expanded
from bort.core.study import TaskSpec
from bort.report.data import data_warning, look_sentences
from bort.studies.data_look import FirstRows
from bort.ui.kit import markup, readings

PREVIEWED = 5  # rows
LOOKED_AT_BY_ITSELF = 2 << 20  # bytes; larger files wait for a click


def preview(path: str) -> FirstRows | None:
    """Show the first rows of a file; None, and nothing, if it cannot be read."""
    file = expanded(path)
    try:
        found = readings.first_rows(file, _changed(file), PREVIEWED)
    except (BortError, OSError):
        return None  # the check of the task says what is wrong
    count = f"{found.count:,} rows, {len(found.columns):,} columns"
    markup.note(f"{file.name}: {count}. The first {min(PREVIEWED, found.count)}:")
    rows = pd.DataFrame({name: [_shown(c) for c in cells] for name, cells in found.rows.items()})
    st.dataframe(rows, hide_index=True, height="content")
    return found


def choices(found: FirstRows) -> dict[str, dict[str, str]]:
    """The columns to choose from, for the fields of a task."""
    columns = {name: name for name in found.columns}
    pairs = {f"{one},{other}": f"{one} and {other}" for one, other in found.pairs}
    return {"text": {**columns, **pairs}, "label": columns, "split_column": columns}


def look(spec: TaskSpec) -> None:
    """Say what the texts are like: at once for a small file, else on request."""
    file = expanded(spec.task)
    is_small = file.stat().st_size <= LOOKED_AT_BY_ITSELF
    if not (is_small or st.toggle("Look at all texts now", key=f"look:{spec.task}")):
        markup.note("Classes, near-duplicates and unknown words are counted on demand.")
        return
    found = readings.data_look(spec, _changed(file))
    for sentence in look_sentences(found):
        markup.note(sentence)
    for warning in found.warnings:
        markup.notice(data_warning(warning))


def _changed(file: Path) -> float:
    return file.stat().st_mtime


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell)
