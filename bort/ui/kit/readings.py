"""The pages' reads from the store. Expensive answers are cached, and only here."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import streamlit as st

from bort.core import paths
from bort.core.errors import UnknownStudyError
from bort.core.question import Question
from bort.core.size import SizeUnit
from bort.core.study import SearchSpec, TaskSpec
from bort.core.table_source import TableSource
from bort.jobs import JobRecord, JobState, find_job, list_jobs
from bort.latency.profile import LatencyProfile
from bort.latency.stored import stored_profiles
from bort.report.events import event_sentence
from bort.search.check.certificate import Certificate
from bort.search.w_coefficient import WeightRegion, winning_regions
from bort.storage import (
    EventCode,
    Store,
    StudyRecord,
    ensure_example_jobs,
    ensure_examples,
    open_store,
)
from bort.studies import answers
from bort.studies import data_look as data_look_
from bort.studies.answers import StudyAnswer, TableAnswer, read_answer
from bort.studies.answers.rows import Columns
from bort.studies.answers.table import front_of_table, search_table
from bort.studies.choosing import AnyPoint, Choice, Limits, Unit, choose
from bort.studies.data_look import DataLook, FirstRows
from bort.studies.estimates import Planned, Work
from bort.studies.recorded_table import ErrorTable, read_source
from bort.studies.rivals import KIND as RIVALS
from bort.studies.table_files import read_frame
from bort.ui.kit import access
from bort.ui.kit.same import Same

if TYPE_CHECKING:
    import pandas as pd

    from bort.export.predicting import Predictor


Weights = tuple[float, float, float]

heavy_imports = RLock()
"""Held while torch and transformers may be imported: two threads that import at once can fail."""

DRAWN_AT_MOST = 60  # regions of weights; more could not be told apart


def store() -> Store:
    """Open the store in `BORT_STORE`, with the finished examples in it, to read.

    Whoever may only read gets a store that nothing can be written to.

    Raises:
        ForbiddenError: whoever asks may not read.
        StoreError: it cannot be opened.
    """
    access.check_may_read()
    opened = _opened(paths.store_url())
    return opened if access.may_change() else _read_only(opened.url)


def store_to_change() -> Store:
    """Open the store for what starts, cancels, deletes or writes.

    Raises:
        ForbiddenError: whoever asks may not change anything.
        StoreError: it cannot be opened.
    """
    access.check_may_change()
    return _opened(paths.store_url())


@st.cache_resource(show_spinner=False, max_entries=8)
def _opened(url: str) -> Store:
    opened = open_store(url)
    ensure_examples(opened, paths.examples())
    ensure_example_jobs(opened, paths.example_jobs())
    return opened


@st.cache_resource(show_spinner=False, max_entries=8)
def _read_only(url: str) -> Store:
    return open_store(url, read_only=True)


def study(name: str | None) -> StudyRecord | None:
    """Return the study of that name, or None."""
    if name is None:
        return None
    try:
        return store().study(name)
    except UnknownStudyError:
        return None


def studies() -> list[StudyRecord]:
    """All studies: first the user's own, newest first, then the examples."""
    return sorted(store().studies(), key=lambda study: study.is_example)


def answer(
    study: StudyRecord, *, epsilon: float | None = None, weights: Weights | None = None
) -> StudyAnswer:
    """A study's answer; solved again only if an evaluation, epsilon or a weight has changed."""
    question = study.spec.search.question
    asked = (epsilon or question.epsilon, weights or question.weights)
    return _answer(store().url, study.name, _state(study), *asked, study.spec.size.unit)


def _state(study: StudyRecord) -> tuple[object, ...]:
    """Everything but the question that an answer depends on."""
    measured = tuple(store().profile_dates().items())  # one of them may be of its winners
    compared = [job.id for job in store().jobs(kind=RIVALS, states=[JobState.DONE], limit=1)]
    # A search writes its certificate last, and takes it along when it is deleted.
    latest = store().jobs(study=study.name, kind="search", limit=1)
    searched = tuple((job.id, job.state.value) for job in latest)
    known = (study.id, study.created_at, study.evaluation_count, study.profile)
    return *known, measured, searched, *compared


@st.cache_resource(show_spinner=False, max_entries=64)
def _answer(
    url: str,
    name: str,
    state: tuple[object, ...],  # noqa: ARG001 -- part of the cache's key
    epsilon: float,
    weights: Weights,
    size: SizeUnit,
) -> StudyAnswer:
    return read_answer(_opened(url), name, epsilon=epsilon, weights=weights, size=size)


def profiles() -> list[LatencyProfile]:
    """All latency profiles, newest first.

    Raises:
        InvalidProfileError: one of them cannot be read.
    """
    opened = store()
    return _profiles(opened.url, tuple(opened.profile_dates().items()))


@st.cache_resource(show_spinner=False, max_entries=4)
def _profiles(
    url: str,
    dates: tuple[object, ...],  # noqa: ARG001 -- part of the cache's key
) -> list[LatencyProfile]:
    return stored_profiles(_opened(url))


def choice(points: Sequence[AnyPoint], limits: Limits, unit: Unit) -> Choice:
    """The points within the limits, and how surely each is beaten; O(n log n) once."""
    return _choice(Same(points), limits, unit)


