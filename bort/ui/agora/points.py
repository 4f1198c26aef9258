"""Generated points with their parents: read, reject, relabel and replay them."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from bort.agora.loop import Provenance, Value, Verdict
from bort.core.errors import BortError
from bort.jobs import JobRecord, start_detached
from bort.report.agora import change_words, class_words, value_words, verdict_words
from bort.studies.agora import RUN, StoredRun, replay_spec
from bort.ui.agora import readings as agora_readings
from bort.ui.kit import address, frame, markup, readings

ALL = "all"
CELL_CHARACTERS = 300
Classes = Sequence[str] | None
Parents = Sequence[Value] | None
Corrections = dict[tuple[int, int], int | None]


@st.fragment
def show(job_id: int) -> None:
    """Show the list, the chosen point, and its corrections."""
    with frame.clear_errors():
        job = readings.job(job_id)
        run = agora_readings.run(job)
        markup.label("Generated points")
        if not run.points:
            markup.note(
                "None yet. They appear after the first round that finds dev errors."
                if job.state.is_active
                else "None. No round found dev errors to sample near."
            )
            return
        parents = agora_readings.parents(job)
        chosen = _choose(_filtered(run.points, job_id), parents, run.class_names, job_id)
        if chosen is None:
            markup.note("Choose a row to compare a point with its parent and correct it.")
        else:
            _beside(chosen, parents, run.class_names)
            _correct(job, chosen, run.class_names)
        _replay(run)


def _filtered(points: Sequence[Provenance], job_id: int) -> list[Provenance]:
    left, middle, right = st.columns(3)
    number = left.selectbox(
        "Round", [ALL, *sorted({row.round for row in points})], key=f"agora-list-round:{job_id}"
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
    return [
        row
        for row in points
        if number in (ALL, row.round)
        and verdict in (ALL, row.point.verdict)
        and sampler in (ALL, row.point.sampler)
    ]


def _choose(
    points: Sequence[Provenance], parents: Parents, classes: Classes, job_id: int
) -> Provenance | None:
    table = pd.DataFrame(
        {
            "point": [_name(row) for row in points],
            "generated": [_cell(row.point.value) for row in points],
            "parent, a dev error": [_cell(_parent(row, parents)) for row in points],
            "verdict": [_verdict(row) for row in points],
            "label": [class_words(row.point.label, classes) for row in points],
            "confidence": [row.point.confidence for row in points],
            "student": [change_words(row, classes) for row in points],
            "sampler": [row.point.sampler for row in points],
            "distance": [row.point.distance for row in points],
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
    return points[chosen[0]] if chosen and chosen[0] < len(points) else None


def _beside(row: Provenance, parents: Parents, classes: Classes) -> None:
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        markup.label(f"point {_name(row)}", f"{_verdict(row)}, by {row.point.sampler}")
        st.text(value_words(row.point.value))
        change = change_words(row, classes) or "the student did not see it"
        markup.note(f"label {class_words(row.point.label, classes) or 'none'}; {change}")
    with right, st.container(border=True):
        markup.label(f"its parent, dev item {row.point.parent}")
        parent = _parent(row, parents)
        st.text("no longer readable" if parent is None else value_words(parent))


def _correct(job: JobRecord, row: Provenance, classes: Classes) -> None:
    point = row.point
    if not point.verdict.is_labelled or not point.probabilities:
        markup.note("It was refused before it got a label, so there is nothing to correct.")
        return
    place = (row.round, row.position)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if point.verdict is not Verdict.REJECTED:
            st.button(
                "Reject it",
                icon=":material/block:",
                key="agora-reject",
                on_click=_remember,
                args=(job.id, place, None),
            )
        for label in range(len(point.probabilities)):
            if label != point.label:
                st.button(
                    f"Relabel as {class_words(label, classes)}",
                    icon=":material/label:",
                    key=f"agora-relabel:{label}",
                    on_click=_remember,
                    args=(job.id, place, label),
                )


def _replay(run: StoredRun) -> None:
    job = run.job
    corrections = _corrections(job.id)
    if not corrections:
        return
    with st.container(border=True):
        markup.label("Your corrections")
        made = (_correction(*one, run.class_names) for one in sorted(corrections.items()))
        markup.note("; ".join(made))
        with st.container(horizontal=True):
            is_started = st.button(
                "Replay with corrections",
                type="primary",
                icon=":material/replay:",
                key="agora-replay",
                disabled=job.state.is_active,
                help="A new job copies the rounds up to the last correction and runs the later "
                "ones again. This run does not change.",
            )
            st.button(
                "Discard corrections",
                type="tertiary",
                key="agora-forget",
                on_click=corrections.clear,
            )
        if job.state.is_active:
            markup.note("The run is still active. You can replay it once it has ended.")
    if is_started:
        _start(run, corrections)


def _start(run: StoredRun, corrections: Corrections) -> None:
    try:
        spec = replay_spec(run, dict(sorted(corrections.items())))
        replayed = start_detached(readings.store(), RUN, spec, study=run.job.study)
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


def _correction(place: tuple[int, int], label: int | None, classes: Classes) -> str:
    name = f"{place[0]}:{place[1]}"
    return f"reject {name}" if label is None else f"{name} is {class_words(label, classes)}"


def _name(row: Provenance) -> str:
    return f"{row.round}:{row.position}"


def _parent(row: Provenance, parents: Parents) -> Value | None:
    return None if parents is None else parents[row.point.parent]


def _cell(value: Value | None) -> str:
    text = value_words(value)
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


def _verdict(row: Provenance) -> str:
    return verdict_words(row.point.verdict, is_withdrawn=row.is_withdrawn)
