"""Finished jobs as small JSON files, with their rounds, curves and models, but no weights.

They are shipped as examples: a run of Agora, a measurement, a fine-tuning.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bort.core import paths
from bort.core.errors import InvalidOptionError, StoreError
from bort.core.files import write_atomically
from bort.core.inputs import parse_json, read_input
from bort.core.progress import Progress
from bort.storage import runs, schema
from bort.storage.jobs import progress_row
from bort.storage.records import EventCode, JobState
from bort.storage.store import Store

FORMAT = "bort-job-1"
FOLDER = "jobs"  # of the recorded studies' folder
KEPT = ("map",)  # folders of a job's files that are recorded
_WARNING = "warning"  # the only events that pages show of a finished job
_JOB = ("kind", "spec", "study", "created_at", "started_at", "finished_at", "seconds", "result")
_MODEL = ("name", "study", "task", "architecture_id", "architecture", "realised", "evidence")


def export_job(
    store: Store, job_id: int, *, rounds: Sequence[Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Convert a finished job to JSON values.

    Args:
        rounds: its rounds of Agora as they are to be recorded; None means as they are stored.
    Raises:
        UnknownJobError: no job of that id.
        InvalidOptionError: the job is not done.
    """
    job = store.job(job_id)
    if job.state is not JobState.DONE:
        raise InvalidOptionError(
            f"job {job_id} is {job.state}; only jobs that are done are recorded"
        )
    stored = store.agora_rounds(job_id)
    files = [file for name in KEPT for file in sorted((job.folder / name).glob("*"))]
    recorded: dict[str, Any] = schema.storable(
        {
            "format": FORMAT,
            **{name: getattr(job, name) for name in _JOB},
            "warnings": [
                {"at": event.at, "code": str(event.code), "facts": event.facts}
                for event in store.events(job_id)
                if event.level == _WARNING
            ],
            "metrics": store.metrics(job_id),
            "rounds": [
                {"number": one.number, "round": record, "summary": one.summary}
                for one, record in zip(stored, rounds or [one.round for one in stored], strict=True)
            ],
            "files": {
                file.relative_to(job.folder).as_posix(): base64.b64encode(file.read_bytes()).decode(
                    "ascii"
                )
                for file in files
            },
            "models": [
                {name: getattr(model, name) for name in _MODEL}
                for model in store.models(job_id=job_id)
            ],
        }
    )
    return recorded


def ensure_example_jobs(store: Store, folder: Path) -> list[int]:
    """Import the recorded jobs of a folder that were never imported before.

    As `ensure_examples`: a deleted one stays deleted, a read-only store does not change. A model
    whose name is taken is left out.

    Args:
        folder: contains `*.json` files written by `export_job`; it need not exist.
    Returns:
        The numbers of the jobs that were imported now.
    Raises:
        StoreError: a file is not a recorded job.
    """
    files = sorted(folder.glob("*.json"))
    if store.is_read_only or not files:
        return []
    with store.database.reading() as connection:
        offered = _offered(connection)
    new = [file for file in files if _key(file) not in offered]
    found = [_offer(store, file, _read(file)) for file in new]
    return [job_id for job_id in found if job_id is not None]


def _read(file: Path) -> Mapping[str, Any]:
    try:
        recorded = parse_json(read_input(file))
        if recorded.get("format") != FORMAT:
            raise ValueError(f"its format is {recorded.get('format')!r}, not {FORMAT!r}")
    except (AttributeError, OSError, ValueError) as error:
        raise StoreError(f"{file} cannot be read ({error}); restore it or delete it") from error
    return dict(recorded)


def _offer(store: Store, file: Path, recorded: Mapping[str, Any]) -> int | None:
    try:
        with store.database.writing() as connection:
            if _key(file) in _offered(connection):  # another process was faster
                return None
            connection.execute(schema.offered_examples.insert().values(file_name=_key(file)))
            return _insert(connection, recorded)
    except (AttributeError, KeyError, TypeError, ValueError, sa.exc.IntegrityError) as error:
        raise StoreError(
            f"{file} is not a recorded job ({type(error).__name__}); restore it or delete it"
        ) from error


def _insert(connection: sa.Connection, recorded: Mapping[str, Any]) -> int:
    row = {
        **{name: recorded[name] for name in _JOB},
        "state": JobState.DONE.value,
        "attempt": 1,
        "seconds_before": 0.0,
        "progress": progress_row(Progress()),
        "cancel_requested": False,
        "is_detached": True,
        "folder_name": "",
        "is_example": True,
    }
    job_id = schema.inserted_id(connection.execute(schema.jobs.insert().values(row)))
    folder = runs.claim_folder(job_id)
    jobs = schema.jobs
    connection.execute(jobs.update().where(jobs.c.id == job_id).values(folder_name=folder))
    for name, content in recorded["files"].items():
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise ValueError(f"a file is called {name!r}")
        write_atomically(paths.runs() / folder / name, base64.b64decode(content))
    _insert_parts(connection, job_id, recorded)
    return job_id


def _insert_parts(connection: sa.Connection, job_id: int, recorded: Mapping[str, Any]) -> None:
    created = recorded["created_at"]
    rounds = [{**one, "job_id": job_id, "created_at": created} for one in recorded["rounds"]]
    metrics = [
        {"job_id": job_id, "name": name, "step": step, "value": value}
        for name, values in recorded["metrics"].items()
        for step, value in values
    ]
    warnings = [
        {**one, "code": EventCode(one["code"]).value, "job_id": job_id, "level": _WARNING}
        for one in recorded["warnings"]
    ]
    models = schema.models
    taken = set(connection.scalars(sa.select(models.c.name)))
    kept = [
        {
            **{name: one[name] for name in _MODEL},
            "job_id": job_id,
            "created_at": created,
            "is_imported": False,
            "folder_name": one["name"],
            "is_example": True,
        }
        for one in recorded["models"]
        if one["name"] not in taken
    ]
    for table, rows in (
        (schema.agora_rounds, rounds),
        (schema.metrics, metrics),
        (schema.job_events, warnings),
        (models, kept),
    ):
        if rows:
            connection.execute(table.insert(), rows)


def _offered(connection: sa.Connection) -> set[str]:
    return set(connection.scalars(sa.select(schema.offered_examples.c.file_name)))


def _key(file: Path) -> str:
    return f"{FOLDER}/{file.name}"
