"""Whole studies as small JSON files, to publish and compare, and to ship as examples."""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bort.core.baseline import OracleFacts
from bort.core.errors import BortError, StoreError, StudyConflictError
from bort.core.evaluation import Evaluation
from bort.core.inputs import parse_json, read_input
from bort.core.origin import Origin
from bort.core.serialise import from_json, to_json
from bort.core.study import StudySpec
from bort.storage import schema
from bort.storage.audits import audit_row
from bort.storage.evaluations import evaluation_row
from bort.storage.profiles import put_profile
from bort.storage.record import Entry, append, evaluation_facts
from bort.storage.records import EvaluationRecord, ProfileRecord, StudyRecord
from bort.storage.store import Store
from bort.storage.studies import find_study, insert_study

FORMAT = "bort-study-1"


def export_study(store: Store, name: str) -> dict[str, Any]:
    """Convert a study with its evaluations and latency profile to JSON values.

    Raises:
        UnknownStudyError: no study of that name.
        InvalidProfileError: the study's latency profile is not stored.
    """
    study = store.study(name)
    profile = store.profile(study.profile) if study.profile else None
    exported: dict[str, Any] = schema.storable(
        {
            "format": FORMAT,
            "spec": study.spec.to_dict(),
            "created_at": study.created_at,
            "profile": None if profile is None else _profile_dict(profile),
            "facts": None if study.facts is None else to_json(study.facts),
            "evaluations": [_evaluation_dict(e) for e in store.evaluation_records(study)],
            "audits": [{"plan": a.plan, "is_closed": a.is_closed} for a in store.audits(study)],
        }
    )
    return exported


def import_study(store: Store, recorded: Mapping[str, Any], *, example: bool = True) -> StudyRecord:
    """Store a study from `export_study`, all of it or nothing.

    Args:
        recorded: the result of `export_study`.
        example: mark it as recorded elsewhere: it can be read and deleted, not continued.
    Raises:
        StoreError: it is not a recorded study.
        StudyConflictError: a study of that name exists.
    """
    study = _parse(recorded, "the recorded study")
    name = study.spec.name
    try:
        with store.database.writing() as connection:
            if find_study(connection, name) is not None:
                raise StudyConflictError(f"there is already a study {name!r}; delete it first")
            study.insert(connection, example=example)
    except BortError:
        raise
    except _DAMAGES as error:
        raise _damaged("the recorded study", error) from error
    return store.study(name)


def ensure_examples(store: Store, folder: Path) -> list[str]:
    """Import the recorded studies of a folder that were never imported before.

    A deleted one stays deleted, and one whose name is taken is skipped. Costs one small query when
    there is nothing to do. A read-only store does not change.

    Args:
        folder: contains `*.json` files written by `export_study`; it need not exist.
    Returns:
        Names of the studies that were imported now.
    Raises:
        StoreError: a file is not a recorded study.
    """
    files = sorted(folder.glob("*.json"))
    if store.is_read_only or not files:
        return []
    with store.database.reading() as connection:
        offered = _offered(connection)
    new = [file for file in files if file.name not in offered]
    parsed = [(file, _parse(_read(file), str(file))) for file in new]
    return [study.spec.name for file, study in parsed if _offer(store, file, study)]


def coming_examples(store: Store, folder: Path) -> list[str]:
    """Name the studies that `ensure_examples` would import; one that was deleted is not named."""
    with store.database.reading() as connection:
        offered = _offered(connection)
    return sorted(file.stem for file in folder.glob("*.json") if file.name not in offered)


class _Recorded:
    """A recorded study, read and checked."""

    def __init__(self, recorded: Mapping[str, Any]) -> None:
        if recorded.get("format") != FORMAT:
            raise ValueError(f"its format is {recorded.get('format')!r}, not {FORMAT!r}")
        self.spec = StudySpec.from_dict(recorded["spec"])
        self.created_at = float(recorded["created_at"])
        self.profile: Mapping[str, Any] | None = recorded["profile"]
        facts = recorded.get("facts")
        self.facts = None if facts is None else from_json(OracleFacts, facts, what="the facts")
        self.evaluations = [_evaluation(e) for e in recorded["evaluations"]]
        self.audits = [(a["plan"], bool(a["is_closed"])) for a in recorded.get("audits", [])]

    def insert(self, connection: sa.Connection, *, example: bool) -> None:
        name = None
        if self.profile is not None:
            name = self.profile["name"]
            # Without a key: a machine of the same make is still another machine.
            put_profile(connection, self.profile["profile"], name, key=None)
        study_id = insert_study(
            connection,
            self.spec,
            created_at=self.created_at,
            profile=name,
            facts=self.facts,
            is_example=example,
        )
        rows = [
            evaluation_row(study_id, e.architecture_id, e.architecture, e.evaluation)
            | {"created_at": e.created_at}
            for e in self.evaluations
        ]
        if rows:
            connection.execute(schema.evaluations.insert(), rows)
        for row in rows:
            append(connection, study_id, Entry.EVALUATION, evaluation_facts(row))
        for plan, is_closed in self.audits:
            row = audit_row(study_id, plan, job=None, is_closed=is_closed)
            connection.execute(schema.audits.insert().values(row))
            append(connection, study_id, Entry.AUDIT, plan)


def _offer(store: Store, file: Path, study: _Recorded) -> bool:
    table = schema.offered_examples
    try:
        with store.database.writing() as connection:
            if file.name in _offered(connection):  # another process was faster
                return False
            connection.execute(table.insert().values(file_name=file.name))
            if find_study(connection, study.spec.name) is not None:
                return False
            study.insert(connection, example=True)
            return True
    except sa.exc.IntegrityError:  # another process stored it in between (impossible with SQLite)
        return False


def _offered(connection: sa.Connection) -> set[str]:
    return set(connection.scalars(sa.select(schema.offered_examples.c.file_name)))


def _read(file: Path) -> Any:
    try:
        return parse_json(read_input(file))
    except (OSError, ValueError) as error:
        raise StoreError(f"{file} cannot be read ({error}); restore it or delete it") from error


def _parse(recorded: Any, what: str) -> _Recorded:
    try:
        return _Recorded(recorded)
    except _DAMAGES as error:
        raise _damaged(what, error) from error


# The exceptions that values of wrong types raise.
_DAMAGES = (AttributeError, KeyError, TypeError, ValueError, OverflowError)


def _damaged(what: str, error: Exception) -> StoreError:
    return StoreError(
        f"{what} is damaged or of another version ({type(error).__name__}: {error}); "
        "record it again with this version"
    )


def _profile_dict(profile: ProfileRecord) -> dict[str, Any]:
    return {"name": profile.name, "profile": profile.profile}


def _evaluation_dict(record: EvaluationRecord) -> dict[str, Any]:
    values = asdict(record.evaluation)
    if record.evaluation.origin is None:
        del values["origin"]
    values["wrong_items"] = base64.b64encode(record.evaluation.wrong_items).decode("ascii")
    return {
        "architecture_id": record.architecture_id,
        "architecture": record.architecture,
        "created_at": record.created_at,
        **values,
    }


def _evaluation(values: Mapping[str, Any]) -> EvaluationRecord:
    rest = dict(values)
    origin = rest.get("origin")
    rest["origin"] = None if origin is None else from_json(Origin, origin, what="an origin")
    return EvaluationRecord(
        architecture_id=rest.pop("architecture_id"),
        architecture=rest.pop("architecture"),
        created_at=rest.pop("created_at"),
        evaluation=Evaluation(
            **{**rest, "wrong_items": base64.b64decode(rest["wrong_items"], validate=True)}
        ),
    )
