"""A run of Agora, watched: how far it is, what each round did, what came of it."""

import streamlit as st

from bort.jobs import JobRecord
from bort.ui.agora import map as agora_map
from bort.ui.agora import points as agora_points
from bort.ui.agora import readings as agora_readings
from bort.ui.agora import rounds as agora_rounds
from bort.ui.kit import address, frame, job_parts, markup, navigation, readings


def show(job_id: int) -> None:
    """The run as it goes on; below it the points and, on demand, the map."""
    job = readings.job(job_id)
    if not job_parts.is_watched_here(job, navigation.AGORA):
        st.button("Set up a run", on_click=address.choose_job, args=(None,), key="agora-new")
        return
    count = len(agora_readings.rounds(job))
    job_parts.look_again(_look, job, count)
    if count:
        agora_map.show(job_id)
        agora_points.show(job_id)


def recent() -> None:
    """The latest runs, each with a way to it."""
    job_parts.links(
        "Recent runs", agora_readings.recent(), navigation.AGORA, job_parts.study_or_kind
    )


def _look(job_id: int, was_active: bool, count: int) -> None:
    with frame.clear_errors():
        job = readings.job(job_id)
        stored = agora_readings.rounds(job)
        # Ended, left, or a round further: the page around this fragment has to change as well.
        is_over = job.state.is_active != was_active
        if is_over or len(stored) != count or address.job() != job_id:
            st.rerun()
        _head(job)
        job_parts.bar(job, "left at most")
        with st.container():
            for warning in readings.warnings(job_id):
                markup.notice(warning[:1].upper() + warning[1:])
            agora_rounds.show([record.summary for record in stored], is_active=was_active)
        job_parts.log(job)


def _head(job: JobRecord) -> None:
    spec = job.spec
    source = f"; replays job {spec['replay']['job']} with corrections" if "replay" in spec else ""
    markup.name(job.study or job.kind, f"{job_parts.title(job)}{source}.")
    student = spec.get("learner") or spec.get("architecture") or ""
    markup.tags(
        [
            f"task {spec['task']}",
            f"student {student}",
            f"labeler {spec['labeler']}",
            f"sampler {spec['sampler']}",
            "radius from the data" if spec["radius"] is None else f"radius {spec['radius']:g}",
        ]
    )
    job_parts.early_end(job, "Resuming goes on after the last stored round.")
    with st.container(horizontal=True):
        job_parts.cancel_button(job, key="agora-cancel")
        job_parts.resume_button(job, key="agora-resume")
        st.button(
            "New run",
            icon=":material/add:",
            type="tertiary",
            key="agora-new",
            on_click=address.choose_job,
            args=(None,),
        )
