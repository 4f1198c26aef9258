"""Stored jobs: one row and one folder each."""

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bort.core.errors import StoreError, UnknownJobError
from bort.core.progress import Progress
from bort.core.serialise import from_json, to_json
from bort.storage import runs, schema
from bort.storage.database import Database, clock
from bort.storage.records import Ending, EventCode, JobEvent, JobRecord, JobState, ProcessIdentity

_jobs = schema.jobs


class Jobs:
    """The part of the store that keeps jobs."""

    _db: Database

    def create_job(
        self,
        kind: str,
        spec: Mapping[str, Any],
        *,
        study: str | None = None,
        is_detached: bool = False,
    ) -> JobRecord:
        """Store a queued job, and make its folder."""
        row = {
            "kind": kind,
            "spec": dict(spec),
            "study": study,
            "state": JobState.QUEUED.value,
            "attempt": 1,
            "seconds": 0.0,
            "seconds_before": 0.0,
            "progress": progress_row(Progress()),
            "cancel_requested": False,
            "is_detached": is_detached,
            "folder_name": "",
            "is_example": False,
        }
        with self._db.writing() as connection:
            inserted = connection.execute(
                _jobs.insert().values({**row, "created_at": clock(connection)})
            )
            job_id = schema.inserted_id(inserted)
            folder_name = runs.claim_folder(job_id)
            connection.execute(
                _jobs.update().where(_jobs.c.id == job_id).values(folder_name=folder_name)
            )
            return read_job(connection, job_id)

    def now(self) -> float:
        """The time in seconds by the clock that jobs' heartbeats are written with."""
        with self._db.reading() as connection:
            return clock(connection)

    def job(self, job_id: int) -> JobRecord:
        """Read one job.

        Raises:
            UnknownJobError: no job of that id.
        """
        with self._db.reading() as connection:
            return read_job(connection, job_id)

    def jobs(
        self,
        *,
        study: str | None = None,
        kind: str | None = None,
        states: Iterable[JobState] | None = None,
        limit: int | None = None,
        examples: bool = True,
        only_examples: bool = False,
    ) -> list[JobRecord]:
        """Return jobs, newest first, that meet every given condition.

        Args:
            examples: also those that were recorded elsewhere; their times are another machine's.
            only_examples: nothing but those.
        """
        query = _jobs.select().order_by(_jobs.c.id.desc()).limit(limit)
        if study is not None:
            query = query.where(_jobs.c.study == study)
        if kind is not None:
            query = query.where(_jobs.c.kind == kind)
        if states is not None:
            query = query.where(_jobs.c.state.in_([state.value for state in states]))
        if not examples:
            query = query.where(_jobs.c.is_example.is_not(True))
        if only_examples:
            query = query.where(_jobs.c.is_example.is_(True))
        with self._db.reading() as connection:
            return [_job(row) for row in connection.execute(query)]


def progress_row(step: Progress) -> dict[str, Any]:
    """Make the row of a step, without the result it may carry."""
    return {
        "done": step.done,
        "total": step.total,
        "stage": step.stage.value,
        "subject": step.subject,
        "eta_s": step.eta_s,
        "numbers": dict(step.numbers),
        "at": step.at,
        "since": step.since,
        "workers": to_json(step.workers),
    }


def read_ending(stored: Mapping[str, Any]) -> Ending:
    """Read a stored ending."""
    return from_json(Ending, stored, what="the ending of a job", error=StoreError)


def read_job(connection: sa.Connection, job_id: int) -> JobRecord:
    """Read one job within the caller's transaction.

    Raises:
        UnknownJobError: no job of that id.
    """
    row = connection.execute(_jobs.select().where(_jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise unknown_job(job_id)
    return _job(row)


def _job(row: Any) -> JobRecord:
    process = None
    if row.pid is not None:
        process = ProcessIdentity(row.host, row.pid, row.process_started, row.boot_id)
    return JobRecord(
        id=row.id,
        kind=row.kind,
        spec=row.spec,
        study=row.study,
        state=JobState(row.state),
        attempt=row.attempt,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        heartbeat_at=row.heartbeat_at,
        seconds=row.seconds,
        progress=from_json(
            Progress, row.progress, what=f"the progress of job {row.id}", error=StoreError
        ),
        ending=None if row.ending is None else read_ending(row.ending),
        result=row.result,
        cancel_requested=row.cancel_requested,
        process=process,
        is_detached=row.is_detached,
        folder_name=row.folder_name,
        is_example=bool(row.is_example),
    )


class History:
    """The part of the store that keeps job events and metrics."""

    _db: Database

    def log_event(
        self,
        job_id: int,
        code: EventCode,
        facts: Mapping[str, Any] | None = None,
        *,
        level: str = "info",
    ) -> None:
        """Add an event to a job's history.

        Raises:
            UnknownJobError: no job of that id.
        """
        self._insert(
            schema.job_events,
            {
                "job_id": job_id,
                "at": time.time(),
                "level": level,
                "code": code.value,
                "facts": dict(facts or {}),
            },
        )

    def events(self, job_id: int, *, limit: int | None = None) -> list[JobEvent]:
        """Return a job's history, oldest first; with `limit`, its last events."""
        table = schema.job_events
        query = (
            table.select().where(table.c.job_id == job_id).order_by(table.c.id.desc()).limit(limit)
        )
        with self._db.reading() as connection:
            rows = connection.execute(query).all()
        return [
            JobEvent(row.at, row.level, EventCode(row.code), row.facts) for row in reversed(rows)
        ]

    def add_metrics(self, job_id: int, step: int, values: Mapping[str, float | None]) -> None:
        """Add a number to each of these series of a job, in one write.

        Args:
            values: by the name of the series; a value that is not finite is stored as None.
        Raises:
            UnknownJobError: no job of that id.
        """
        rows = [
            {
                "job_id": job_id,
                "name": name,
                "step": int(step),
                "value": float(value) if value is not None and math.isfinite(value) else None,
            }
            for name, value in values.items()
        ]
        self._insert(schema.metrics, *rows)

    def metrics(self, job_id: int) -> dict[str, list[tuple[int, float | None]]]:
        """Return a job's series by name: pairs of step and value, by step.

        If a step was stored twice (a resumed job repeats some), the later value counts.
        """
        table = schema.metrics
        query = table.select().where(table.c.job_id == job_id).order_by(table.c.step, table.c.id)
        series: dict[str, dict[int, float | None]] = {}
        with self._db.reading() as connection:
            for row in connection.execute(query):
                series.setdefault(row.name, {})[row.step] = row.value
        return {name: list(values.items()) for name, values in series.items()}

    def _insert(self, table: sa.Table, *rows: dict[str, Any]) -> None:
        try:
            with self._db.writing() as connection:
                connection.execute(table.insert(), rows)
        except IntegrityError:
            raise unknown_job(rows[0]["job_id"]) from None


def unknown_job(job_id: int) -> UnknownJobError:
    """Make the error for an unknown job."""
    return UnknownJobError(f"there is no job {job_id}; see all with: bort jobs list")
