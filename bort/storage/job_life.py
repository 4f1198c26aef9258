"""The steps of a job's life.

Each is one conditional UPDATE: the first to change the row wins, and an overtaken attempt cannot
write any more.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from bort.core.errors import BusyError, InvalidOptionError
from bort.core.progress import Progress
from bort.core.serialise import to_json
from bort.storage import schema
from bort.storage.database import Database, clock
from bort.storage.jobs import progress_row, read_job
from bort.storage.records import (
    Ending,
    EndingCode,
    Heartbeat,
    JobRecord,
    JobState,
    ProcessIdentity,
)
from bort.storage.studies import discard_if_empty

_jobs = schema.jobs
_RESUMABLE = [state.value for state in JobState if state.can_resume]


class JobLife:
    """The part of the store that moves jobs from state to state."""

    _db: Database

    def note_process(self, job_id: int, attempt: int, process: ProcessIdentity) -> None:
        """Store which process was started for a queued job."""
        with self._db.writing() as connection:
            connection.execute(
                _attempt(job_id, attempt, [JobState.QUEUED]).values(**_process_columns(process))
            )

    def claim_job(self, job_id: int, attempt: int, process: ProcessIdentity) -> JobRecord | None:
        """Start a queued job: QUEUED becomes RUNNING.

        Returns:
            The job, or None if it is no longer queued: another process has it, or it was cancelled.
        """
        with self._db.writing() as connection:
            now = clock(connection)
            changed = connection.execute(
                _attempt(job_id, attempt, [JobState.QUEUED]).values(
                    state=JobState.RUNNING.value,
                    started_at=now,
                    heartbeat_at=now,
                    **_process_columns(process),
                )
            ).rowcount
            return read_job(connection, job_id) if changed else None

    def heartbeat(self, job_id: int, attempt: int, progress: Progress | None = None) -> Heartbeat:
        """Record a heartbeat, and return whether the job should stop.

        A job that was wrongly marked as lost becomes RUNNING again.
        """
        values: dict[str, Any] = {
            "state": JobState.RUNNING.value,
            "ending": None,
            "finished_at": None,
        }
        if progress is not None:
            values["progress"] = progress_row(progress)
        with self._db.writing() as connection:
            now = clock(connection)
            values |= {"heartbeat_at": now, "seconds": _seconds_until(now)}
            changed = connection.execute(
                _attempt(job_id, attempt, [JobState.RUNNING, JobState.LOST]).values(**values)
            ).rowcount
            wanted = connection.scalar(
                sa.select(_jobs.c.cancel_requested).where(_jobs.c.id == job_id)
            )
        return Heartbeat(is_ours=bool(changed), cancel_requested=bool(wanted))

    def finish_job(
        self,
        job_id: int,
        attempt: int,
        state: JobState,
        *,
        ending: Ending | None = None,
        result: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> bool:
        """End an attempt: store its last progress, result and state in one step.

        If the job ended early and its study is still empty, the study is deleted; resuming the
        job makes it again.

        Returns:
            False if this attempt had been overtaken; then nothing changed.
        """
        values: dict[str, Any] = {
            "state": state.value,
            "ending": ending_row(ending),
            "result": result,
        }
        if progress is not None:
            values["progress"] = progress_row(progress)
        open_states = [JobState.QUEUED, JobState.RUNNING, JobState.LOST]
        with self._db.writing() as connection:
            now = clock(connection)
            values |= {"finished_at": now, "seconds": _seconds_until(now)}
            changed = connection.execute(_attempt(job_id, attempt, open_states).values(**values))
            if changed.rowcount:
                _forget_empty_study(connection, job_id)
            return bool(changed.rowcount)

    def mark_lost(self, record: JobRecord, ending: Ending) -> bool:
        """Mark a job as lost, unless something has happened since `record` was read.

        Returns:
            False if the job has moved on in the meantime.
        """
        unchanged = (
            _attempt(record.id, record.attempt, [record.state])
            .where(_jobs.c.heartbeat_at.is_not_distinct_from(record.heartbeat_at))
            .where(_jobs.c.pid.is_not_distinct_from(record.process and record.process.pid))
        )
        with self._db.writing() as connection:
            changed = connection.execute(
                unchanged.values(
                    state=JobState.LOST.value,
                    ending=ending_row(ending),
                    finished_at=record.heartbeat_at,
                )
            )
            return bool(changed.rowcount)

    def request_cancel(self, job_id: int) -> JobRecord:
        """Ask a job to stop; a job whose process has not started is cancelled at once.

        Raises:
            UnknownJobError: no job of that id.
            BusyError: it has already ended.
        """
        with self._db.writing() as connection:
            cancelled = connection.execute(
                _jobs.update()
                .where(_jobs.c.id == job_id, _jobs.c.state == JobState.QUEUED.value)
                .values(
                    state=JobState.CANCELLED.value,
                    ending=ending_row(Ending(EndingCode.CANCELLED_BEFORE_START)),
                    finished_at=clock(connection),
                )
            ).rowcount
            asked = connection.execute(
                _jobs.update()
                .where(_jobs.c.id == job_id, _jobs.c.state == JobState.RUNNING.value)
                .values(cancel_requested=True)
            ).rowcount
            record = read_job(connection, job_id)
            if cancelled:
                _forget_empty_study(connection, job_id)
        if not (cancelled or asked):
            raise BusyError(f"job {job_id} is already {record.state}; there is nothing to cancel")
        return record

    def requeue_job(self, job_id: int, *, is_detached: bool) -> JobRecord:
        """Start another attempt of a job that ended early. Of two callers, one wins.

        Raises:
            UnknownJobError: no job of that id.
            BusyError: it is queued or running.
            InvalidOptionError: it is done.
        """
        with self._db.writing() as connection:
            won = connection.execute(
                _jobs.update()
                .where(_jobs.c.id == job_id, _jobs.c.state.in_(_RESUMABLE))
                .values(
                    state=JobState.QUEUED.value,
                    attempt=_jobs.c.attempt + 1,
                    seconds_before=_jobs.c.seconds,
                    created_at=_jobs.c.created_at,
                    started_at=None,
                    finished_at=None,
                    heartbeat_at=clock(connection),
                    ending=None,
                    result=None,
                    cancel_requested=False,
                    is_detached=is_detached,
                    host=None,
                    pid=None,
                    process_started=None,
                    boot_id=None,
                )
            ).rowcount
            record = read_job(connection, job_id)
        if won:
            return record
        if record.state is JobState.DONE:
            raise InvalidOptionError(
                f"job {job_id} is done; there is nothing to resume (bort jobs show {job_id})"
            )
        raise BusyError(
            f"job {job_id} is {record.state}; watch it with: bort jobs logs {job_id} --follow"
        )


def _seconds_until(now: float) -> Any:
    return _jobs.c.seconds_before + (now - sa.func.coalesce(_jobs.c.started_at, now))


def ending_row(ending: Ending | None) -> dict[str, Any] | None:
    """Make the row of an ending, without unknown values."""
    if ending is None:
        return None
    return {name: value for name, value in to_json(ending).items() if value is not None}


def _attempt(job_id: int, attempt: int, states: Iterable[JobState]) -> sa.Update:
    return _jobs.update().where(
        _jobs.c.id == job_id,
        _jobs.c.attempt == attempt,
        _jobs.c.state.in_([state.value for state in states]),
    )


def _forget_empty_study(connection: sa.Connection, job_id: int) -> None:
    job = read_job(connection, job_id)
    if job.study is not None and job.state.can_resume:
        discard_if_empty(connection, job.study)


def _process_columns(process: ProcessIdentity) -> dict[str, Any]:
    return {
        "host": process.host,
        "pid": process.pid,
        "process_started": process.started,
        "boot_id": process.boot_id,
    }
