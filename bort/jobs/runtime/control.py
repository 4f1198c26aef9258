"""Start, resume and cancel jobs."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bort.core import paths
from bort.core.errors import BusyError, InvalidOptionError, StoreError
from bort.core.progress import OnStep
from bort.core.study import StudySpec
from bort.jobs.runtime.attempt import JobFailedError, run_attempt
from bort.jobs.runtime.context import OnEvent
from bort.jobs.runtime.process import identify, is_here, send_signal
from bort.jobs.runtime.runners import runner_path
from bort.jobs.runtime.watch import find_job, list_jobs
from bort.report.jobs import ending_reason
from bort.storage import (
    Deletion,
    Ending,
    EndingCode,
    EventCode,
    JobRecord,
    JobState,
    Store,
    Thing,
    open_log,
)

GRACE_S = 10.0  # how long a cancelled job may take to stop by itself
TERMINATE_S = 5.0  # how long it may take after SIGTERM
_POLL_S = 0.1


def start_detached(
    store: Store, kind: str, spec: Mapping[str, Any], *, study: str | None = None
) -> int:
    """Start a job in a separate process that outlives this one; return its id.

    Raises:
        InvalidOptionError: no such kind of job.
        JobFailedError: the process cannot be started.
    """
    path = runner_path(kind)
    job = _create(store, kind, spec, study, is_detached=True)
    _spawn(store, job, path)
    return job.id


def run_here(
    store: Store,
    kind: str,
    spec: Mapping[str, Any],
    *,
    study: str | None = None,
    on_step: OnStep | None = None,
    on_event: OnEvent | None = None,
) -> dict[str, Any]:
    """Run a job in this process and return its result; other processes can watch and cancel it.

    Raises:
        InvalidOptionError: no such kind of job.
        JobCancelledError, BortError, JobFailedError: see `bort.jobs.runtime.attempt.run_attempt`.
    """
    path = runner_path(kind)
    job = _create(store, kind, spec, study, is_detached=False)
    return run_attempt(store, job, path, on_step=on_step, on_event=on_event)


def _create(
    store: Store, kind: str, spec: Mapping[str, Any], study: str | None, *, is_detached: bool
) -> JobRecord:
    """Store the job; if that fails, remove the study that was made for it."""
    try:
        return store.create_job(kind, spec, study=study, is_detached=is_detached)
    except StoreError:
        if study is not None:
            with contextlib.suppress(StoreError):
                store.discard_empty_study(study)
        raise


def resume(
    store: Store,
    job_id: int,
    *,
    detach: bool,
    on_step: OnStep | None = None,
    on_event: OnEvent | None = None,
) -> dict[str, Any] | None:
    """Start another attempt of a job that was lost, cancelled or failed.

    It keeps its id, folder and log. If two callers resume it at once, one wins.

    Returns:
        Its result; None with `detach`, because it continues in a separate process.
    Raises:
        UnknownJobError: no job of that id.
        BusyError: it is queued or running, or another job is searching its study.
        InvalidOptionError: it is done.
        JobCancelledError, BortError, JobFailedError: as `run_here`, without `detach`.
    """
    ended = find_job(store, job_id)
    path = runner_path(ended.kind)
    if ended.kind == "search" and ended.study is not None:
        _check_not_searched(store, ended.study, but=job_id)
    job = store.requeue_job(job_id, is_detached=detach)
    if detach:
        _spawn(store, job, path)
        return None
    return run_attempt(store, job, path, on_step=on_step, on_event=on_event)


def cancel(store: Store, job_id: int, *, wait: bool = True, grace_s: float = GRACE_S) -> JobRecord:
    """Stop a job: ask it, then SIGTERM, then SIGKILL. Finished work is kept.

    Args:
        wait: return when it has stopped; otherwise return at once, and a thread does the rest.
        grace_s: how long it may take to stop by itself.
    Returns:
        The job; on another machine, or without `wait`, it may still be running.
    Raises:
        UnknownJobError: no job of that id.
        BusyError: it has already ended.
    """
    find_job(store, job_id)
    job = store.request_cancel(job_id)
    store.log_event(job_id, EventCode.CANCEL_REQUESTED)
    if not wait:
        threading.Thread(target=_stop, args=(store, job, grace_s), daemon=True).start()
        return job
    return _stop(store, job, grace_s)


def measure_anyway(store: Store, job_id: int) -> None:
    """Ask an active job not to wait for a quiet machine before it measures.

    Raises:
        UnknownJobError: no job of that id.
        BusyError: it has already ended.
        InvalidOptionError: it is not a search.
    """
    job = find_job(store, job_id)
    if job.kind != "search":
        raise InvalidOptionError(
            f"job {job_id} is of the kind {job.kind}; only a search waits for a quiet machine"
        )
    if job.state.is_final:
        raise BusyError(f"job {job_id} has ended ({job.state}), so it measures nothing")
    store.log_event(job_id, EventCode.MEASURE_ANYWAY)


def deletion(store: Store, thing: Thing) -> Deletion:
    """Find the consequences of deleting a thing; a job whose process is gone is not busy.

    Raises:
        As `bort.storage.deleting.Deleting.deletion`.
    """
    list_jobs(store, states=[state for state in JobState if state.is_active])
    return store.deletion(thing)


def delete(store: Store, thing: Thing) -> Deletion:
    """Delete a study, profile, model or job, and its files.

    Raises:
        As `bort.storage.deleting.Deleting.delete`.
    """
    deletion(store, thing)
    return store.delete(thing)


def _stop(store: Store, job: JobRecord, grace_s: float) -> JobRecord:
    attempt = job.attempt
    job = _wait_until_final(store, job, grace_s)
    for number, patience_s in ((signal.SIGTERM, TERMINATE_S), (signal.SIGKILL, TERMINATE_S)):
        is_over = job.state.is_final or job.attempt != attempt  # it may have been resumed meanwhile
        if is_over or job.process is None or not is_here(job.process):
            break
        send_signal(job.process, number, group=job.is_detached)
        if number is signal.SIGKILL:
            ending = Ending(EndingCode.KILLED)
            store.finish_job(job.id, job.attempt, JobState.CANCELLED, ending=ending)
        job = _wait_until_final(store, job, patience_s)
    return job


def _wait_until_final(store: Store, job: JobRecord, patience_s: float) -> JobRecord:
    """Wait for this attempt to end or for the timeout, and return the job."""
    give_up = time.monotonic() + patience_s
    while True:
        now = find_job(store, job.id)
        if now.state.is_final or now.attempt != job.attempt or time.monotonic() > give_up:
            return now
        time.sleep(_POLL_S)


def _spawn(store: Store, job: JobRecord, path: str) -> None:
    # The URL may contain a password, which everybody could read on a command line.
    environment = os.environ | {"BORT_STORE": store.url, "BORT_HOME": str(paths.home())}
    command = [sys.executable, "-P", "-u", "-m", "bort.jobs.runtime.worker", str(job.id)]
    log = open_log(job)
    try:
        process = subprocess.Popen(
            [*command, "--attempt", str(job.attempt), "--runner", path],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        ending = Ending(EndingCode.NOT_STARTED, message=error.strerror or str(error))
        store.finish_job(job.id, job.attempt, JobState.FAILED, ending=ending)
        raise JobFailedError(
            f"job {job.id} failed: {ending_reason(ending)}; free some memory, then run: "
            f"bort jobs resume {job.id} --detach"
        ) from error
    finally:
        os.close(log)
    # A finished child must be collected, or it stays in the process table as a zombie.
    threading.Thread(target=process.wait, name=f"end of job {job.id}", daemon=True).start()
    identity = identify(process.pid)
    if identity is not None:
        store.note_process(job.id, job.attempt, identity)


def create_study(store: Store, spec: StudySpec, *, is_named: bool) -> StudySpec:
    """Store the study of a new search, or find the same one again.

    Args:
        is_named: the user chose the name. Otherwise, a number is added to a name that is taken.

    Returns:
        The spec under the name it is stored by.

    Raises:
        BusyError: another job is already searching the study.
        StudyConflictError: a study with other options has the name.
    """
    if not is_named:
        return replace(spec, name=store.create_numbered_study(spec).name)
    _check_not_searched(store, spec.name)
    return store.create_study(spec).spec


def _check_not_searched(store: Store, study: str, *, but: int | None = None) -> None:
    searches = list_jobs(store, study=study, kind="search")
    active = [job for job in searches if job.state.is_active and job.id != but]
    if active:
        remedy = ", or choose another name" if but is None else ""
        raise BusyError(
            f"job {active[0].id} is already searching the study {study!r}; watch it with "
            f"`bort jobs logs {active[0].id} --follow`{remedy}"
        )
