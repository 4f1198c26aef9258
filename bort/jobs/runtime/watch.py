"""Read jobs in their true state: a job whose process is gone is lost, whatever its row says."""

import dataclasses
import json
import time
from collections.abc import Iterable, Iterator

from bort.core.errors import StoreError
from bort.jobs.runtime.process import is_alive, is_here
from bort.storage import Ending, EndingCode, EventCode, JobRecord, JobState, Store, read_log
from bort.storage.job_life import ending_row
from bort.storage.jobs import read_ending
from bort.storage.runs import read_last_words

LEASE_S = 60.0  # a job of another machine without a heartbeat for this long is lost
_POLL_S = 0.25


def find_job(store: Store, job_id: int) -> JobRecord:
    """Return one job in its true state.

    Raises:
        UnknownJobError: no job of that id.
    """
    return _checked(store, store.job(job_id))


def list_jobs(
    store: Store,
    *,
    study: str | None = None,
    kind: str | None = None,
    states: Iterable[JobState] | None = None,
    limit: int | None = None,
) -> list[JobRecord]:
    """Return jobs in their true state, newest first, that meet every given condition."""
    wanted = None if states is None else set(states)
    active = [s for s in JobState if s.is_active]
    checked = [_checked(store, job) for job in store.jobs(study=study, kind=kind, states=active)]
    if wanted is not None and wanted <= set(active):  # each page asks so, every two seconds
        return [job for job in checked if job.state in wanted][:limit]
    found = store.jobs(study=study, kind=kind, states=wanted, limit=limit)
    return [_checked(store, job) for job in found]


def follow_log(store: Store, job_id: int) -> Iterator[str]:
    """Yield a job's log, and whatever is added until the job ends.

    Raises:
        UnknownJobError: no job of that id.
    """
    offset = 0
    while True:
        job = find_job(store, job_id)
        text, offset = read_log(job, offset=offset)
        if text:
            yield text
        if job.state.is_final:
            text, _ = read_log(job, offset=offset, at_once=True)  # written between the two reads
            if text:
                yield text
            return
        time.sleep(_POLL_S)


def _checked(store: Store, job: JobRecord) -> JobRecord:
    ending = _why_lost(store, job)
    if ending is None:
        return job
    if store.is_read_only:
        return dataclasses.replace(job, state=JobState.LOST, ending=ending)
    if store.mark_lost(job, ending):
        facts = {"state": JobState.LOST.value, "ending": ending_row(ending)}
        store.log_event(job.id, EventCode.ENDED, facts, level="warning")
    return store.job(job.id)


def _why_lost(store: Store, job: JobRecord) -> Ending | None:
    """Return why an active job cannot be alive; None if it is or may be.

    If its process can be looked up, only that counts: a job that is stopped, starved or waiting for
    the database is late with its heartbeat, but alive.
    """
    if not job.state.is_active:
        return None
    if job.process is not None and is_here(job.process):
        if (ending := _last_words(job)) is not None:
            return ending
        if is_alive(job.process):
            return None
        return Ending(EndingCode.PROCESS_GONE, pid=job.process.pid)
    silent_s = store.now() - (job.heartbeat_at or job.created_at)
    if silent_s < LEASE_S:
        return None
    host = None if job.process is None else job.process.host
    return Ending(EndingCode.SILENT, host=host, silent_s=round(silent_s, 1))


def _last_words(job: JobRecord) -> Ending | None:
    """Return how an attempt ended that could not write it into the store."""
    said = read_last_words(job)
    try:
        return None if said is None else read_ending(json.loads(said))
    except (ValueError, StoreError):
        return None
