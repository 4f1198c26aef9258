"""Studies: a question and its evaluations, under a name."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bort.core.baseline import OracleFacts
from bort.core.errors import StudyConflictError, UnknownStudyError
from bort.core.serialise import from_json, to_json
from bort.core.study import StudySpec
from bort.storage import schema
from bort.storage.database import Database
from bort.storage.records import JobState, StudyRecord

# A study may be continued with another budget: the question stays the same.
SPENDING = ("search.budget", "search.minutes", "search.audit", "size.tokenizer_bytes")

_count = (
    sa.select(sa.func.count())
    .where(schema.evaluations.c.study_id == schema.studies.c.id)
    .scalar_subquery()
    .label("evaluation_count")
)


class Studies:
    """The part of the store that keeps studies."""

    _db: Database

    def create_study(self, spec: StudySpec, *, profile: str | None = None) -> StudyRecord:
        """Store a study, or open it again if it exists with the same options.

        Another budget or audit (`SPENDING`) does not count as a difference, nor do the bytes of
        tokenizers, which a search counts if nobody did before.

        Raises:
            StudyConflictError: a study of that name exists with other options, or is a
                recorded example.
        """
        try:
            with self._db.writing() as connection:
                found = find_study(connection, spec.name)
                if found is None:
                    insert_study(connection, spec, profile=profile)
                else:
                    _continue(connection, found, spec)
        except IntegrityError:  # another process stored it in between (impossible with SQLite)
            return self.create_study(spec, profile=profile)
        return self.study(spec.name)

    def create_numbered_study(self, spec: StudySpec) -> StudyRecord:
        """Store a new study under the first free of `spec.name`, `spec.name`-2, -3, ..."""
        with self._db.writing() as connection:
            taken = set(connection.scalars(sa.select(schema.studies.c.name)))
            free = (f"{spec.name}-{n}" for n in count(2))
            name = spec.name if spec.name not in taken else next(n for n in free if n not in taken)
            insert_study(connection, replace(spec, name=name), profile=None)
        return self.study(name)

    def study(self, name: str) -> StudyRecord:
        """Read one study.

        Raises:
            UnknownStudyError: no study of that name.
        """
        with self._db.reading() as connection:
            return named_study(connection, name)

    def studies(self) -> list[StudyRecord]:
        """Return all studies, newest first."""
        newest = sa.select(schema.studies, _count).order_by(
            schema.studies.c.created_at.desc(), schema.studies.c.id.desc()
        )
        with self._db.reading() as connection:
            return [_study(row) for row in connection.execute(newest)]

    def discard_empty_study(self, name: str) -> bool:
        """Delete a study that has no evaluation and no active job.

        Returns:
            True if it was deleted; False if it is kept or does not exist.
        """
        with self._db.writing() as connection:
            return discard_if_empty(connection, name)

    def set_study_profile(self, name: str, profile: str) -> None:
        """Store which latency profile the study's answers use.

        Raises:
            UnknownStudyError: no study of that name.
        """
        self._change_study(name, profile=profile)

    def set_study_facts(self, name: str, facts: OracleFacts) -> None:
        """Store what the study's errors depend on and are compared with.

        Raises:
            UnknownStudyError: no study of that name.
        """
        self._change_study(name, facts=to_json(facts))

    def _change_study(self, name: str, **values: Any) -> None:
        with self._db.writing() as connection:
            changed = connection.execute(
                schema.studies.update().where(schema.studies.c.name == name).values(**values)
            ).rowcount
            if not changed:
                raise _unknown_study(connection, name)


def insert_study(
    connection: sa.Connection,
    spec: StudySpec,
    *,
    created_at: float | None = None,
    profile: str | None,
    facts: OracleFacts | None = None,
    is_example: bool = False,
) -> int:
    """Insert a study within the caller's transaction and return its id."""
    inserted = connection.execute(
        schema.studies.insert().values(
            name=spec.name,
            spec=spec.to_dict(),
            created_at=time.time() if created_at is None else created_at,
            profile=profile,
            facts=None if facts is None else to_json(facts),
            is_example=is_example,
        )
    )
    return schema.inserted_id(inserted)


