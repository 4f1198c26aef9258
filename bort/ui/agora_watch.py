"""A run of Agora, watched: how far it is, what each round did, what came of it."""

import streamlit as st

from bort.cli.report import duration
from bort.jobs import JobRecord, JobState, cancel, resume
from bort.storage import read_log
from bort.ui import (
    address,
    agora_map,
    agora_points,
    agora_readings,
    agora_rounds,
    frame,
    markup,
    navigation,
    readings,
)

POLL_S = 1.0
LOG_CHARACTERS = 6_000
TITLES = {
    JobState.QUEUED: "is about to start",
    JobState.RUNNING: "is running",
    JobState.DONE: "is done",
    JobState.FAILED: "has failed",
    JobState.CANCELLED: "was cancelled",
    JobState.LOST: "was lost",
}


def show(job_id: int) -> None:
    """The run as it goes on; below it the points and, on demand, the map."""
    job = readings.job(job_id)
    if job.kind != agora_readings.KIND:
        markup.notice(f"Job {job_id} is no Agora run; it is of the kind {job.kind}.")
        st.button("Set up a run", on_click=address.choose_job, args=(None,), key="agora-new")
        return
    count = len(agora_readings.rounds(job))
    is_active = job.state.is_active
    # A new function for each job and state: a final one is not polled.
    st.fragment(_look, run_every=POLL_S if is_active else None)(job_id, is_active, count)
    if count:
        agora_map.show(job_id)
        agora_points.show(job_id)


def recent() -> None:
    """The latest runs, each with a way to it."""
    jobs = agora_readings.recent()
    if jobs:
        markup.label("Recent runs")
    for job in jobs:
        st.page_link(
            navigation.AGORA,
            label=f"{job.study or job.kind}: job {job.id} {TITLES[job.state]}",
            icon=":material/history:",
            query_params={"job": str(job.id)},
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
        _progress(job)
        with st.container():
            for warning in readings.warnings(job_id):
                markup.notice(warning)
            agora_rounds.show([record.summary for record in stored], is_active=was_active)
        with st.expander("Log"):
            text, _ = read_log(job)
            st.code(text[-LOG_CHARACTERS:] or "nothing yet", language=None, wrap_lines=True)


def _head(job: JobRecord) -> None:
    attempt = f", attempt {job.attempt}" if job.attempt > 1 else ""
    spec = job.spec
    source = f"; replays job {spec['replay']['job']} with corrections" if "replay" in spec else ""
    markup.name(
        job.study or job.kind,
        f"Job {job.id} {TITLES[job.state]}{attempt}; {duration(job.seconds)} of work{source}.",
    )
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
    # What comes and goes has a container: else all below moves, and shows twice meanwhile.
    with st.container():
        if job.state.can_resume:
            say = markup.notice if job.state is JobState.CANCELLED else markup.problem
            reason = (job.reason or "no reason known").rstrip(".")
            say(f"It ended early: {reason}. Resuming goes on after the last stored round.")
    with st.container(horizontal=True):
        if job.state.is_active:
            st.button(
                "Stopping" if job.cancel_requested else "Cancel",
                icon=":material/stop:",
                key="agora-cancel",
                disabled=job.cancel_requested,
                on_click=_cancel,
                args=(job.id,),
            )
        if job.state.can_resume:
            st.button(
                "Resume",
                type="primary",
                icon=":material/resume:",
                key="agora-resume",
                on_click=_resume,
                args=(job.id,),
            )
        st.button(
            "New run",
            icon=":material/add:",
            type="tertiary",
            key="agora-new",
            on_click=address.choose_job,
            args=(None,),
        )


def _progress(job: JobRecord) -> None:
    progress = job.progress
    with st.container():
        if job.state.is_active:
            st.progress(min(1.0, progress.done / progress.total) if progress.total else 0.0)
            left = progress.eta_s
            markup.note(
                (progress.message or "Waiting for its process")
                + ("" if left is None else f"; about {duration(left)} left at most")
            )


def _cancel(job_id: int) -> None:
    with frame.clear_errors():
        cancel(readings.store(), job_id, wait=False)


def _resume(job_id: int) -> None:
    with frame.clear_errors():
        resume(readings.store(), job_id, detach=True)
