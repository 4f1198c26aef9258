"""Generated points beside their parents; a person rejects or relabels them, and replays."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from bort.agora.loop.rounds import Verdict
from bort.core.errors import BortError
from bort.jobs import JobRecord, start_detached
from bort.ui.agora import readings as agora_readings
from bort.ui.kit import address, frame, markup, readings

ALL = "all"
CELL_CHARACTERS = 300
Row = Mapping[str, Any]
Corrections = dict[tuple[int, int], int | None]
_CAN_BE_LABELLED = (*(Verdict.ACCEPTED, Verdict.ABSTAINED, Verdict.REJECTED, Verdict.RELABELLED),)


@st.fragment
def show(job_id: int) -> None:
    """The list, the chosen point, and what to do with it."""
    with frame.clear_errors():
        job = readings.job(job_id)
        rows = agora_readings.points(job)
        markup.label("Generated points")
        if not rows:
            markup.note(
                "None yet; they appear with the first round that finds dev errors."
                if job.state.is_active
                else "None: no round found dev errors that it could sample near."
            )
            return
        classes = agora_readings.class_names(job)
        chosen = _choose(_filtered(rows, job_id), classes, job_id)
        if chosen is None:
            markup.note("Choose a row to read the point beside its parent, and to correct it.")
        else:
            _beside(chosen, classes)
            _correct(job, chosen, classes)
        _replay(job)


def _filtered(rows: Sequence[Row], job_id: int) -> list[Row]:
    left, middle, right = st.columns(3)
    number = left.selectbox(
        "Round", [ALL, *sorted({row["round"] for row in rows})], key=f"agora-list-round:{job_id}"
    )
    verdict = middle.selectbox(
        "Verdict", [ALL, *sorted({row["verdict"] for row in rows})], key=f"agora-verdict:{job_id}"
    )
    sampler = right.selectbox(
        "Sampled by", [ALL, *sorted({row["sampler"] for row in rows})], key=f"agora-by:{job_id}"
    )
    wanted = {"round": number, "verdict": verdict, "sampler": sampler}
    return [row for row in rows if all(v in (ALL, row[k]) for k, v in wanted.items())]


def _choose(rows: Sequence[Row], classes: list[str] | None, job_id: int) -> Row | None:
    table = pd.DataFrame(
        {
            "point": [_name(row) for row in rows],
            "generated": [_cell(row["value"]) for row in rows],
            "parent, a dev error": [_cell(row.get("parent_value")) for row in rows],
            "verdict": [_verdict(row) for row in rows],
            "label": [_class(row["label"], classes) for row in rows],
            "confidence": [row["confidence"] for row in rows],
            "student": [_change(row, classes) for row in rows],
            "sampler": [row["sampler"] for row in rows],
            "distance": [row["distance"] for row in rows],
        }
    )
    number = st.column_config.NumberColumn(format="%.3f")
    event = st.dataframe(
        table,
        hide_index=True,
        height=340,
        key=f"agora-list:{job_id}",
        on_select="rerun",
        selection_mode="single-row",
        column_config={"confidence": number, "distance": number},
        placeholder="",
        alt="Generated points and the dev errors they were sampled near",
    )
    chosen = event.selection.rows
    return rows[chosen[0]] if chosen and chosen[0] < len(rows) else None


def _beside(row: Row, classes: list[str] | None) -> None:
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        markup.label(f"point {_name(row)}", f"{_verdict(row)}, by {row['sampler']}")
        st.text(agora_readings.as_text(row["value"]))
        change = _change(row, classes) or "the student was not asked"
        markup.note(f"label {_class(row['label'], classes) or 'none'}; {change}")
    with right, st.container(border=True):
        markup.label(f"its parent, dev item {row['parent']}")
        known = row.get("parent_value") is not None
        st.text(agora_readings.as_text(row["parent_value"]) if known else "cannot be read any more")


def _correct(job: JobRecord, row: Row, classes: list[str] | None) -> None:
    if row["verdict"] not in _CAN_BE_LABELLED or not row["probabilities"]:
        markup.note("It was refused before it was labelled: there is nothing to correct.")
        return
    place = (row["round"], row["position"])
    count = len(row["probabilities"])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if row["verdict"] != Verdict.REJECTED:
            st.button(
                "Reject it",
                icon=":material/block:",
                key="agora-reject",
                on_click=_remember,
                args=(job.id, place, None),
            )
        for label in range(count):
            if label != row["label"]:
                st.button(
                    f"Relabel as {_class(label, classes)}",
                    icon=":material/label:",
                    key=f"agora-relabel:{label}",
                    on_click=_remember,
                    args=(job.id, place, label),
                )


def _replay(job: JobRecord) -> None:
    corrections = _corrections(job.id)
    if not corrections:
        return
    classes = agora_readings.class_names(job)
    with st.container(border=True):
        markup.label("Your corrections")
        markup.note("; ".join(_sentence(*one, classes) for one in sorted(corrections.items())))
        with st.container(horizontal=True):
            is_started = st.button(
                "Replay with them",
                type="primary",
                icon=":material/replay:",
                key="agora-replay",
                disabled=job.state.is_active,
                help="The rounds up to the last correction are taken over, the others run again, "
                "as a new job. This one stays as it is.",
            )
            st.button(
                "Forget them",
                type="tertiary",
                key="agora-forget",
                on_click=corrections.clear,
            )
        if job.state.is_active:
            markup.note("The run is still going on; replay once it has ended.")
    if is_started:
        _start(job, corrections)


def _start(job: JobRecord, corrections: Corrections) -> None:
    from bort.jobs.kinds.agora import check_corrections

    triples = [[*place, label] for place, label in sorted(corrections.items())]
    try:
        check_corrections(agora_readings.rounds(job), triples)
        spec = {**job.spec, "replay": {"job": job.id, "corrections": triples}}
        replayed = start_detached(readings.store(), agora_readings.KIND, spec, study=job.study)
    except BortError as error:
        markup.problem(str(error))
        return
    corrections.clear()
    address.choose_job(replayed)
    st.rerun()


def _corrections(job_id: int) -> Corrections:
    kept: Corrections = st.session_state.setdefault(f"agora-corrections:{job_id}", {})
    return kept


def _remember(job_id: int, place: tuple[int, int], label: int | None) -> None:
    _corrections(job_id)[place] = label


def _sentence(place: tuple[int, int], label: int | None, classes: list[str] | None) -> str:
    name = f"{place[0]}:{place[1]}"
    return f"reject {name}" if label is None else f"{name} is {_class(label, classes)}"


def _name(row: Row) -> str:
    return f"{row['round']}:{row['position']}"


def _cell(value: Any) -> str:
    text = agora_readings.as_text(value)
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


def _verdict(row: Row) -> str:
    words = str(row["verdict"]).replace("-", " ")
    return f"{words}, withdrawn" if row["is_withdrawn"] else words


def _class(label: int | None, classes: list[str] | None) -> str:
    if label is None:
        return ""
    return classes[label] if classes and label < len(classes) else f"class {label}"


def _change(row: Row, classes: list[str] | None) -> str:
    """What the student said before and after the round; nothing where it was not asked."""
    before, after = (_class(row[f"student_{when}"], classes) for when in ("before", "after"))
    return f"{before or '?'} → {after or '?'}" if before or after else ""
