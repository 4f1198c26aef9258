"""What the page Agora reads of a run, with what is costly kept."""

from typing import Any

import streamlit as st

from bort.agora.loop.values import Value
from bort.jobs import JobRecord, find_job, list_jobs
from bort.storage import AgoraRoundRecord
from bort.ui.kit import readings

KIND = "agora"


def rounds(job: JobRecord) -> list[AgoraRoundRecord]:
    """The stored rounds; read again only once the job has gone on."""
    return _rounds(readings.store().url, job.id, _state(job))


def recent(limit: int = 5) -> list[JobRecord]:
    """The newest runs, whatever their state."""
    return list_jobs(readings.store(), kind=KIND, limit=limit)


def parents(job: JobRecord) -> tuple[Value, ...] | None:
    """The dev items, by number; None where the task cannot be read any more."""
    return _parents(readings.store().url, job.id)


def points(job: JobRecord) -> list[dict[str, Any]]:
    """Every generated point with its provenance, and its parent's value where that is known."""
    return _points(readings.store().url, job.id, _state(job))


def class_names(job: JobRecord) -> list[str] | None:
    """Of the task; None until the run has told them."""
    described = (job.result or {}).get("described") or {}
    if described.get("class_names"):
        return list(described["class_names"])
    if job.spec.get("task") == "torus":
        from bort.agora.torus.world import CLASS_NAMES

        return list(CLASS_NAMES)
    return None


def _state(job: JobRecord) -> tuple[object, ...]:
    return job.state.value, job.attempt, job.progress.done, job.created_at


@st.cache_resource(show_spinner=False, max_entries=16)
def _rounds(
    url: str,  # noqa: ARG001 -- part of the cache's key
    job_id: int,
    state: tuple[object, ...],  # noqa: ARG001
) -> list[AgoraRoundRecord]:
    return readings.store().agora_rounds(job_id)


@st.cache_resource(show_spinner=False, max_entries=8)
def _parents(url: str, job_id: int) -> tuple[Value, ...] | None:  # noqa: ARG001
    from bort.jobs.kinds.agora_runs import parents_of

    return parents_of(find_job(readings.store(), job_id).spec)


@st.cache_resource(show_spinner=False, max_entries=8)
def _points(url: str, job_id: int, state: tuple[object, ...]) -> list[dict[str, Any]]:
    from bort.jobs.kinds.agora import point_rows

    return point_rows(_rounds(url, job_id, state), _parents(url, job_id))


def as_text(value: Value | None) -> str:
    """A point or text as one line.

    Examples:
        >>> as_text((0.5, -1.0)), as_text(("a question", "an answer"))
        ('0.500, -1.000', 'a question | an answer')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    parts = [part if isinstance(part, str) else f"{part:.3f}" for part in value]
    return (" | " if isinstance(value[0], str) else ", ").join(parts)
