"""The parts of the first page: a finished example, running jobs, studies, what to do next."""

import plotly.graph_objects as go
import streamlit as st

from bort.figures import ERROR, LATENCY, Theme, front_info, plot_pair
from bort.figures.models import add_error_lines
from bort.jobs import JobRecord
from bort.report.data import short_name
from bort.report.jobs import sentence, time_left
from bort.report.numbers import counted
from bort.report.search import latency_note, summary
from bort.storage import StudyRecord
from bort.studies.answers import StudyAnswer
from bort.studies.choosing import Limits
from bort.ui.front import charts as front_charts
from bort.ui.front import own_table
from bort.ui.kit import (
    access,
    chart,
    frame,
    hidden,
    job_parts,
    later,
    markup,
    navigation,
    readings,
    terms,
)
from bort.ui.kit.same import Same

POLL_S = 2.0
RECENT = 6
EXAMPLES = {"agora": "A run of Agora", "finetune": "A trained model", "landmarks": "A machine"}


def showcase(studies: list[StudyRecord]) -> None:
    """Show the front of a finished study: the example, or the user's newest."""
    filled = [study for study in studies if study.evaluation_count and study.profile]
    study = next((s for s in filled if s.is_example), filled[0] if filled else None)
    if study is None:
        markup.notice("There are no results yet. Start a search; its front grows while it runs.")
        return
    later.watch()
    answer = readings.answer(study)
    picture, text = st.columns([1.7, 1], gap="large", vertical_alignment="center")
    with picture:
        front_charts.legend(answer, frame.theme())
        _picture(answer)
    with text:
        _introduction(study, answer)


def _picture(answer: StudyAnswer) -> None:
    theme = frame.theme()
    chart.show(
        chart.Sketch.of(_front, Same(answer), theme),
        key="showcase",
        alt=f"Error against latency of {len(answer.points)} trained architectures",
    )


def _front(answer: StudyAnswer, theme: Theme) -> go.Figure:
    noise = readings.choice(answer.points, Limits(), answer.spec.size.unit).within_noise
    info = front_info(answer.points, best_id=answer.best.id if answer.best else None, noise=noise)
    figure = plot_pair(info, LATENCY, ERROR, theme=theme, log=[LATENCY], height=360)
    return add_error_lines(figure, answer.facts, LATENCY, ERROR, theme=theme)


def _introduction(study: StudyRecord, answer: StudyAnswer) -> None:
    markup.label("A finished example" if study.is_example else "Your newest study")
    markup.name(
        study.name,
        f"Task {study.spec.task.task}, space {study.spec.space['name']}. {summary(answer)}",
    )
    terms.row("lambda", "w")
    markup.note(latency_note(answer.latency))
    if st.button("Explore its Pareto front", type="primary", icon=":material/scatter_plot:"):
        st.switch_page(navigation.PARETO, query_params={"study": study.name})


def running_jobs() -> None:
    """Show active jobs and their progress, if there are any."""
    st.fragment(_running_jobs, run_every=hidden.pace(POLL_S))()


def _running_jobs() -> None:
    with frame.clear_errors():
        jobs = readings.active_jobs()
        if jobs:
            st.subheader("Running now", anchor=False)
        for job in jobs:
            with st.container(border=True):
                _running(job)


def _running(job: JobRecord) -> None:
    progress = job.progress
    markup.note(f"Job {job.id}, {job.study or job.kind}: {sentence(progress) or 'starting'}")
    st.progress(progress.share)
    job_parts.pause(job)
    with st.container(horizontal=True, vertical_alignment="center"):
        if progress.eta_s is not None:
            markup.note(time_left(job))
        st.page_link(
            navigation.watched_on(job.kind),
            label="Watch",
            icon=":material/visibility:",
            query_params={"job": str(job.id)},
        )


def recent_studies(studies: list[StudyRecord]) -> None:
    """Show the newest studies, each with a link to its front."""
    st.subheader("Studies", anchor=False)
    if not studies:
        markup.note("None yet.")
    for study in studies[:RECENT]:
        with st.container(border=True):
            words, link = st.columns([5, 1], vertical_alignment="center")
            with words:
                _describe(study)
            link.page_link(
                navigation.PARETO,
                label="Open",
                icon=":material/arrow_forward:",
                query_params={"study": study.name},
            )
    if len(studies) > RECENT:
        others = counted(len(studies) - RECENT, "study", "studies")
        markup.note(f"The page Pareto front lists {others} more.")


def example_jobs() -> None:
    """Link the finished examples of Agora, models and measurements, each on its page."""
    found = readings.store().jobs(only_examples=True)
    if found:
        markup.label("More finished examples, recorded elsewhere")
    for job in reversed(found):
        st.page_link(
            navigation.watched_on(job.kind),
            label=f"{EXAMPLES.get(job.kind, job.kind)}: {job_parts.study_or_kind(job)}",
            icon=":material/history:",
            query_params={"job": str(job.id)},
        )


def _describe(study: StudyRecord) -> None:
    kind = "Example, recorded elsewhere" if study.is_example else "Your study"
    question = study.spec.search.question
    markup.name(
        study.name,
        f"{kind}. Task {short_name(study.spec.task.task)}, space {study.spec.space['name']}, "
        f"goal {question.goal}, ε {question.epsilon:g}; "
        f"{counted(study.evaluation_count, 'training')}.",
    )


def next_steps() -> None:
    """Suggest what to do first."""
    st.subheader("What next", anchor=False)
    example = next((study.name for study in readings.studies() if study.is_example), None)
    steps: tuple[tuple[str, str, str, str, dict[str, str] | None], ...] = (
        (
            "Explore the example",
            "Say how small, fast or accurate it must be; get one architecture, and why.",
            navigation.PARETO,
            "Pareto front",
            None if example is None else {"study": example},
        ),
        (
            "Search on your own task",
            "All you need is a CSV with a text and a label column. Takes minutes on two cores.",
            navigation.SEARCH,
            "New search",
            None,
        ),
        (
            "Choose from your own results",
            "A CSV or Parquet file with size, latency and error in each row. Nothing is trained.",
            navigation.PARETO,
            "Open a table",
            {"table": own_table.NEW},
        ),
    )
    for title, text, page, label, query in steps if access.may_change() else steps[:1]:
        with st.container(border=True):
            markup.label(title, text)
            st.page_link(page, label=label, icon=":material/arrow_forward:", query_params=query)
    with st.container(border=True):
        markup.label("The same in a terminal")
        later.code("bort search --preset quick\nbort front", language="bash")
