"""A measurement, watched: stage, time left, verdict; and the latest ones."""

import streamlit as st

from bort.cli.report import duration
from bort.jobs import JobRecord, JobState, cancel, list_jobs
from bort.storage import read_log
from bort.ui import address, frame, machine_verdict, markup, navigation, readings

POLL_S = 1.0
LOG_CHARACTERS = 4_000
KINDS = {
    "latency": "a search space",
    "winners": "a study's winners",
    "landmarks": "well-known models",
}
_TITLES = {
    JobState.QUEUED: "is about to start",
    JobState.RUNNING: "is running",
    JobState.DONE: "is done",
    JobState.FAILED: "has failed",
    JobState.CANCELLED: "was cancelled",
    JobState.LOST: "was lost",
}


def watch(job_id: int) -> None:
    """Show a measurement, and look again as long as it is active."""
    job = readings.job(job_id)
    if job.kind not in KINDS:
        markup.notice(f"Job {job_id} measures nothing; it is watched on the page Search.")
        return
    is_active = job.state.is_active
    # A new function for each job and state: a final one is not polled.
    st.fragment(_look, run_every=POLL_S if is_active else None)(job_id, is_active)


def recent(limit: int = 4) -> None:
    """The latest measurements, whatever became of them."""
    found = [job for kind in KINDS for job in list_jobs(readings.store(), kind=kind, limit=limit)]
    if found:
        markup.label("Recent measurements")
    for job in sorted(found, key=lambda job: -job.id)[:limit]:
        st.page_link(
            navigation.MACHINE,
            label=f"{KINDS[job.kind]}: job {job.id} {_TITLES[job.state]}",
            icon=":material/history:",
            query_params={"job": str(job.id)},
        )


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
            with st.expander("Log"):
                text, _ = read_log(job)
                st.code(text[-LOG_CHARACTERS:] or "nothing yet", language=None, wrap_lines=True)


def _head(job: JobRecord) -> None:
    what = job.spec.get("study") or (job.spec.get("space") or {}).get("name") or ""
    markup.name(
        f"Measuring {KINDS[job.kind]}{f' ({what})' if what else ''}",
        f"Job {job.id} {_TITLES[job.state]}; {duration(job.seconds)} so far."
        if job.state.is_active
        else f"Job {job.id} {_TITLES[job.state]} after {duration(job.seconds)}.",
    )


def _progress(job: JobRecord) -> None:
    progress = job.progress
    # What comes and goes has a container: else all below moves, and shows twice meanwhile.
    with st.container():
        if job.state.is_active:
            st.progress(min(1.0, progress.done / progress.total) if progress.total else 0.0)
            left = progress.eta_s
            markup.note(
                (progress.message or "Waiting for its process")
                + ("" if left is None else f"; about {duration(left)} left")
            )
    with st.container(horizontal=True):
        if job.state.is_active:
            st.button(
                "Stopping" if job.cancel_requested else "Cancel",
                icon=":material/stop:",
                key="machine-cancel",
                disabled=job.cancel_requested,
                on_click=_cancel,
                args=(job.id,),
            )
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
            markup.note(f"Stored as {result['profile']}; it is shown below.")


def _cancel(job_id: int) -> None:
    with frame.clear_errors():
        cancel(readings.store(), job_id, wait=False)
