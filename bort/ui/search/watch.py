"""Watch one search: its progress, its results so far, and how it ended."""

import plotly.graph_objects as go
import streamlit as st

from bort.core.progress import Stage
from bort.core.question import Goal
from bort.figures import (
    Objective,
    Theme,
    axes_of,
    front_info,
    plot_certified_epsilon,
    plot_pair,
)
from bort.jobs import JobRecord
from bort.report.jobs import sentence
from bort.report.numbers import duration, rounded_up
from bort.report.search import latency_note
from bort.report.searching import learnt_sentence, pick_sentence
from bort.storage import JobState, StudyRecord
from bort.studies.answers import StudyAnswer
from bort.studies.choosing import Limits
from bort.ui.front import certificate
from bort.ui.front import charts as front_charts
from bort.ui.kit import access, address, chart, frame, job_parts, markup, navigation, readings
from bort.ui.kit.same import Same


def running() -> int | None:
    """Open the running search, unless a new one is asked for; return its number."""
    if address.wants_new_job():
        return None
    job = next((job for job in readings.active_jobs() if job.kind == "search"), None)
    if job is not None:
        address.choose_job(job.id)
    return None if job is None else job.id


def watch(job_id: int) -> None:
    """Show a search, and refresh while it is active."""
    job_parts.watch(job_id, navigation.SEARCH, _draw)


def _draw(job: JobRecord) -> None:
    study = readings.study(job.study)
    _head(job, study)
    answer = None if study is None else readings.answer(study)
    _progress(job, answer)
    with st.container():
        if answer is not None and answer.points:
            _found(job, answer)
    with st.container():
        if answer is not None and answer.points:
            certificate.claim(answer)
            markup.note(latency_note(answer.latency))
        elif study is not None:
            certificate.before_training(study, job.id)
    job_parts.log(job)


def _head(job: JobRecord, study: StudyRecord | None) -> None:
    markup.name(job.study or job.kind, f"{job_parts.title(job)}.")
    job_parts.early_end(job, _kept(job, study))
    with st.container(horizontal=True, vertical_alignment="center"):
        job_parts.cancel_button(job, key="cancel")
        job_parts.resume_button(job, key="resume")
        job_parts.delete_button(job, key="delete")
        if study is not None:
            st.page_link(
                navigation.PARETO,
                label="Open its Pareto front",
                icon=":material/scatter_plot:",
                query_params={"study": study.name},
            )
        if access.may_change():
            st.button(
                "New search",
                icon=":material/add:",
                type="tertiary",
                on_click=address.want_new_job,
                key="new-search",
            )


def _kept(job: JobRecord, study: StudyRecord | None) -> str:
    if study is not None and study.evaluation_count:
        return "Finished work is kept."
    when = "" if job.state is JobState.CANCELLED else " once the problem is fixed"
    return f"No training was finished. Resume it{when}, or start another search."


def _progress(job: JobRecord, answer: StudyAnswer | None) -> None:
    progress = job.progress
    with st.container():
        if job.state.is_active:
            st.progress(progress.share)
            job_parts.stages(job)
            doing = sentence(progress) or "Waiting for its process"
            why = pick_sentence(progress, Goal(job.spec["search"]["goal"]))
            markup.note(f"{doing}. {why}" if why else doing)
            job_parts.pause(job)
            job_parts.workers(job)
            job_parts.measure_button(job)
    with st.container(horizontal=True, gap="large"):
        if answer is not None:
            limit = answer.spec.search.budget or answer.evaluation_bound
            most = min(answer.evaluation_bound, limit)
            st.metric("Trained", f"{answer.evaluations:,} of {most:,} at most", width="content")
            certified = answer.certified_epsilon
            st.metric(
                f"Certified ε so far (goal: {answer.epsilon:g})",
                "none yet" if certified is None else rounded_up(certified),
                width="content",
            )
        is_training = job.state.is_active and progress.stage is Stage.TRAINING_CANDIDATES
        if is_training and progress.eta_s is not None:
            st.metric("Left at most", duration(progress.eta_s), width="content")


def _found(job: JobRecord, answer: StudyAnswer) -> None:
    size, latency, error = axes_of(answer)
    series = readings.store().metrics(job.id).get("certified_epsilon", [])
    if all(value is None for _, value in series):
        series = []
    if learnt := learnt_sentence(job.progress, [value for _, value in series]):
        markup.notice(learnt)
    front_charts.legend(answer, frame.theme())
    columns = st.columns(3 if series else 2, gap="medium")
    for column, x in zip(columns, (size, latency), strict=False):
        with column:
            chart.show(
                chart.Sketch.of(_pair, Same(answer), x, frame.theme()),
                key=f"job:{x.name}:{job.id}",
                alt=f"{error.title} against {x.title} of the architectures trained so far",
            )
    if series:
        with columns[-1]:
            chart.show(
                chart.Sketch.of(
                    plot_certified_epsilon,
                    tuple(step for step, _ in series),
                    tuple(value for _, value in series),
                    target=answer.epsilon,
                    theme=frame.theme(),
                    height=280,
                ),
                key=f"job:epsilon:{job.id}",
                alt="Certified ε after each training",
            )


def _pair(answer: StudyAnswer, x: Objective, theme: Theme) -> go.Figure:
    objectives = axes_of(answer)
    info = front_info(
        answer.points,
        objectives=objectives,
        best_id=answer.best.id if answer.best else None,
        noise=readings.choice(answer.points, Limits(), answer.spec.size.unit).within_noise,
    )
    return plot_pair(info, x, objectives[-1], theme=theme, log=[x], height=280)


def recent() -> None:
    """Show links to the latest searches in any state."""
    job_parts.links(
        "Recent searches", readings.recent_searches(), navigation.SEARCH, job_parts.study_or_kind
    )
