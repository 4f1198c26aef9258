"""The stored rounds of Agora, used to resume, watch and replay a run."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from bort.core.errors import StoreError
from bort.core.files import load_arrays, save_arrays, write_json_atomically
from bort.storage import schema
from bort.storage.database import Database
from bort.storage.jobs import unknown_job
from bort.storage.records import JobRecord
from bort.storage.runs import file_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Places = NDArray[np.floating]

ARMS = "arms.json"


@dataclass(frozen=True, slots=True)
class AgoraRoundRecord:
    """One stored round.

    Attributes:
        number: counted from 0.
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
        """Store a round, all of it or nothing; a round that is already stored does not change.

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
                raise unknown_job(job_id) from None

    def agora_rounds(self, job_id: int) -> list[AgoraRoundRecord]:
        """Return a job's rounds in order; empty if it has stored none."""
        table = schema.agora_rounds
        query = table.select().where(table.c.job_id == job_id).order_by(table.c.number)
        with self._db.reading() as connection:
            return [
                AgoraRoundRecord(row.number, row.round, row.summary, row.created_at)
                for row in connection.execute(query)
            ]


def write_arms(job: JobRecord, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store all rows finished so far; readers see either all of them or the previous ones.

    Raises:
        StoreError: they cannot be written.
    """
    write_json_atomically(job.folder / ARMS, [dict(row) for row in rows])


def read_arms(job: JobRecord) -> list[dict[str, Any]]:
    """Read the rows that `write_arms` stored, if there are any.

    Raises:
        StoreError: they cannot be read.
    """
    path = file_of(job, ARMS)
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read ({error}); delete it to begin again") from error
    return rows


def has_places(job: JobRecord, number: int | None) -> bool:
    """Return whether the places of a round's points are stored; None means the dev items."""
    return file_of(job, _name(number)).exists()


def write_places(job: JobRecord, number: int | None, arrays: "Mapping[str, Places]") -> None:
    """Store where a round's points are on the maps, by name; None means the dev items.

    Raises:
        StoreError: they cannot be written.
    """
    singles = {name: array.astype("float32") for name, array in arrays.items()}
    save_arrays(job.folder / _name(number), singles)


def read_places(job: JobRecord, number: int | None) -> "dict[str, Places] | None":
    """Read what `write_places` stored, in single precision; None if missing or unreadable."""
    return load_arrays(file_of(job, _name(number)))


def _name(number: int | None) -> str:
    return f"map/{'dev' if number is None else f'round-{number:04}'}.npz"
