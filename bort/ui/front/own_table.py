"""Anybody's results on the front: bring a table, say which columns are what, look at it.

The address names the table by the digest of its content, and the columns, so a link shows the same.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import streamlit as st

from bort.core.errors import BortError, InvalidDataError
from bort.core.paths import expanded
from bort.core.serialise import from_json
from bort.core.table_source import TableSource, digest_of
from bort.report.numbers import counted
from bort.studies.table_columns import (
    is_usually_maximised,
    usual_objectives,
    usual_spread,
)
from bort.ui.kit import access, address, markup, readings, uploads

if TYPE_CHECKING:
    import pandas as pd

NEW = "new"
_WAYS = {"upload": "Upload a file", "path": "A file on this machine", "optuna": "An Optuna storage"}
_ROLES = ("size", "latency", "error")
_PREVIEWED = 5  # rows


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table that was brought along, and how to read it."""

    path: Path
    source: TableSource


def offer() -> None:
    """A button that leads owners to the form."""
    if not access.may_change():
        return
    st.button(
        "Your own results",
        icon=":material/upload_file:",
        on_click=address.choose_table,
        args=(NEW,),
        help="Look at a CSV or Parquet file, or an Optuna study, without training anything.",
        key="own-results",
    )


def find() -> OwnTable | None:
    """Return the table in the address; without one that can be read, show what is to be done."""
    reference = address.table()
    if reference is None or reference == NEW:
        if reference is not None:
            _offer_to_close()
        _bring()
        return None
    try:
        path = uploads.kept(reference)
    except BortError as error:
        markup.problem(str(error))
        _offer_to_close()
        _bring()
        return None
    given = address.columns()
    if given is None:
        _offer_to_close()
        _describe(path, None)
        return None
    try:
        source = from_json(TableSource, {**given, "sha256": digest_of(path)}, what="the columns")
        readings.table(path, source)
    except BortError as error:
        markup.problem(str(error))
        _offer_to_close()
        _describe(path, None)
        return None
    return OwnTable(path, source)


def head(own: OwnTable) -> None:
    """Name the file beside the title, with the ways to other columns and other results."""
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
        markup.note(own.path.name)
        with st.popover("Columns", icon=":material/table_chart:", width="content"):
            _describe(own.path, own.source)
        _offer_to_close()


def _offer_to_close() -> None:
    """Show the way back to the studies."""
    st.button(
        "Close",
        icon=":material/close:",
        type="tertiary",
        on_click=address.leave_study,
        key="close-table",
    )


def _bring() -> None:
    access.check_may_change()
    markup.lead(
        "Results from anywhere: one row for each model, with its size, its latency and its error "
        "or accuracy. Nothing is trained, and the file stays on this machine."
    )
    way = st.segmented_control(
        "Where the results are",
        list(_WAYS),
        default="upload",
        format_func=_WAYS.__getitem__,
        required=True,
        label_visibility="collapsed",
        key="bring",
    )
    try:
        match way:
            case "upload":
                given = st.file_uploader(
                    "CSV, TSV, JSONL or Parquet", list(uploads.DATA_ENDINGS), key="results-file"
                )
                if given is not None:
                    _go(uploads.keep(given))
            case "path":
                _bring_path()
            case _:
                _bring_optuna()
    except BortError as error:
        markup.problem(str(error))


def _bring_path() -> None:
    text = st.text_input("Path", placeholder="results.csv", key="results-path")
    if text:
        path = expanded(text.strip())
        _go(uploads.keep_file(path))


def _bring_optuna() -> None:
    storage, name = st.columns(2)
    url = storage.text_input(
        "Storage", placeholder="sqlite:///optuna.db, or a journal file", key="optuna-storage"
    )
    study = name.text_input("Study", key="optuna-study")
    if not st.button("Read its finished trials", disabled=not (url and study), key="optuna-read"):
        return
    from bort.studies.interchange import optuna_trials, write_rows

    trials = optuna_trials(url, study)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "trials.csv"
        write_rows(file, trials.rows)
        path = uploads.keep_file(file, name=f"{study}.csv")
    st.session_state[_objectives_key(path)] = (trials.objectives, trials.maximised)
    _go(path)


def _go(path: PurePath) -> None:
    address.choose_table(uploads.reference(path))
    st.rerun()


def _objectives_key(path: PurePath) -> str:
    return f"objectives:{uploads.reference(path)}"


def _describe(path: Path, source: TableSource | None) -> None:
    """Show the first rows, and ask which columns are what."""
    frame = readings.frame(path)
    if source is None:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.subheader(markup.plain(path.name), anchor=False, width="content")
            st.button(
                "Another file",
                type="tertiary",
                icon=":material/arrow_back:",
                on_click=address.choose_table,
                args=(NEW,),
                disabled=not access.may_change(),
                key="another-table",
            )
    size = f"{counted(len(frame), 'row')}, {counted(len(frame.columns), 'column')}"
    markup.note(f"{size}. The first {min(_PREVIEWED, len(frame))}:")
    st.dataframe(markup.cells(frame.head(_PREVIEWED)), hide_index=True, height="content")
    numeric = [str(name) for name in frame.select_dtypes("number").columns]
    if len(numeric) < len(_ROLES):
        raise InvalidDataError(
            f"{path.name} has {len(numeric)} columns of numbers, but three are needed: size, "
            "latency and error; add them, with a header"
        )
    _ask(path, frame, numeric, source)


