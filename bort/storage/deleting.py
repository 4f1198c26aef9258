"""Delete studies, profiles, models and jobs that nothing stored still uses."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bort.core import shared_files
from bort.core.errors import (
    BusyError,
    InvalidProfileError,
    StoreError,
    UnknownJobError,
    UnknownModelError,
    UnknownStudyError,
)
from bort.core.paths import runs
from bort.storage import schema
from bort.storage.database import Database
from bort.storage.models import models_folder
from bort.storage.records import JobState

_ACTIVE = [state.value for state in JobState if state.is_active]


class ThingKind(StrEnum):
    """The kinds of things that can be deleted."""

    STUDY = "study"
    PROFILE = "profile"
    MODEL = "model"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Thing:
    """One stored thing: its kind, and its name or job number."""

    kind: ThingKind
    name: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """The consequences of deleting a thing.

    Attributes:
        used_by: what still uses it; then it cannot be deleted.
        contents: what is deleted with it, for example `{"evaluations": 28}`.
        folder: the folder of its files, which is deleted too; None if it has none.
    """

    thing: Thing
    used_by: tuple[Thing, ...]
    contents: Mapping[str, int]
    folder: Path | None = None


class StillUsedError(BusyError):
    """A thing was not deleted because something still uses it; `deletion` says what."""

    def __init__(self, deletion: Deletion) -> None:
        thing = deletion.thing
        super().__init__(f"the {thing.kind} {thing.name!r} is still used; nothing was deleted")
        self.deletion = deletion


class Deleting:
    """The part of the store that deletes."""

    _db: Database

    def deletion(self, thing: Thing) -> Deletion:
        """Find the consequences of deleting a thing, without changing anything.

        Raises:
            UnknownStudyError, InvalidProfileError, UnknownModelError, UnknownJobError: there is
                no such thing.
        """
        with self._db.reading() as connection:
            return _LOOKS[thing.kind](connection, thing)

    def delete(self, thing: Thing) -> Deletion:
        """Delete a thing and everything that belongs to it.

        First the rows are deleted in one transaction, then the files. So an interruption leaves
        nothing in the store without its files.

        Raises:
            StillUsedError: something uses it; nothing was deleted.
            StoreError: its files cannot be removed; the message names their folder.
            Also the errors of `deletion`.
        """
        with self._db.writing() as connection:
            found = _LOOKS[thing.kind](connection, thing)
            if found.used_by:
                raise StillUsedError(found)
            table, column = _ROWS[thing.kind]
            connection.execute(table.delete().where(column == _key(thing)))
        if found.folder is not None and found.folder.exists():
            _remove(found.folder)
        if found.folder is not None:
            shared_files.remove(found.folder)
        return found


def _study(connection: sa.Connection, thing: Thing) -> Deletion:
    row = _row(connection, thing)
    if row is None:
        raise UnknownStudyError(_unknown(connection, thing))
    used_by = [
        *_active_jobs(connection, schema.jobs.c.study == thing.name),
        *_named(connection, ThingKind.MODEL, schema.models, schema.models.c.study == thing.name),
    ]
    counts = {
        table.name: connection.scalar(
            sa.select(sa.func.count()).select_from(table).where(table.c.study_id == row.id)
        )
        or 0
        for table in (schema.evaluations, schema.audits)
    }
    return Deletion(thing, tuple(used_by), counts)


def _profile(connection: sa.Connection, thing: Thing) -> Deletion:
    if _row(connection, thing) is None:
        raise InvalidProfileError(_unknown(connection, thing))
    used_by = _named(
        connection, ThingKind.STUDY, schema.studies, schema.studies.c.profile == thing.name
    )
    # Before a search begins, only its description names its profile.
    for row in connection.execute(schema.jobs.select().where(schema.jobs.c.state.in_(_ACTIVE))):
        if (row.spec.get("latency") or {}).get("profile") == thing.name:
            used_by.append(Thing(ThingKind.JOB, str(row.id)))
    return Deletion(thing, tuple(used_by), {})


def _model(connection: sa.Connection, thing: Thing) -> Deletion:
    row = _row(connection, thing)
    if row is None:
        raise UnknownModelError(_unknown(connection, thing))
    # A job that is resumed stores its models again.
    used_by = _active_jobs(connection, schema.jobs.c.id == row.job_id)
    return Deletion(thing, tuple(used_by), {}, _folder(models_folder(), row.folder_name))


def _job(connection: sa.Connection, thing: Thing) -> Deletion:
    row = _row(connection, thing)
    if row is None:
        raise UnknownJobError(_unknown(connection, thing))
    used_by = _active_jobs(connection, schema.jobs.c.id == row.id)
    for other in connection.execute(schema.jobs.select().where(schema.jobs.c.state.in_(_ACTIVE))):
        if (other.spec.get("replay") or {}).get("job") == row.id:
            used_by.append(Thing(ThingKind.JOB, str(other.id)))
    rounds = schema.agora_rounds
    count = connection.scalar(
        sa.select(sa.func.count()).select_from(rounds).where(rounds.c.job_id == row.id)
    )
    folder = _folder(runs(), row.folder_name)
    return Deletion(thing, tuple(used_by), {"rounds": count} if count else {}, folder)


_LOOKS = {
    ThingKind.STUDY: _study,
    ThingKind.PROFILE: _profile,
    ThingKind.MODEL: _model,
    ThingKind.JOB: _job,
}
_ROWS: Mapping[ThingKind, tuple[sa.Table, "sa.Column[Any]"]] = {
    ThingKind.STUDY: (schema.studies, schema.studies.c.name),
    ThingKind.PROFILE: (schema.profiles, schema.profiles.c.name),
    ThingKind.MODEL: (schema.models, schema.models.c.name),
    ThingKind.JOB: (schema.jobs, schema.jobs.c.id),
}


def _key(thing: Thing) -> str | int:
    return int(thing.name) if thing.kind is ThingKind.JOB else thing.name


def _row(connection: sa.Connection, thing: Thing) -> Any:
    table, column = _ROWS[thing.kind]
    return connection.execute(table.select().where(column == _key(thing))).one_or_none()


def _named(
    connection: sa.Connection, kind: ThingKind, table: sa.Table, condition: sa.ColumnElement[bool]
) -> list[Thing]:
    names = connection.scalars(sa.select(table.c.name).where(condition).order_by(table.c.id))
    return [Thing(kind, name) for name in names]


def _active_jobs(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Thing]:
    jobs = schema.jobs
    query = sa.select(jobs.c.id).where(condition, jobs.c.state.in_(_ACTIVE)).order_by(jobs.c.id)
    return [Thing(ThingKind.JOB, str(number)) for number in connection.scalars(query)]


def _unknown(connection: sa.Connection, thing: Thing) -> str:
    if thing.kind is ThingKind.JOB:
        return f"there is no job {thing.name}; see all with: bort jobs list"
    table, column = _ROWS[thing.kind]
    names = connection.scalars(sa.select(column).order_by(table.c.created_at.desc()).limit(5))
    known = ", ".join(names)
    which = f"stored: {known}" if known else "none is stored"
    what = "latency profile" if thing.kind is ThingKind.PROFILE else thing.kind
    return f"there is no {what} {thing.name!r}; {which}"


def _folder(parent: Path, name: str) -> Path | None:
    # A row may come from another user's store: a name must not lead out of the parent folder.
    is_file_name = Path(name).name == name and name not in ("", ".", "..")
    return parent / name if is_file_name else None


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise StoreError(
            f"it is deleted, but its files in {folder} could not be removed "
            f"({error.strerror or error}); remove them yourself"
        ) from error
