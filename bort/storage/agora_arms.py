"""What a comparison of training ways has finished: rows in the job's folder."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bort.core.errors import StoreError
from bort.storage.records import JobRecord
from bort.storage.runs import write_json

ARMS = "arms.json"


def write_arms(job: JobRecord, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store all rows finished so far; readers see them all, or those before.

    Raises:
        StoreError: they cannot be written.
    """
    write_json(job, ARMS, [dict(row) for row in rows])


def read_arms(job: JobRecord) -> list[dict[str, Any]]:
    """The rows that `write_arms` stored; none where there are none.

    Raises:
        StoreError: they cannot be read.
    """
    path = job.folder / ARMS
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read ({error}); delete it to begin again") from error
    return rows
