"""The pages' reads from the store. Expensive answers are cached, and only here."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from bort.core import paths
from bort.core.errors import UnknownStudyError
from bort.jobs import JobRecord, JobState, find_job, list_jobs
from bort.latency.stored import front_profile
from bort.report.events import event_sentence
from bort.search.w_coefficient import WeightRegion
from bort.storage import EventCode, Store, StudyRecord, ensure_examples, open_store
from bort.studies import answers
from bort.studies.answers import StudyAnswer, read_answer

if TYPE_CHECKING:
    from bort.export.predicting import Predictor


Weights = tuple[float, float, float]

DRAWN_AT_MOST = 60  # regions of weights; more could not be told apart


def store() -> Store:
    """Open the store in `BORT_STORE`, with the finished examples in it.

    Raises:
        StoreError: it cannot be opened.
    """
    return _opened(paths.store_url())


@st.cache_resource(show_spinner=False, max_entries=8)
def _opened(url: str) -> Store:
    opened = open_store(url)
    ensure_examples(opened, paths.examples())
    return opened


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
    return _answer(store().url, study.name, _state(study), *asked)


def _state(study: StudyRecord) -> tuple[object, ...]:
    """Everything but the question that an answer depends on."""
    measured = front_profile(store(), study)
    name = None if measured is None else measured.name
    return study.id, study.created_at, study.evaluation_count, study.profile, name


@st.cache_resource(show_spinner=False, max_entries=64)
def _answer(
    url: str,
    name: str,
    state: tuple[object, ...],  # noqa: ARG001 -- part of the cache's key
    epsilon: float,
    weights: Weights,
) -> StudyAnswer:
    return read_answer(_opened(url), name, epsilon=epsilon, weights=weights)


def winning_weights(study: StudyRecord, pick: str) -> dict[str, WeightRegion]:
    """The weights for which each architecture of the front wins, and the pick."""
    return _winning_weights(store().url, study.name, _state(study), pick)


@st.cache_resource(show_spinner=False, max_entries=64)
def _winning_weights(
    url: str,
    name: str,
    state: tuple[object, ...],  # noqa: ARG001 -- part of the cache's key
    pick: str,
) -> dict[str, WeightRegion]:
    opened = _opened(url)
    front = [point.id for point in read_answer(opened, name).front]
    drawn = front if len(front) <= DRAWN_AT_MOST else []
    return answers.winning_weights(opened, opened.study(name), dict.fromkeys([*drawn, pick]))


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
    from bort.export.predicting import Predictor

    return Predictor(folder)


def job(job_id: int) -> JobRecord:
    """One job, its state checked against its process.

    Raises:
        UnknownJobError: no job of that id.
    """
    return find_job(store(), job_id)
