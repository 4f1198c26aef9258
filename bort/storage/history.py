"""The history of jobs: events for people, series of numbers for charts."""

import math
import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bort.core.errors import UnknownJobError
from bort.storage import schema
from bort.storage.database import Database
from bort.storage.records import EventCode, JobEvent


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
            values: by the name of the series; what is not finite is stored as None.
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

        Of a step that was stored twice (a resumed job repeats some), the later value counts.
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
            raise UnknownJobError(
                f"there is no job {rows[0]['job_id']}; see all with: bort jobs list"
            ) from None
