"""Running jobs on every page, and a notice when one ends: beside the title and in the tab's."""

import streamlit as st

from bort.core.errors import BortError
from bort.jobs import JobRecord, JobState
from bort.report.jobs import job_line
from bort.ui.kit import address, hidden, markup, navigation, readings

POLL_S = 4.0
IDLE_POLL_S = 10.0  # until a job is seen, started here or elsewhere

_ACTIVE, _ENDED = "active-jobs", "ended-job"


def show(page_title: str) -> None:
    """Show what runs, and look again while the page is open."""
    is_active = bool(_active())
    hidden.watch()
    every = POLL_S if is_active else IDLE_POLL_S
    every = hidden.HIDDEN_POLL_S if hidden.is_hidden() else every
    st.fragment(_look, run_every=every)(page_title)


def _active() -> list[JobRecord]:
    try:
        return readings.active_jobs()
    except BortError:
        return []  # the page says what is wrong with the store


def _look(page_title: str) -> None:
    active = _active()
    before = st.session_state.get(_ACTIVE, ())
    st.session_state[_ACTIVE] = tuple(job.id for job in active)
    for job_id in sorted(set(before) - {job.id for job in active}):
        _tell_end(job_id)
    ended = _job(st.session_state.get(_ENDED))
    _name_tab(page_title, len(active), ended)
    elsewhere = [job for job in active if job.id != address.job()]
    if elsewhere:
        _link(elsewhere[0], "progress_activity", count=len(elsewhere))
    elif ended is not None:
        _link(ended, _ending_icon(ended))


def _tell_end(job_id: int) -> None:
    job = _job(job_id)
    if job is not None and job_id != address.job():  # its own page says so
        st.toast(
            markup.plain(job_line(job)), icon=f":material/{_ending_icon(job)}:", duration="long"
        )
        st.session_state[_ENDED] = job_id


def _job(job_id: int | None) -> JobRecord | None:
    try:
        return None if job_id is None else readings.job(job_id)
    except BortError:
        return None  # it was deleted


def _ending_icon(job: JobRecord) -> str:
    return "task_alt" if job.state is JobState.DONE else "error"


def _name_tab(page_title: str, active: int, ended: JobRecord | None) -> None:
    end = "" if ended is None else "✓ " if ended.state is JobState.DONE else "! "
    mark = f"({active}) " if active else end
    st.set_page_config(page_title=f"{mark}{page_title} · bort")


def _link(job: JobRecord, icon: str, *, count: int = 1) -> None:
    """Link a job's page, or Home if it is the first of several."""
    is_many = count > 1
    st.page_link(
        navigation.HOME if is_many else navigation.watched_on(job.kind),
        label=markup.plain((f"{count} jobs; " if is_many else "") + job_line(job)),
        icon=f":material/{icon}:",
        query_params=None if is_many else {"job": str(job.id)},
    )


def seen(job_id: int | None) -> None:
    """Forget that a job has ended, because its page is open."""
    if job_id is not None and st.session_state.get(_ENDED) == job_id:
        del st.session_state[_ENDED]
