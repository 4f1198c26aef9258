"""The rounds of Agora, from which a run is resumed, watched and replayed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError

from bort.core.errors import UnknownJobError
from bort.storage import schema
from bort.storage.database import Database


@dataclass(frozen=True, slots=True)
class AgoraRoundRecord:
    """One stored round.

    Attributes:
        number: from 0.
        round: the round with all its points, a `bort.agora.loop.Round` as JSON.
        summary: its row of `bort agora run --json`, a `bort.agora.world.RoundSummary` as JSON.
        created_at: when it was stored, in seconds since 1970.
    """

    number: int
    round: Mapping[str, Any]
    summary: Mapping[str, Any]
    created_at: float


class AgoraRounds:
    """The part of the store that keeps the rounds of Agora jobs."""

    _db: Database

    def add_agora_round(
        self, job_id: int, number: int, record: Mapping[str, Any], summary: Mapping[str, Any]
    ) -> None:
        """Store a round, all of it or nothing; one that is stored already stays as it was.

        Raises:
            UnknownJobError: no job of that id.
        """
        table = schema.agora_rounds
        row = {"job_id": job_id, "number": number, "round": record, "summary": summary}
        with self._db.writing() as connection:
            stored = connection.scalar(
                table.select().where(table.c.job_id == job_id, table.c.number == number)
            )
            if stored is not None:
                return
            try:
                connection.execute(table.insert().values(row | {"created_at": time.time()}))
            except IntegrityError:
                raise UnknownJobError(
                    f"there is no job {job_id}; see all with: bort jobs list"
                ) from None

    def agora_rounds(self, job_id: int) -> list[AgoraRoundRecord]:
        """The rounds of a job in their order; none for a job that has stored none."""
        table = schema.agora_rounds
        query = table.select().where(table.c.job_id == job_id).order_by(table.c.number)
        with self._db.reading() as connection:
            return [
                AgoraRoundRecord(row.number, row.round, row.summary, row.created_at)
                for row in connection.execute(query)
            ]
