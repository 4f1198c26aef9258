"""A person's own data, in a file or on the hub: its first rows, columns from lists, its texts."""

from pathlib import Path

import pandas as pd
import streamlit as st

from bort.core.errors import BortError
from bort.core.paths import expanded
from bort.core.study import TaskSpec
from bort.report.data import data_warning, look_sentences, short_name
from bort.report.numbers import counted
from bort.studies.data_look import FirstRows
from bort.tasks.hub import PREFIX
from bort.ui.kit import markup, readings
from bort.ui.search import hub

PREVIEWED = 5  # rows
LOOKED_AT_BY_ITSELF = 2 << 20  # bytes; larger files wait for a click
ROWS_LOOKED_AT = 20_000  # of a data set of the hub


def preview(task: str) -> FirstRows | None:
    """Show the first rows; None if they cannot be read, or a data set of the hub is not loaded."""
    found = hub.first_rows(task, PREVIEWED) if is_on_hub(task) else _of_file(task)
    if found is None:
        return None
    count = f"{counted(found.count, 'row')}, {counted(len(found.columns), 'column')}"
    markup.note(f"{short_name(task)}: {count}. The first {min(PREVIEWED, found.count)}:")
    rows = pd.DataFrame({name: [_shown(c) for c in cells] for name, cells in found.rows.items()})
    st.dataframe(markup.cells(rows), hide_index=True, height="content")
    return found


def is_on_hub(task: str) -> bool:
    """Whether it is a data set of the hub."""
    return task.startswith(PREFIX)


def _of_file(path: str) -> FirstRows | None:
    file = expanded(path)
    try:
        return readings.first_rows(file, _changed(file), PREVIEWED)
    except (BortError, OSError):
        return None  # the check of the task says what is wrong


def choices(found: FirstRows) -> dict[str, dict[str, str]]:
    """The columns to choose from, for the fields of a task."""
    columns = {name: name for name in found.columns}
    pairs = {f"{one},{other}": f"{one} and {other}" for one, other in found.pairs}
    return {"text": {**columns, **pairs}, "label": columns, "split_column": columns}


def look(spec: TaskSpec, rows: int) -> None:
    """Say what the texts are like: at once for few texts, else on request."""
    is_hub = is_on_hub(spec.task)
    is_small = (
        rows <= ROWS_LOOKED_AT
        if is_hub
        else expanded(spec.task).stat().st_size <= LOOKED_AT_BY_ITSELF
    )
    if not (is_small or st.toggle("Look at all texts now", key=f"look:{spec.task}")):
        markup.note("Classes, near-duplicates and unknown words are counted on demand.")
        return
    found = hub.look(spec) if is_hub else readings.data_look(spec, _changed(expanded(spec.task)))
    if found is None:
        return
    for sentence in look_sentences(found):
        markup.note(sentence)
    for warning in found.warnings:
        markup.notice(data_warning(warning))


def _changed(file: Path) -> float:
    return file.stat().st_mtime


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell)