@lru_cache(maxsize=32)
def _choice(points: Same[Sequence[AnyPoint]], limits: Limits, unit: Unit) -> Choice:
    return choose(points.value, limits, unit)


def winning_weights(study: StudyRecord, pick: str) -> dict[str, WeightRegion]:
    """The weights for which each architecture of the front wins, and the pick."""
    return _winning_weights(store().url, study.name, _state(study), study.spec.size.unit, pick)


@st.cache_resource(show_spinner=False, max_entries=64)
def _winning_weights(
    url: str,
    name: str,
    state: tuple[object, ...],  # noqa: ARG001 -- part of the cache's key
    size: SizeUnit,
    pick: str,
) -> dict[str, WeightRegion]:
    opened = _opened(url)
    front = [point.id for point in read_answer(opened, name, size=size).front]
    drawn = front if len(front) <= DRAWN_AT_MOST else []
    study = answers.counted_in(opened.study(name), size)
    return answers.winning_weights(opened, study, dict.fromkeys([*drawn, pick]))


@st.cache_resource(show_spinner=False, max_entries=8)
def frame(path: Path) -> "pd.DataFrame":
    """The rows of a kept file, as they are in it.

    Raises:
        InvalidDataError: it is no table.
    """
    return read_frame(path)


@st.cache_resource(show_spinner=False, max_entries=16)
def table(path: Path, source: TableSource) -> ErrorTable:
    """A kept file as a table of results.

    Raises:
        InvalidDataError: the columns are not what `source` says.
    """
    return read_source(path, source)


@st.cache_resource(show_spinner=False, max_entries=32)
def table_answer(path: Path, source: TableSource, question: Question) -> TableAnswer:
    """The exact front of a table."""
    return front_of_table(table(path, source), columns(source), question)


@st.cache_resource(show_spinner="Searching the table", max_entries=8)
def table_search(
    path: Path, source: TableSource, question: Question
) -> tuple[TableAnswer, Certificate]:
    """What a search would find that has to evaluate each row that it reads."""
    spec = SearchSpec(question=question)
    return search_table(table(path, source), columns(source), spec, source=source)


@st.cache_resource(show_spinner=False, max_entries=32)
def table_regions(path: Path, source: TableSource, pick: str) -> dict[str, WeightRegion]:
    """The weights for which each row of the front wins, and the pick."""
    rows = table(path, source)
    index = {label: i for i, label in enumerate(rows.labels)}
    front = [point.name for point in table_answer(path, source, Question()).front]
    drawn = front if len(front) <= DRAWN_AT_MOST else []
    floor = float(rows.errors[rows.errors > 0].min()) / 2
    known = {i: max(float(error), floor) for i, error in enumerate(rows.errors)}
    return winning_regions(
        rows.problem.size, rows.problem.latency, known, index, dict.fromkeys([*drawn, pick])
    )


def columns(source: TableSource) -> Columns:
    """Which columns are the objectives."""
    return Columns(source.size, source.latency, source.error, source.error_se)


@st.cache_resource(show_spinner=False, max_entries=8)
def first_rows(path: Path, changed: float, count: int) -> FirstRows:
    """The columns and first rows of a data file.

    Args:
        changed: when it was written, so that a new one is read.
    Raises:
        InvalidDataError: it cannot be read as data.
    """
    del changed
    return data_look_.first_rows(path, count)


@st.cache_resource(show_spinner="Looking at the texts", max_entries=8)
def data_look(spec: TaskSpec, changed: float) -> DataLook:
    """What a task's texts are like.

    Raises:
        BortError: the data cannot be used as a task.
    """
    del changed
    return data_look_.look_at(spec)


def warnings(job_id: int | None) -> list[str]:
    """The distinct warnings of a job's latest attempt."""
    if job_id is None:
        return []
    found: list[str] = []
    for event in store().events(job_id):
        if event.code is EventCode.ATTEMPT_BEGAN:
            found.clear()
        elif event.level == "warning" and event.code is not EventCode.ENDED:
            found.append(event_sentence(event))
    return list(dict.fromkeys(found))


def planned(job_id: int) -> list[Planned]:
    """The stages that a job's latest attempt began with; none before it has a plan."""
    found = [event for event in store().events(job_id) if event.code is EventCode.PLANNED]
    stages = found[-1].facts["stages"] if found else []
    return [Planned(Work(work), seconds) for work, seconds in stages]


def active_jobs(study: str | None = None) -> list[JobRecord]:
    """Queued and running jobs of one study or all, newest first."""
    return list_jobs(store(), study=study, states=[s for s in JobState if s.is_active])


def recent_searches(limit: int = 4) -> list[JobRecord]:
    """The newest searches, whatever their state."""
    return list_jobs(store(), kind="search", limit=limit)


@st.cache_resource(show_spinner=False, max_entries=4)
def predictor(folder: Path, changed: float) -> "Predictor":
    """Open a model folder for predictions. Imports torch.

    Args:
        changed: when its weights were written, so that new ones are read.
    Raises:
        ExportError, InvalidModelError: it cannot be opened.
    """
    del changed
    with heavy_imports:
        from bort.export.predicting import Predictor

        return Predictor(folder)


def job(job_id: int) -> JobRecord:
    """One job, its state checked against its process.

    Raises:
        UnknownJobError: no job of that id.
    """
    return find_job(store(), job_id)
