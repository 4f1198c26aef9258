"""Evaluations: the result of each training, stored as soon as it is finished."""

import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bort.core.errors import ConnectionLostError
from bort.core.evaluation import Evaluation
from bort.core.origin import Origin, check_same_origin, origin_in
from bort.core.serialise import from_json, to_json
from bort.storage import schema
from bort.storage.database import Database
from bort.storage.record import Entry, append, evaluation_facts, lock_study
from bort.storage.records import EvaluationRecord, StudyRecord
from bort.storage.studies import named_study


class Evaluations:
    """The part of the store that keeps evaluations."""

    _db: Database

    def add_evaluation(
        self,
        study: StudyRecord | str,
        architecture_id: str,
        architecture: Mapping[str, int],
        evaluation: Evaluation,
    ) -> bool:
        """Store one training. Storing the same study, architecture and seed again is harmless.

        Returns:
            True if it was new; False if one was stored already, which does not change.
        Raises:
            UnknownStudyError: the study does not exist, or no longer.
            StudyConflictError: its other trainings have another origin.
        """
        name = study if isinstance(study, str) else study.name
        row = evaluation_row(self._id(study), architecture_id, architecture, evaluation)
        try:
            with self._db.writing() as connection:
                lock_study(connection, row["study_id"])
                if evaluation.origin is not None:
                    check_same_origin(_origin(connection, row["study_id"]), evaluation.origin)
                connection.execute(schema.evaluations.insert().values(row))
                append(connection, row["study_id"], Entry.EVALUATION, evaluation_facts(row))
        except ConnectionLostError:  # it may be stored or not: ask again
            return self.add_evaluation(study, architecture_id, architecture, evaluation)
        except IntegrityError:
            with self._db.reading() as connection:
                named_study(connection, name)
            return False
        return True

    def evaluations(self, study: StudyRecord | str) -> dict[str, list[Evaluation]]:
        """Return all trainings by architecture id, both in the order in which they were stored."""
        found: dict[str, list[Evaluation]] = {}
        for record in self.evaluation_records(study):
            found.setdefault(record.architecture_id, []).append(record.evaluation)
        return found

    def evaluation_records(self, study: StudyRecord | str) -> list[EvaluationRecord]:
        """Return all trainings with their architectures, in the order in which they were stored.

        Raises:
            UnknownStudyError: no study of that name.
        """
        table = schema.evaluations
        query = table.select().where(table.c.study_id == self._id(study)).order_by(table.c.id)
        with self._db.reading() as connection:
            return [_evaluation(row) for row in connection.execute(query)]

    def origin(self, study: str) -> Origin | None:
        """Return the origin of a study's trainings, as far as it is known; None before the first.

        Raises:
            UnknownStudyError: no study of that name.
        """
        with self._db.reading() as connection:
            found = named_study(connection, study)
            known = _origin(connection, found.id)
        if known is None and found.evaluation_count and found.facts is not None:
            return origin_in(found.facts)
        return known

    def _id(self, study: StudyRecord | str) -> int:
        if isinstance(study, StudyRecord):
            return study.id
        with self._db.reading() as connection:
            return named_study(connection, study).id


def _origin(connection: sa.Connection, study_id: int) -> Origin | None:
    """Read the origin that all of a study's trainings share; None if none has one."""
    table = schema.evaluations
    query = sa.select(table.c.origin).where(
        table.c.study_id == study_id, table.c.origin.is_not(None)
    )
    return _read_origin(connection.scalar(query.order_by(table.c.id).limit(1)))


def _read_origin(stored: Any) -> Origin | None:
    return None if stored is None else from_json(Origin, stored, what="a training's origin")


def evaluation_row(
    study_id: int, architecture_id: str, architecture: Mapping[str, int], evaluation: Evaluation
) -> dict[str, Any]:
    """Make the row of one training; numpy numbers become Python's."""
    return {
        "study_id": study_id,
        "architecture_id": architecture_id,
        "architecture": dict(architecture),
        "error_rate": float(evaluation.error_rate),
        "error_se": float(evaluation.error_se),
        "n": int(evaluation.n),
        "macro_f1": None if evaluation.macro_f1 is None else float(evaluation.macro_f1),
        "seed": int(evaluation.seed),
        "steps": int(evaluation.steps),
        "seconds": float(evaluation.seconds),
        "diverged": bool(evaluation.diverged),
        "attempts": int(evaluation.attempts),
        "wrong_items": bytes(evaluation.wrong_items),
        "origin": None if evaluation.origin is None else to_json(evaluation.origin),
        "created_at": time.time(),
    }


def _evaluation(row: Any) -> EvaluationRecord:
    return EvaluationRecord(
        architecture_id=row.architecture_id,
        architecture=row.architecture,
        evaluation=Evaluation(
            error_rate=row.error_rate,
            error_se=row.error_se,
            n=row.n,
            macro_f1=row.macro_f1,
            seed=row.seed,
            steps=row.steps,
            seconds=row.seconds,
            diverged=row.diverged,
            attempts=row.attempts,
            wrong_items=bytes(row.wrong_items),
            origin=_read_origin(row.origin),
        ),
        created_at=row.created_at,
    )
