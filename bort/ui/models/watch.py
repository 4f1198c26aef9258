"""A fine-tuning, watched: stage, curves, time left, and what became of it."""

import streamlit as st

from bort.core.progress import Progress, Stage
from bort.jobs import JobRecord, list_jobs
from bort.ui.kit import address, frame, job_parts, markup, navigation, readings
from bort.ui.models import curves as model_curves

KIND = "finetune"
RECENT = 4


def watch(job_id: int) -> None:
    """Show a fine-tuning, and look again as long as it is active."""
    job = readings.job(job_id)
    if job_parts.is_watched_here(job, navigation.MODELS):
        job_parts.look_again(_look, job)


def is_any_active() -> bool:
    """Whether a fine-tuning is under way, watched or not."""
    jobs = list_jobs(readings.store(), kind=KIND, limit=RECENT)
    return any(job.state.is_active for job in jobs)


def recent(limit: int = RECENT) -> None:
    """The latest fine-tunings, whatever became of them."""
    jobs = list_jobs(readings.store(), kind=KIND, limit=limit)
    job_parts.links("Recent fine-tunings", jobs, navigation.MODELS, job_parts.study_or_kind)


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
                model_curves.show(job.id, key="live", stage=_stage(job.progress))
            job_parts.log(job)


def _stage(step: Progress) -> str:
    """The name that a stage's curves have; each round of Agora is a stage of its own."""
    is_agora = step.stage is Stage.AGORA
    return f"{step.stage}{step.numbers['round']}" if is_agora else step.stage.value


def _head(job: JobRecord) -> None:
    picks = ", ".join(str(pick) for pick in job.spec.get("picks", ()))
    state = f"{job_parts.title(job)}."
    markup.name(f"Fine-tuning {picks}", f"Study {job.study or 'unknown'}. {state}")
    job_parts.early_end(job, "Its checkpoints are kept; resumed, it goes on there.")
    with st.container(horizontal=True, vertical_alignment="center"):
        job_parts.cancel_button(job, key="model-cancel")
        job_parts.resume_button(job, key="model-resume")
        st.button(
            "Close",
            icon=":material/close:",
            type="tertiary",
            key="model-close",
            on_click=address.choose_job,
            args=(None,),
        )


def _progress(job: JobRecord) -> None:
    job_parts.bar(job)
    with st.container():
        if not job.state.is_active:
            return
        with st.container(horizontal=True, gap="large"):
            for label, key, number_format in (
                ("Loss", "loss", "{:.3f}"),
                ("Dev error", "dev_error", "{:.1%}"),
                ("Learning rate", "learning_rate", "{:.2g}"),
                ("Examples per second", "examples_per_second", "{:,.0f}"),
            ):
                value = job.progress.numbers.get(key)
                if value is not None:  # measuring a latency, for example, has no loss
                    st.metric(label, number_format.format(value), width="content")
