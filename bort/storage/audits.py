"""Stored audits: the frozen answer and the architectures drawn to test it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bort.storage import schema
from bort.storage.database import Database
from bort.storage.record import Entry, RecordFault, append, faults, lock_study
from bort.storage.records import StudyRecord
from bort.storage.studies import named_study


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One audit of a study.

    Attributes:
        number: 1 for the study's first.
        plan: `bort.search.audit.AuditPlan.to_dict()`.
        job: the job that made it; None if it was recorded elsewhere.
        is_closed: the search has continued since; its drawn architectures are now ordinary
            evaluations.
    """

    number: int
    plan: Mapping[str, Any]
    job: int | None
    is_closed: bool


class Audits:
    """The part of the store that keeps audits."""

    _db: Database

    def audits(self, study: StudyRecord | str) -> list[AuditRecord]:
        """Return a study's audits by number.

        Raises:
            UnknownStudyError: no study of that name.
        """
        name = study if isinstance(study, str) else study.name
        table = schema.audits
        with self._db.reading() as connection:
            found = named_study(connection, name)
            query = table.select().where(table.c.study_id == found.id).order_by(table.c.number)
            return [_audit(row) for row in connection.execute(query)]

    def add_audit(self, study: str, plan: Mapping[str, Any], *, job: int) -> None:
        """Store a plan before any of it is trained.

        Raises:
            UnknownStudyError: no study of that name.
            sqlalchemy.exc.IntegrityError: there is an audit of that number.
        """
        with self._db.writing() as connection:
            found = named_study(connection, study)
            lock_study(connection, found.id)
            connection.execute(
                schema.audits.insert().values(audit_row(found.id, plan, job=job, is_closed=False))
            )
            append(connection, found.id, Entry.AUDIT, plan)

    def record_faults(self, study: StudyRecord | str) -> list[RecordFault]:
        """List what was recorded of a study's evaluations and audits but is no longer stored so.

        Raises:
            UnknownStudyError: no study of that name.
        """
        name = study if isinstance(study, str) else study.name
        with self._db.reading() as connection:
            return list(faults(connection, named_study(connection, name).id))

    def close_audits(self, study: str) -> None:
        """Close all audits: what they drew now counts as ordinary evaluations."""
        with self._db.writing() as connection:
            found = named_study(connection, study)
            table = schema.audits
            connection.execute(
                table.update().where(table.c.study_id == found.id).values(is_closed=True)
            )


def audit_row(
    study_id: int, plan: Mapping[str, Any], *, job: int | None, is_closed: bool
) -> dict[str, Any]:
    """Make the row of one audit."""
    return {
        "study_id": study_id,
        "number": int(plan["number"]),
        "plan": dict(plan),
        "job_id": job,
        "is_closed": is_closed,
        "created_at": time.time(),
    }


def _audit(row: Any) -> AuditRecord:
    return AuditRecord(number=row.number, plan=row.plan, job=row.job_id, is_closed=row.is_closed)
