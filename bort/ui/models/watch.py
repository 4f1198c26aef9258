"""Watch a fine-tuning or a comparison: its stage, its curves, the time left, and its end."""

import streamlit as st

from bort.core.progress import Progress, Stage
from bort.figures.models import plot_curves
from bort.finetuning.stages import DEV_ERROR, LOSS, curves_of
from bort.jobs import JobRecord, list_jobs
from bort.studies.rivals import KIND as RIVALS
from bort.ui.kit import address, chart, frame, job_parts, markup, navigation, readings
from bort.ui.models import rivals as model_rivals

KIND = "finetune"
RECENT = 4


def watch(job_id: int) -> None:
    """Show a fine-tuning, and refresh while it is active."""
    job_parts.watch(job_id, navigation.MODELS, _draw)


def is_any_active() -> bool:
    """Whether any fine-tuning is active."""
    jobs = list_jobs(readings.store(), kind=KIND, limit=RECENT)
    return any(job.state.is_active for job in jobs)


def recent(limit: int = RECENT) -> None:
    """List the latest fine-tunings and comparisons, in any state."""
    jobs = list_jobs(readings.store(), kind=KIND, limit=limit)
    job_parts.links("Recent fine-tunings", jobs, navigation.MODELS, job_parts.study_or_kind)
    compared = list_jobs(readings.store(), kind=RIVALS, limit=limit)
    job_parts.links("Recent comparisons", compared, navigation.MODELS, model_rivals.about)


def _draw(job: JobRecord) -> None:
    if job.kind == RIVALS:
        model_rivals.draw(job)
        return
    with st.container(border=True):
        _head(job)
        _progress(job)
        with st.container():
            curves(job.id, key="live", stage=_stage(job.progress))
        job_parts.log(job)


def _stage(step: Progress) -> str:
    """The name of a stage's curves; each round of Agora is a separate stage."""
    is_agora = step.stage is Stage.AGORA
    return f"{step.stage}{step.numbers['round']}" if is_agora else step.stage.value


def _head(job: JobRecord) -> None:
    picks = ", ".join(str(pick) for pick in job.spec.get("picks", ()))
    state = f"{job_parts.title(job)}."
    markup.name(f"Fine-tuning {picks}", f"Study {job.study or 'unknown'}. {state}")
    job_parts.early_end(job, "Its checkpoints are kept. Resume it to continue from there.")
    with st.container(horizontal=True, vertical_alignment="center"):
        job_parts.cancel_button(job, key="model-cancel")
        job_parts.resume_button(job, key="model-resume")
        job_parts.delete_button(job, key="model-delete-job")
        st.button(
            "Close",
            icon=":material/close:",
            type="tertiary",
            key="model-close",
            on_click=address.choose_job,
            args=(None,),
        )


def _progress(job: JobRecord) -> None:
    job_parts.stages(job)
    job_parts.bar(job)
    job_parts.workers(job)
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


def curves(
    job_id: int, *, key: str, architecture_id: str | None = None, task: str = "", stage: str = ""
) -> None:
    """Show loss and dev error of the chosen stage.

    Args:
        key: unique on the page.
        architecture_id: the architecture of one model trained on `task`; None shows all curves of
            the job.
        stage: the stage to show first; empty is the last one.
    """
    found = [
        curve
        for curve in curves_of(readings.store().metrics(job_id))
        if architecture_id is None or (curve.architecture_id, curve.task) == (architecture_id, task)
    ]
    stages = list(dict.fromkeys(curve.stage for curve in found))
    if not stages:
        markup.note("Curves appear after the first steps.")
        return
    first = stage if stage in stages else stages[-1]
    # A new key per running stage: the choice follows a live job until the user chooses.
    chosen = st.segmented_control(
        "Stage", stages, default=first, key=f"stage:{key}:{job_id}:{first}", required=True
    )
    drawn = tuple(curve for curve in found if curve.stage == chosen)
    for column, quantity, name in zip(
        st.columns(2, gap="medium"), (LOSS, DEV_ERROR), ("Loss", "Dev error"), strict=True
    ):
        with column:
            if any(curve.points for curve in drawn if curve.quantity == quantity):
                chart.show(
                    chart.Sketch.of(plot_curves, drawn, quantity, theme=frame.theme()),
                    key=f"curve:{key}:{quantity}",
                    alt=f"{name} by step, stage {chosen}",
                )
            else:
                markup.note(f"{name}: no values in this stage.")
