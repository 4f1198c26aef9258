"""What pages read from the store, with what is costly kept: the one place that caches."""

from pathlib import Path

import streamlit as st

import bort
from bort import paths
from bort.answers import StudyAnswer, read_answer
from bort.jobs import JobRecord, JobState, find_job, list_jobs
from bort.storage import Store, StudyRecord, ensure_examples, open_store

ROOT = Path(bort.__file__).parent.parent

Weights = tuple[float, float, float]


def store() -> Store:
    """The store that `BORT_STORE` names, with the finished examples in it.

    Raises:
        StoreError: it cannot be opened.
    """
    return _opened(paths.store_url())


@st.cache_resource(show_spinner=False, max_entries=8)
def _opened(url: str) -> Store:
    opened = open_store(url)
    ensure_examples(opened, ROOT / "data" / "recorded")
    return opened


def studies() -> list[StudyRecord]:
    """All studies: the user's own first, the newest first, then the examples."""
    return sorted(store().studies(), key=lambda study: study.is_example)


def answer(
    study: StudyRecord, *, epsilon: float | None = None, weights: Weights | None = None
) -> StudyAnswer:
    """A study's answer; solved anew only if an evaluation, epsilon or a weight has changed."""
    state = (study.id, study.created_at, study.evaluation_count, study.profile)
    search = study.spec.search
    asked = (epsilon or search.epsilon, weights or search.weights)
    return _answer(store().url, study.name, state, *asked)


@st.cache_resource(show_spinner=False, max_entries=64)
def _answer(
    url: str,
    name: str,
    state: tuple[object, ...],  # noqa: ARG001 -- part of the cache's key
    epsilon: float,
    weights: Weights,
) -> StudyAnswer:
    return read_answer(_opened(url), name, epsilon=epsilon, weights=weights)


def active_jobs(study: str | None = None) -> list[JobRecord]:
    """Jobs that wait or run, of one study or of all, the newest first."""
    return list_jobs(store(), study=study, states=[s for s in JobState if s.is_active])


def recent_searches(limit: int = 4) -> list[JobRecord]:
    """The newest searches, whatever their state."""
    return list_jobs(store(), kind="search", limit=limit)


def job(job_id: int) -> JobRecord:
    """One job as it really is.

    Raises:
        UnknownJobError: no job of that id.
    """
    return find_job(store(), job_id)
