"""Evaluations: the result of each training, stored as soon as it is finished."""

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError

from bort.core.evaluation import Evaluation
from bort.storage import schema
from bort.storage.database import Database
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
        """
        name = study if isinstance(study, str) else study.name
        row = evaluation_row(self._id(study), architecture_id, architecture, evaluation)
        try:
            with self._db.writing() as connection:
                connection.execute(schema.evaluations.insert().values(row))
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

    def _id(self, study: StudyRecord | str) -> int:
        if isinstance(study, StudyRecord):
            return study.id
        with self._db.reading() as connection:
            return named_study(connection, study).id


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
        ),
        created_at=row.created_at,
    )
