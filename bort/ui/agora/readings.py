"""The Agora page's reads from the store; expensive ones are cached here."""

import streamlit as st

from bort.jobs import JobRecord, find_job, list_jobs
from bort.studies.agora import (
    RUN,
    DevItems,
    StoredRun,
    dev_items,
    is_here,
    read_run,
    read_spec,
)
from bort.ui.kit import readings


def run(job: JobRecord) -> StoredRun:
    """Return the stored rounds of a run; read again only after the job has moved on."""
    here = is_here(read_spec(job.spec))
    state = (job.state.value, job.attempt, job.progress.done, job.created_at, here)
    return _run(readings.store().url, job.id, state)


def dev(job: JobRecord) -> DevItems | None:
    """Return the dev items; None if the task cannot be read any more."""
    try:
        return _dev(readings.store().url, job.id)
    except _UnreadableTaskError:
        return None


def recent(limit: int = 5) -> list[JobRecord]:
    """Return the newest runs in any state."""
    return list_jobs(readings.store(), kind=RUN, limit=limit)


@st.cache_resource(show_spinner=False, max_entries=16)
def _run(
    url: str,  # noqa: ARG001 -- part of the cache's key
    job_id: int,
    state: tuple[object, ...],  # noqa: ARG001
) -> StoredRun:
    return read_run(readings.store(), find_job(readings.store(), job_id))


class _UnreadableTaskError(Exception):
    """Nothing is kept of a task that cannot be read, since it may come back."""


@st.cache_resource(show_spinner=False, max_entries=8)
def _dev(url: str, job_id: int) -> DevItems:  # noqa: ARG001
    job = find_job(readings.store(), job_id)
    found = dev_items(read_spec(job.spec), job.folder)
    if found is None:
        raise _UnreadableTaskError
    return found
