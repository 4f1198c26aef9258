"""Reject or relabel what is picked or selected, then replay the run with the corrections."""

from collections.abc import Sequence

import streamlit as st

from bort.agora.loop import Verdict
from bort.core.errors import BortError
from bort.jobs import start_detached
from bort.report.agora import class_words
from bort.studies.agora import RUN, StoredRun, replay_spec
from bort.ui.agora import selection
from bort.ui.kit import access, address, markup, readings

BUTTONS_AT_MOST = 4  # a task with more classes has a list
SAID_AT_MOST = 8
Place = tuple[int, int]
Corrections = dict[Place, int | None]


def offer(run: StoredRun, classes: Sequence[str] | None) -> None:
    """Show owners what can be corrected of the selection, or of the picked point."""
    if not access.may_change():
        return
    points = [run.points[k] for k in selection.selected(run.job.id)] or _picked(run)
    if not points:
        return
    labelled = [p for p in points if p.point.verdict.is_labelled and p.point.probabilities]
    if not labelled:
        they = "It was refused before it" if len(points) == 1 else "They were refused before they"
        markup.note(f"{they} got a label, so there is nothing to correct.")
        return
    places = [(p.round, p.position) for p in labelled]
    count = "" if len(places) == 1 else f" {len(places):,}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if any(p.point.verdict is not Verdict.REJECTED for p in labelled):
            st.button(
                f"Reject{count or ' it'}",
                icon=":material/block:",
                key="agora-reject",
                on_click=_remember,
                args=(run.job.id, places, None),
            )
        own = {p.point.label for p in labelled}
        others = [k for k in range(len(labelled[0].point.probabilities)) if {k} != own]
        _relabel(run, places, others, count, classes)


def _relabel(
    run: StoredRun,
    places: Sequence[Place],
    labels: Sequence[int],
    count: str,
    classes: Sequence[str] | None,
) -> None:
    if len(labels) <= BUTTONS_AT_MOST:
        for label in labels:
            st.button(
                f"Relabel{count} as {markup.plain(class_words(label, classes))}",
                icon=":material/label:",
                key=f"agora-relabel:{label}",
                on_click=_remember,
                args=(run.job.id, places, label),
            )
        return

    def relabel() -> None:
        _remember(run.job.id, places, st.session_state["agora-relabel"])
        st.session_state["agora-relabel"] = None  # so that the next point can get the same class

    st.selectbox(
        f"Relabel{count} as",
        labels,
        index=None,
        format_func=lambda label: class_words(label, classes),
        key="agora-relabel",
        on_change=relabel,
    )


def _picked(run: StoredRun) -> list:  # type: ignore[type-arg]
    name = address.point()
    return [row for row in run.points if f"{row.round}:{row.position}" == name]


def replay(run: StoredRun) -> None:
    """List the corrections, if there are any, and offer to run again with them."""
    job = run.job
    corrections = _corrections(job.id)
    if not corrections:
        return
    with st.container(border=True):
        markup.label("Your corrections")
        markup.note(_said(corrections, run.class_names))
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
        replayed = start_detached(readings.store_to_change(), RUN, spec, study=run.job.study)
    except BortError as error:
        markup.problem(str(error))
        return
    corrections.clear()
    address.choose_job(replayed)
    st.rerun()


def _corrections(job_id: int) -> Corrections:
    kept: Corrections = st.session_state.setdefault(f"agora-corrections:{job_id}", {})
    return kept


def _remember(job_id: int, places: Sequence[Place], label: int | None) -> None:
    _corrections(job_id).update(dict.fromkeys(places, label))


def _said(corrections: Corrections, classes: Sequence[str] | None) -> str:
    made = [_correction(*one, classes) for one in sorted(corrections.items())]
    more = len(made) - SAID_AT_MOST
    return "; ".join(made[:SAID_AT_MOST]) + (f"; and {more:,} more" if more > 0 else "")


def _correction(place: Place, label: int | None, classes: Sequence[str] | None) -> str:
    name = f"{place[0]}:{place[1]}"
    return f"reject {name}" if label is None else f"{name} is {class_words(label, classes)}"
