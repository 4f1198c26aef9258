"""What was evaluated and audited, in a record to which the store only adds.

Each entry is chained to the one before by SHA-256, so a row that was changed or removed later, in
the record or in the tables that it is about, does not go unnoticed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from bort.storage import schema


class Entry(StrEnum):
    """The kinds of entries. They are stored, so a value keeps its meaning."""

    EVALUATION = "evaluation"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class RecordFault:
    """An entry that the study's tables no longer agree with.

    Attributes:
        entry: its kind; None if the record itself was changed.
        subject: the architecture and seed, or the number of the audit.
        is_unrecorded: a row that was never recorded; otherwise one that is gone or changed.
    """

    entry: Entry | None
    subject: str
    is_unrecorded: bool = False


def evaluation_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is recorded of an evaluation's row."""
    names = ("architecture_id", "seed", "error_rate", "n", "diverged")
    items = hashlib.sha256(bytes(row["wrong_items"])).hexdigest()
    return {**{name: row[name] for name in names}, "wrong_items": items}


def append(
    connection: sa.Connection, study_id: int, entry: Entry, facts: Mapping[str, Any]
) -> None:
    """Add an entry within the caller's transaction, which has locked the study."""
    table = schema.record
    last = connection.execute(
        sa.select(table.c.position, table.c.digest)
        .where(table.c.study_id == study_id)
        .order_by(table.c.position.desc())
        .limit(1)
    ).one_or_none()
    position, before = (0, "") if last is None else (last.position + 1, last.digest)
    values = {"study_id": study_id, "position": position, "entry": str(entry), "facts": facts}
    digest = _digest(before, position, str(entry), facts)
    connection.execute(table.insert().values(**values, digest=digest))


def lock_study(connection: sa.Connection, study_id: int) -> None:
    """Let one process at a time add to the study; SQLite has one writer anyway."""
    studies = schema.studies
    connection.execute(sa.select(studies.c.id).where(studies.c.id == study_id).with_for_update())


def faults(connection: sa.Connection, study_id: int) -> Iterator[RecordFault]:
    """Compare the record of a study with its tables."""
    table, before = schema.record, ""
    known: dict[Entry, dict[str, Any]] = {Entry.EVALUATION: {}, Entry.AUDIT: {}}
    query = table.select().where(table.c.study_id == study_id).order_by(table.c.position)
    for place, row in enumerate(connection.execute(query)):
        if row.position != place or row.digest != _digest(before, place, row.entry, row.facts):
            yield RecordFault(None, str(place + 1))
            return
        before, kind = row.digest, Entry(row.entry)
        subject = _subject(kind, row.facts)
        if known[kind].setdefault(subject, row.facts) != row.facts:
            yield RecordFault(kind, subject)
    for kind, rows in _stored(connection, study_id).items():
        for subject, facts in known[kind].items():
            if rows.pop(subject, None) != facts:
                yield RecordFault(kind, subject)
        yield from (RecordFault(kind, subject, is_unrecorded=True) for subject in rows)


def _stored(connection: sa.Connection, study_id: int) -> dict[Entry, dict[str, Any]]:
    evaluations, audits = schema.evaluations, schema.audits
    found = connection.execute(evaluations.select().where(evaluations.c.study_id == study_id))
    facts = [schema.storable(evaluation_facts(dict(row))) for row in found.mappings()]
    plans = connection.scalars(sa.select(audits.c.plan).where(audits.c.study_id == study_id))
    return {
        Entry.EVALUATION: {_subject(Entry.EVALUATION, one): one for one in facts},
        Entry.AUDIT: {_subject(Entry.AUDIT, plan): plan for plan in plans},
    }


def _subject(kind: Entry, facts: Mapping[str, Any]) -> str:
    if kind is Entry.AUDIT:
        return str(facts["number"])
    return f"{facts['architecture_id']} seed {facts['seed']}"


def _digest(before: str, position: int, entry: str, facts: Mapping[str, Any]) -> str:
    text = json.dumps([before, position, entry, schema.storable(facts)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
