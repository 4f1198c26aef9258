"""The parts that all watch views share: title, bar, buttons, log, links."""

import time
from collections.abc import Callable, Iterable

import streamlit as st

from bort.core.agora import TORUS
from bort.core.locks import holder
from bort.core.progress import Stage
from bort.jobs import JobRecord, JobState, cancel, measure_anyway, resume
from bort.report import searching
from bort.report.jobs import STATES, ending_sentence, sentence, time_left, worker_lines
from bort.report.numbers import counted, duration
from bort.storage import Thing, ThingKind, read_log
from bort.ui.kit import access, address, deleting, frame, hidden, markup, navigation, readings

POLL_S = 1.0
LOG_CHARACTERS = 6_000


def watch(
    job_id: int,
    page: str,
    draw: Callable[[JobRecord], None],
    *,
    count: Callable[[JobRecord], int] = lambda job: 0,  # noqa: ARG005
) -> bool:
    """Draw a job, and draw it again every second while it is active.

    Args:
        page: the current page. If another page shows such jobs, it is linked instead.
        count: a number that the rest of the page depends on; when it changes, the whole page
        reruns.
    Returns:
        Whether `page` shows jobs of this kind.
    """
    job = readings.job(job_id)
    there = navigation.watched_on(job.kind)
    if there == page:
        is_active = job.state.is_active

        def look(was_active: bool, before: int) -> None:
            with frame.clear_errors():
                now = readings.job(job_id)
                is_new = now.state.is_active != was_active or count(now) != before
                if is_new or address.job() != job_id:
                    st.rerun()
                draw(now)

        # A new function for each job and state, so that a finished job is not polled.
        every = hidden.pace(POLL_S) if is_active else None
        st.fragment(look, run_every=every)(is_active, count(job))
        return True
    markup.notice(f"Job {job.id} is a {job.kind} job and is shown on another page.")
    st.page_link(
        there,
        label=f"Watch job {job.id}",
        icon=":material/visibility:",
        query_params={"job": str(job.id)},
    )
    return False


def title(job: JobRecord) -> str:
    """Write the job's number, state, attempt and time."""
    if job.is_example:
        took = duration(job.seconds)
        return f"A finished example, recorded elsewhere (job {job.id}); {took} of work there"
    attempt = f", attempt {job.attempt}" if job.attempt > 1 else ""
    return f"Job {job.id} {STATES[job.state]}{attempt}; {duration(job.seconds)} of work"


def early_end(job: JobRecord, kept: str) -> None:
    """Say why it ended early, if it did, and what is kept."""
    # A part that comes and goes needs a container. Otherwise everything below moves, and appears
    # twice for a moment.
    with st.container():
        if job.state.can_resume:
            say = markup.notice if job.state is JobState.CANCELLED else markup.problem
            say(f"{ending_sentence(job)} {kept}")


def stages(job: JobRecord) -> None:
    """List the stages of an active job's plan, and how long the present one takes still."""
    with st.container():
        if job.state.is_active:
            markup.steps(searching.stages(job.progress, readings.planned(job.id), time.time()))


def workers(job: JobRecord) -> None:
    """List what each worker of an active job does, if it has several."""
    with st.container():
        if job.state.is_active and (lines := worker_lines(job.progress, time.time())):
            with st.expander(counted(len(lines), "worker"), key="workers"):
                for line in lines:
                    markup.note(line)


def bar(job: JobRecord) -> None:
    """Show how far an active job is, as a bar and a sentence."""
    with st.container():
        if job.state.is_active:
            progress = job.progress
            st.progress(progress.share)
            said = [sentence(progress) or "Waiting for its process", time_left(job)]
            markup.note("; ".join(filter(None, said)))
            pause(job)


def pause(job: JobRecord) -> None:
    """Say why a running training waits: another process is measuring latency."""
    with st.container():
        who = holder() if job.state is JobState.RUNNING and _trains_networks(job) else None
        if who is not None and (job.process is None or who.pid != job.process.pid):
            markup.notice(
                f"Latency is being measured by {who}. Trainings pause until it is done, because "
                "they would disturb it."
            )


def _trains_networks(job: JobRecord) -> bool:
    is_measurement = navigation.watched_on(job.kind) == navigation.MACHINE
    return not is_measurement and job.spec.get("task") != TORUS


def cancel_button(job: JobRecord, *, key: str) -> None:
    """Offer to cancel an active job."""
    if job.state.is_active and access.may_change():
        st.button(
            "Stopping" if job.cancel_requested else "Cancel",
            icon=":material/stop:",
            key=key,
            disabled=job.cancel_requested,
            on_click=_request_cancel,
            args=(job.id,),
        )


def measure_button(job: JobRecord) -> None:
    """Offer to measure on a busy machine, while the job waits for a quiet one."""
    if job.progress.stage is Stage.WAITING_FOR_QUIET and access.may_change():
        st.button(
            "Measure anyway",
            icon=":material/timer:",
            key="measure-anyway",
            help="Nothing is certified if the machine turns out to be too busy.",
            on_click=_request_measurement,
            args=(job.id,),
        )


def resume_button(job: JobRecord, *, key: str) -> None:
    """Offer to resume a job that ended early."""
    if job.state.can_resume and access.may_change():
        st.button(
            "Resume",
            type="primary",
            icon=":material/resume:",
            key=key,
            on_click=_request_resume,
            args=(job.id,),
        )


def delete_button(job: JobRecord, *, key: str) -> None:
    """Offer to delete a job that has ended."""
    if job.state.is_final:
        thing = Thing(ThingKind.JOB, str(job.id))
        deleting.button(thing, key=key, leave=lambda: address.choose_job(None))


def log(job: JobRecord) -> None:
    """Show the end of the job's log, collapsed."""
    with st.expander("Log"):
        text, _ = read_log(job)
        st.code(text[-LOG_CHARACTERS:] or "nothing yet", language=None, wrap_lines=True)


def links(
    heading: str, jobs: Iterable[JobRecord], page: str, names: Callable[[JobRecord], str]
) -> None:
    """Show links to jobs under a heading, if there are any."""
    found = list(jobs)
    own = [job for job in found if not job.is_example]
    for title, part in ((heading, own), ("Finished examples", [j for j in found if j.is_example])):
        if part:
            markup.label(title)
        for job in part:
            state = "recorded elsewhere" if job.is_example else f"job {job.id} {STATES[job.state]}"
            st.page_link(
                page,
                label=markup.plain(f"{names(job)}: {state}"),
                icon=":material/history:",
                query_params={"job": str(job.id)},
            )


def study_or_kind(job: JobRecord) -> str:
    """The name that most jobs have in lists."""
    return job.study or job.kind


def _request_cancel(job_id: int) -> None:
    with frame.clear_errors():
        cancel(readings.store_to_change(), job_id, wait=False)


def _request_measurement(job_id: int) -> None:
    with frame.clear_errors():
        measure_anyway(readings.store_to_change(), job_id)


def _request_resume(job_id: int) -> None:
    with frame.clear_errors():
        resume(readings.store_to_change(), job_id, detach=True)
