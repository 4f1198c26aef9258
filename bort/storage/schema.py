"""The tables, with simple types only, so that SQLite and PostgreSQL store the same."""

import json
import math
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

# Revisions of the tables, the newest last; `bort.storage.migrations` says how to add one.
REVISIONS = ("0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")


def storable(value: Any) -> Any:
    """Convert `value` to JSON values: tuples become lists, non-finite numbers become None.

    Raises:
        TypeError: something that is neither a number, text, truth value, None, list or mapping.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if hasattr(value, "tolist"):  # numpy scalars and arrays, without importing numpy
        return storable(value.tolist())
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


class Json(sa.types.TypeDecorator[Any]):
    """A column of JSON as text: the same bytes on every database, and never NaN or Infinity."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        """Convert a value to text."""
        if value is None:
            return None
        return json.dumps(storable(value), ensure_ascii=False, allow_nan=False)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        """Convert text to a value."""
        return None if value is None else json.loads(value)


def inserted_id(result: sa.CursorResult[Any]) -> int:
    """Return the id that the database gave to the inserted row."""
    key = result.inserted_primary_key
    assert key is not None, "every table with an id reports it"
    return int(key[0])


metadata = sa.MetaData()

# Alembic's own table: which revision the tables are of.
revision = sa.Table(
    "alembic_version",
    metadata,
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

# A bort from before the revisions reads this number, and refuses one higher than its own.
old_schema = sa.Table("bort_schema", metadata, sa.Column("version", sa.Integer, nullable=False))
OLD_SCHEMA_VERSION = 4


def _id() -> "sa.Column[int]":
    return sa.Column("id", sa.Integer, primary_key=True)


def _float(name: str) -> "sa.Column[float]":
    return sa.Column(name, sa.Float, nullable=False)


def _integer(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, nullable=False)


def _text(name: str, **options: Any) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, **options)


def _json(name: str) -> "sa.Column[Any]":
    return sa.Column(name, Json, nullable=False)


studies = sa.Table(
    "studies",
    metadata,
    _id(),
    _text("name", unique=True),
    _json("spec"),
    _float("created_at"),
    sa.Column("profile", sa.Text),
    sa.Column("is_example", sa.Boolean, nullable=False),
    sa.Column("facts", Json),
    sqlite_autoincrement=True,  # a deleted study's id must never name another one
)

evaluations = sa.Table(
    "evaluations",
    metadata,
    _id(),
    sa.Column("study_id", sa.ForeignKey("studies.id", ondelete="CASCADE"), nullable=False),
    _text("architecture_id"),
    _json("architecture"),
    _float("error_rate"),
    _float("error_se"),
    _integer("n"),
    sa.Column("macro_f1", sa.Float),
    _integer("seed"),
    _integer("steps"),
    _float("seconds"),
    sa.Column("diverged", sa.Boolean, nullable=False),
    _integer("attempts"),
    sa.Column("wrong_items", sa.LargeBinary, nullable=False),
    sa.Column("origin", Json),
    _float("created_at"),
    sa.UniqueConstraint("study_id", "architecture_id", "seed"),
)

# Architectures that are trained at the same time: in the order of their picks, with what is done.
begun = sa.Table(
    "begun",
    metadata,
    _id(),
    sa.Column("study_id", sa.ForeignKey("studies.id", ondelete="CASCADE"), nullable=False),
    _text("architecture_id"),
    _json("results"),
    sa.UniqueConstraint("study_id", "architecture_id"),
)

audits = sa.Table(
    "audits",
    metadata,
    _id(),
    sa.Column("study_id", sa.ForeignKey("studies.id", ondelete="CASCADE"), nullable=False),
    _integer("number"),
    _json("plan"),
    sa.Column("job_id", sa.Integer),  # no foreign key: an audit outlives its job's row
    sa.Column("is_closed", sa.Boolean, nullable=False),
    _float("created_at"),
    sa.UniqueConstraint("study_id", "number"),
)

# What was evaluated and audited; rows are only added, see `bort.storage.record`.
record = sa.Table(
    "record",
    metadata,
    _id(),
    sa.Column(
        "study_id", sa.ForeignKey("studies.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    _integer("position"),
    _text("entry"),
    _json("facts"),
    _text("digest"),
    sa.UniqueConstraint("study_id", "position"),
)

# The recorded studies and jobs that were offered already: a deleted one must not come back.
offered_examples = sa.Table(
    "offered_examples", metadata, sa.Column("file_name", sa.Text, primary_key=True)
)

profiles = sa.Table(
    "latency_profiles",
    metadata,
    _id(),
    _text("name", unique=True),
    _json("profile"),
    _float("created_at"),
    sa.Column("fingerprint_digest", sa.Text),
    sa.Column("runtime", sa.Text),
    sa.Column("batch_size", sa.Integer),
    sa.Column("sequence_length", sa.Integer),
    sa.Column("threads", sa.Integer),
    sa.Column("space_digest", sa.Text),
    sa.Column("texts", sa.Text),
)

jobs = sa.Table(
    "jobs",
    metadata,
    _id(),
    _text("kind"),
    _json("spec"),
    sa.Column("study", sa.Text, index=True),
    _text("state", index=True),
    _integer("attempt"),
    _float("created_at"),
    sa.Column("started_at", sa.Float),
    sa.Column("finished_at", sa.Float),
    sa.Column("heartbeat_at", sa.Float),
    _float("seconds"),
    _float("seconds_before"),  # of the attempts before the current one
    _json("progress"),
    sa.Column("ending", Json),
    sa.Column("result", Json),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("host", sa.Text),
    sa.Column("pid", sa.Integer),
    sa.Column("process_started", sa.Float),
    sa.Column("boot_id", sa.Text),
    sa.Column("is_detached", sa.Boolean, nullable=False),
    _text("folder_name"),
    sa.Column("is_example", sa.Boolean),
    sqlite_autoincrement=True,
)

job_events = sa.Table(
    "job_events",
    metadata,
    _id(),
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    _float("at"),
    _text("level"),
    _text("code", server_default="note"),
    _json("facts"),
)

metrics = sa.Table(
    "metrics",
    metadata,
    _id(),
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    _text("name"),
    _integer("step"),
    sa.Column("value", sa.Float),  # NULL if a value was not finite
    sa.Index("metrics_of_job", "job_id", "name", "step"),
)

agora_rounds = sa.Table(
    "agora_rounds",
    metadata,
    _id(),
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    _integer("number"),
    _json("round"),
    _json("summary"),
    _float("created_at"),
    sa.UniqueConstraint("job_id", "number"),
)

models = sa.Table(
    "models",
    metadata,
    _id(),
    _text("name", unique=True),
    sa.Column("job_id", sa.Integer),  # no foreign key: a model outlives its job's row
    _text("study", index=True),
    _text("task"),
    _text("architecture_id"),
    _json("architecture"),
    _json("realised"),
    _json("evidence"),
    _float("created_at"),
    sa.Column("is_imported", sa.Boolean, nullable=False),
    _text("folder_name"),
    sa.Column("is_example", sa.Boolean),
    sqlite_autoincrement=True,
)
