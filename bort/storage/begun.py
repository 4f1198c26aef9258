"""Begun trainings: what is trained at the same time, in the order of the picks.

A result that is done before its turn waits here, so that `evaluations` keeps the order of the
picks, and a killed search loses only what was running.
"""

from bort.core.evaluation import Evaluation
from bort.core.serialise import from_json, to_json
from bort.storage import schema
from bort.storage.database import Database
from bort.storage.studies import named_study


class Begun:
    """The part of the store that keeps begun trainings."""

    _db: Database

    def begun(self, study: str) -> dict[str, list[Evaluation]]:
        """Return the architectures that have begun, in the order of their picks, by id.

        Each with the trainings that are done but not in the study's evaluations yet.

        Raises:
            UnknownStudyError: no study of that name.
        """
        table = schema.begun
        with self._db.reading() as connection:
            found = named_study(connection, study)
            query = table.select().where(table.c.study_id == found.id).order_by(table.c.id)
            return {
                row.architecture_id: from_json(list[Evaluation], row.results, what="a training")
                for row in connection.execute(query)
            }

    def set_begun(self, study: str, architecture_id: str, done: list[Evaluation]) -> None:
        """Note that an architecture has begun, or which of its trainings are done by now."""
        table, values = schema.begun, {"results": to_json(done)}
        with self._db.writing() as connection:
            owner = named_study(connection, study).id
            same = (table.c.study_id == owner) & (table.c.architecture_id == architecture_id)
            if not connection.execute(table.update().where(same).values(values)).rowcount:
                new = {"study_id": owner, "architecture_id": architecture_id}
                connection.execute(table.insert().values(**new, **values))

    def end_begun(self, study: str, architecture_id: str) -> None:
        """Forget that an architecture has begun: its evaluations are stored."""
        table = schema.begun
        with self._db.writing() as connection:
            owner = named_study(connection, study).id
            connection.execute(
                table.delete().where(
                    table.c.study_id == owner, table.c.architecture_id == architecture_id
                )
            )