def discard_if_empty(connection: sa.Connection, name: str) -> bool:
    """Do the work of `Studies.discard_empty_study` within the caller's transaction."""
    is_filled = sa.exists().where(schema.evaluations.c.study_id == schema.studies.c.id)
    waits = sa.exists().where(
        schema.begun.c.study_id == schema.studies.c.id,
        schema.begun.c.results != sa.literal([], schema.Json()),
    )
    is_worked_on = sa.exists().where(
        schema.jobs.c.study == schema.studies.c.name,
        schema.jobs.c.state.in_([state.value for state in JobState if state.is_active]),
    )
    gone = connection.execute(
        schema.studies.delete().where(
            schema.studies.c.name == name,
            schema.studies.c.is_example.is_(False),
            ~is_filled,
            ~waits,
            ~is_worked_on,
        )
    )
    return bool(gone.rowcount)


def find_study(connection: sa.Connection, name: str) -> StudyRecord | None:
    """Return the study of that name, or None."""
    row = connection.execute(
        sa.select(schema.studies, _count).where(schema.studies.c.name == name)
    ).one_or_none()
    return None if row is None else _study(row)


def _continue(connection: sa.Connection, found: StudyRecord, spec: StudySpec) -> None:
    if found.is_example:
        raise StudyConflictError(
            f"the study {spec.name!r} is a recorded example and cannot be continued; "
            "choose another name with --study"
        )
    asked = schema.storable(spec.to_dict())
    differences = [
        text
        for path, text in _differences(schema.storable(found.spec.to_dict()), asked)
        if path not in SPENDING
    ]
    if differences:
        more = f" and {len(differences) - 3} more" if len(differences) > 3 else ""
        raise StudyConflictError(
            f"a study named {spec.name!r} exists with other options "
            f"({'; '.join(differences[:3])}{more}); use the same options to continue it, or "
            "choose another name with --study"
        )
    connection.execute(
        schema.studies.update().where(schema.studies.c.id == found.id).values(spec=asked)
    )


def _differences(stored: Any, asked: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """List differing options: the dotted path, and one line for people."""
    if isinstance(stored, dict) and isinstance(asked, dict):
        for key in [*stored, *(k for k in asked if k not in stored)]:
            below = f"{path}.{key}" if path else str(key)
            yield from _differences(stored.get(key), asked.get(key), below)
    elif stored != asked:
        yield path, f"{path} was {_short(stored)}, now {_short(asked)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def named_study(connection: sa.Connection, name: str) -> StudyRecord:
    """Return the study of that name.

    Raises:
        UnknownStudyError: there is none.
    """
    found = find_study(connection, name)
    if found is None:
        raise _unknown_study(connection, name)
    return found


def _unknown_study(connection: sa.Connection, name: str) -> UnknownStudyError:
    """Make the error that lists the stored studies."""
    names = connection.scalars(
        sa.select(schema.studies.c.name).order_by(schema.studies.c.created_at.desc()).limit(5)
    ).all()
    known = f"stored studies: {', '.join(names)}" if names else "none is stored yet"
    return UnknownStudyError(f"there is no study {name!r}; {known}")


def _study(row: Any) -> StudyRecord:
    return StudyRecord(
        id=row.id,
        name=row.name,
        spec=_spec(json.dumps(row.spec)),
        created_at=row.created_at,
        profile=row.profile,
        is_example=row.is_example,
        evaluation_count=row.evaluation_count,
        facts=None if row.facts is None else from_json(OracleFacts, row.facts, what=row.name),
    )


@lru_cache(maxsize=256)
def _spec(text: str) -> StudySpec:
    """Read a description once: pages ask for all studies again and again."""
    return StudySpec.from_dict(json.loads(text))