def _ask(
    path: Path, frame: "pd.DataFrame", numeric: Sequence[str], source: TableSource | None
) -> None:
    key = f"map:{uploads.reference(path)}"
    guess = _guess(path, numeric) if source is None else _given(source)
    chosen: list[str | None] = []
    for role, place, (name, _) in zip(_ROLES, st.columns(3), guess, strict=True):
        with place:
            chosen.append(
                st.selectbox(
                    f"Column of the {role}",
                    numeric,
                    index=numeric.index(name) if name in numeric else None,
                    placeholder="choose a column",
                    key=f"{key}:{role}",
                )
            )
            st.toggle(
                "Accuracy: more is better" if role == "error" else "More is better",
                value=_is_maximised(chosen[-1], guess),
                key=f"{key}:{role}:more:{chosen[-1]}",
            )
    size, latency, error = chosen
    if size is None or latency is None or error is None:
        markup.note("Choose the columns of size, latency and error.")
        return
    maximise = tuple(
        name
        for role, name in zip(_ROLES, (size, latency, error), strict=True)
        if st.session_state[f"{key}:{role}:more:{name}"]
    )
    narrow, wide = st.columns([1, 2])
    with narrow:
        spread = _ask_spread(key, numeric, (size, latency, error), source)
    objectives = [name for name in (size, latency, error, spread) if name is not None]
    with wide:
        dimensions = _ask_dimensions(key, frame, objectives, source)
    is_holed = bool(frame[[size, latency, error]].isna().any(axis=None))
    drop_failed = is_holed and st.toggle(
        "Leave out rows without a size, latency or error", value=True, key=f"{key}:drop"
    )
    asked = TableSource(
        sha256=digest_of(path),
        size=size,
        latency=latency,
        error=error,
        error_se=spread,
        maximise=maximise,
        dimensions=dimensions,
        drop_failed=bool(drop_failed),
    )
    try:
        readings.table(path, asked)
    except BortError as problem:
        markup.problem(str(problem))
        return
    st.button(
        "Show the front",
        type="primary",
        icon=":material/scatter_plot:",
        on_click=_show,
        args=(asked,),
        key=f"{key}:show",
    )


def _show(source: TableSource) -> None:
    values = asdict(source)
    values.pop("sha256")
    address.choose_columns(values)
    address.choose_pick(None)


def _guess(path: Path, numeric: Sequence[str]) -> list[tuple[str | None, bool | None]]:
    """Guess each objective's column, and whether more of it is better where that is known."""
    objectives, maximised = st.session_state.get(_objectives_key(path), (None, ()))
    found = usual_objectives(objectives or numeric)
    if objectives is not None and None in found and len(objectives) == len(_ROLES):
        found = objectives
    return [(name, name in maximised if objectives else None) for name in found]


def _given(source: TableSource) -> list[tuple[str | None, bool | None]]:
    return [(n, n in source.maximise) for n in (source.size, source.latency, source.error)]


def _is_maximised(name: str | None, guess: Sequence[tuple[str | None, bool | None]]) -> bool:
    if name is None:
        return False
    known = dict(guess).get(name)
    return is_usually_maximised(name) if known is None else known


def _ask_spread(
    key: str, numeric: Sequence[str], objectives: Sequence[str], source: TableSource | None
) -> str | None:
    others = [name for name in numeric if name not in objectives]
    usual = usual_spread(others, objectives[-1]) if source is None else source.error_se
    chosen: Any = st.selectbox(
        "Column of its standard error",
        others,
        index=others.index(usual) if usual in others else None,
        placeholder="none: errors are exact",
        key=f"{key}:spread:{objectives[-1]}",
    )
    return None if chosen is None else str(chosen)


def _ask_dimensions(
    key: str, frame: "pd.DataFrame", objectives: Sequence[str], source: TableSource | None
) -> tuple[str, ...]:
    from bort.studies.table_columns import LABELS, without_failed, without_others

    kept, _ = without_others(frame, objectives)
    labels = [name for name in frame.columns if name.casefold() in LABELS]
    counted, _ = without_failed(frame, objectives)
    usual = [name for name in kept.columns if name not in (*objectives, *labels)]
    usual = [name for name in usual if counted[name].notna().any()]
    if not usual or counted.duplicated(subset=usual).any():
        usual += [
            name for name in frame.columns if name not in objectives and counted[name].is_unique
        ][:1]
    if source is not None and source.dimensions is not None:
        usual = [name for name in source.dimensions if name in frame.columns]
    return tuple(
        st.multiselect(
            "Dimensions: what was varied",
            [name for name in frame.columns if name not in objectives],
            default=[name for name in usual if name not in objectives],
            key=f"{key}:dimensions:{objectives}",
            help="Each different combination is an architecture. They are the axes beside the "
            "objectives, and what a search may compare.",
        )
    )
