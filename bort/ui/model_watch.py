"""A fine-tuning, watched: stage, curves, time left, and what became of it."""

import streamlit as st

from bort.cli.report import duration
from bort.jobs import JobRecord, JobState, list_jobs
from bort.ui import address, frame, markup, model_curves, navigation, readings
from bort.ui.job_view import POLL_S, TITLES, request_cancel, request_resume, show_log

KIND = "finetune"


def watch(job_id: int) -> None:
    """Show a fine-tuning, and look again as long as it is active."""
    job = readings.job(job_id)
    if job.kind != KIND:
        markup.notice(f"Job {job_id} trains no model; it is watched on another page.")
        return
    is_active = job.state.is_active
    # A new function for each job and state: a final one is not polled.
    st.fragment(_look, run_every=POLL_S if is_active else None)(job_id, is_active)


def recent(limit: int = 4) -> None:
    """The latest fine-tunings, whatever became of them."""
    jobs = list_jobs(readings.store(), kind=KIND, limit=limit)
    if jobs:
        markup.label("Recent fine-tunings")
    for job in jobs:
        st.page_link(
            navigation.MODELS,
            label=f"{job.study or job.kind}: job {job.id} {TITLES[job.state]}",
            icon=":material/history:",
            query_params={"job": str(job.id)},
        )


def _look(job_id: int, was_active: bool) -> None:
    with frame.clear_errors():
        job = readings.job(job_id)
        # Ended, resumed, or left: the page around this fragment has to change as well.
        if job.state.is_active != was_active or address.job() != job_id:
            st.rerun()
        with st.container(border=True):
            _head(job)
            _progress(job)
            with st.container():
                stage = str(job.progress.extra.get("stage") or "")
                model_curves.show(job.id, key="live", stage=stage)
            show_log(job)


def _head(job: JobRecord) -> None:
    picks = ", ".join(str(pick) for pick in job.spec.get("picks", ()))
    attempt = f", attempt {job.attempt}" if job.attempt > 1 else ""
    state = f"Job {job.id} {TITLES[job.state]}{attempt}; {duration(job.seconds)} of work."
    markup.name(f"Fine-tuning {picks}", f"Study {job.study or 'unknown'}. {state}")
    # What comes and goes has a container: else all below moves, and shows twice meanwhile.
    with st.container():
        if job.state.can_resume:
            say = markup.notice if job.state is JobState.CANCELLED else markup.problem
            reason = (job.reason or "no reason known").rstrip(".")
            say(f"It ended early: {reason}. Its checkpoints are kept; resumed, it goes on there.")
    with st.container(horizontal=True, vertical_alignment="center"):
        if job.state.is_active:
            st.button(
                "Stopping" if job.cancel_requested else "Cancel",
                icon=":material/stop:",
                key="model-cancel",
                disabled=job.cancel_requested,
                on_click=request_cancel,
                args=(job.id,),
            )
        if job.state.can_resume:
            st.button(
                "Resume",
                type="primary",
                icon=":material/resume:",
                key="model-resume",
                on_click=request_resume,
                args=(job.id,),
            )
        st.button(
            "Close",
            icon=":material/close:",
            type="tertiary",
            key="model-close",
            on_click=address.choose_job,
            args=(None,),
        )


def _progress(job: JobRecord) -> None:
    progress = job.progress
    with st.container():
        if not job.state.is_active:
            return
        st.progress(min(1.0, progress.done / progress.total) if progress.total else 0.0)
        left = "" if progress.eta_s is None else f"; about {duration(progress.eta_s)} left"
        markup.note((progress.message or "Waiting for its process") + left)
        with st.container(horizontal=True, gap="large"):
            for label, key, number_format in (
                ("Loss", "loss", "{:.3f}"),
                ("Dev error", "dev_error", "{:.1%}"),
                ("Learning rate", "learning_rate", "{:.2g}"),
                ("Examples per second", "examples_per_second", "{:,.0f}"),
            ):
                value = progress.extra.get(key)
                shown = "none yet" if value is None else number_format.format(value)
                st.metric(label, shown, width="content")
