"""A measurement, watched: stage, time left, verdict; and the latest ones."""

import streamlit as st

from bort.jobs import JobRecord, JobState, list_jobs
from bort.report.terminal import duration
from bort.ui.kit import address, frame, job_parts, markup, navigation, readings
from bort.ui.machine import verdict as machine_verdict

KINDS = {
    "latency": "a search space",
    "winners": "a study's winners",
    "landmarks": "well-known models",
}


def watch(job_id: int) -> None:
    """Show a measurement, and look again as long as it is active."""
    job = readings.job(job_id)
    if job_parts.is_watched_here(job, navigation.MACHINE):
        job_parts.look_again(_look, job)


def recent(limit: int = 4) -> None:
    """The latest measurements, whatever became of them."""
    found = [job for kind in KINDS for job in list_jobs(readings.store(), kind=kind, limit=limit)]
    latest = sorted(found, key=lambda job: -job.id)[:limit]
    job_parts.links("Recent measurements", latest, navigation.MACHINE, lambda job: KINDS[job.kind])


def _look(job_id: int, was_active: bool) -> None:
    with frame.clear_errors():
        job = readings.job(job_id)
        # Ended, or left: the page around this fragment has to change as well.
        if job.state.is_active != was_active or address.job() != job_id:
            st.rerun()
        with st.container(border=True):
            _head(job)
            _progress(job)
            _result(job)
            job_parts.log(job)


def _head(job: JobRecord) -> None:
    what = job.spec.get("study") or (job.spec.get("space") or {}).get("name") or ""
    markup.name(
        f"Measuring {KINDS[job.kind]}{f' ({what})' if what else ''}",
        f"Job {job.id} {job_parts.TITLES[job.state]}; {duration(job.seconds)} so far."
        if job.state.is_active
        else f"Job {job.id} {job_parts.TITLES[job.state]} after {duration(job.seconds)}.",
    )


def _progress(job: JobRecord) -> None:
    job_parts.bar(job)
    with st.container(horizontal=True):
        job_parts.cancel_button(job, key="machine-cancel")
        st.button(
            "New measurement",
            icon=":material/add:",
            type="tertiary",
            key="machine-new",
            on_click=address.choose_job,
            args=(None,),
        )


def _result(job: JobRecord) -> None:
    result = job.result or {}
    with st.container():
        if job.state in (JobState.FAILED, JobState.LOST):
            markup.problem(f"Nothing was stored: {job.reason or 'no reason known'}")
        elif job.state is JobState.CANCELLED and not result.get("noise"):
            markup.notice("Cancelled before the first round was complete: nothing was stored.")
        elif job.state is JobState.CANCELLED:
            markup.notice(
                f"Cancelled; the {result['rounds']} complete rounds are kept. Searches do not use "
                "it by themselves."
            )
        if result.get("noise"):
            machine_verdict.show(result["noise"])
        if result.get("profile"):
            markup.note(f"Stored as {result['profile']}; choose it below.")
