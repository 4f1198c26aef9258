"""The tables as they were before migrations; an older store gets the missing ones."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = None


def upgrade() -> None:
    """Create each table that is not there yet."""
    _create("bort_schema", sa.Column("version", sa.Integer, nullable=False))
    _create(
        "studies",
        _id(),
        _text("name", unique=True),
        _text("spec"),
        _float("created_at"),
        sa.Column("profile", sa.Text),
        _boolean("is_example"),
        sqlite_autoincrement=True,
    )
    _create(
        "evaluations",
        _id(),
        _parent("study_id", "studies"),
        _text("architecture_id"),
        _text("architecture"),
        _float("error_rate"),
        _float("error_se"),
        _integer("n"),
        sa.Column("macro_f1", sa.Float),
        _integer("seed"),
        _integer("steps"),
        _float("seconds"),
        _boolean("diverged"),
        _integer("attempts"),
        sa.Column("wrong_items", sa.LargeBinary, nullable=False),
        _float("created_at"),
        sa.UniqueConstraint("study_id", "architecture_id", "seed"),
    )
    _create(
        "audits",
        _id(),
        _parent("study_id", "studies"),
        _integer("number"),
        _text("plan"),
        sa.Column("job_id", sa.Integer),
        _boolean("is_closed"),
        _float("created_at"),
        sa.UniqueConstraint("study_id", "number"),
    )
    _create("offered_examples", sa.Column("file_name", sa.Text, primary_key=True))
    _create(
        "latency_profiles",
        _id(),
        _text("name", unique=True),
        _text("profile"),
        _float("created_at"),
        sa.Column("fingerprint_digest", sa.Text),
        sa.Column("runtime", sa.Text),
        sa.Column("batch_size", sa.Integer),
        sa.Column("sequence_length", sa.Integer),
        sa.Column("threads", sa.Integer),
        sa.Column("space_digest", sa.Text),
    )
    _create(
        "jobs",
        _id(),
        _text("kind"),
        _text("spec"),
        sa.Column("study", sa.Text, index=True),
        _text("state", index=True),
        _integer("attempt"),
        _float("created_at"),
        sa.Column("started_at", sa.Float),
        sa.Column("finished_at", sa.Float),
        sa.Column("heartbeat_at", sa.Float),
        _float("seconds"),
        _float("seconds_before"),
        _text("progress"),
        sa.Column("reason", sa.Text),
        sa.Column("result", sa.Text),
        _boolean("cancel_requested"),
        sa.Column("host", sa.Text),
        sa.Column("pid", sa.Integer),
        sa.Column("process_started", sa.Float),
        sa.Column("boot_id", sa.Text),
        _boolean("is_detached"),
        _text("folder_name"),
        sqlite_autoincrement=True,
    )
    _create(
        "job_events",
        _id(),
        _parent("job_id", "jobs", index=True),
        _float("at"),
        _text("level"),
        _text("message"),
    )
    _create(
        "metrics",
        _id(),
        _parent("job_id", "jobs"),
        _text("name"),
        _integer("step"),
        sa.Column("value", sa.Float),
        sa.Index("metrics_of_job", "job_id", "name", "step"),
    )
    _create(
        "agora_rounds",
        _id(),
        _parent("job_id", "jobs"),
        _integer("number"),
        _text("round"),
        _text("summary"),
        _float("created_at"),
        sa.UniqueConstraint("job_id", "number"),
    )
    _create(
        "models",
        _id(),
        _text("name", unique=True),
        sa.Column("job_id", sa.Integer),
        _text("study", index=True),
        _text("task"),
        _text("architecture_id"),
        _text("architecture"),
        _text("realised"),
        _text("evidence"),
        _float("created_at"),
        _boolean("is_imported"),
        _text("folder_name"),
        sqlite_autoincrement=True,
    )


def _create(name: str, *parts: Any, **options: Any) -> None:
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *parts, **options)


def _id() -> "sa.Column[int]":
    return sa.Column("id", sa.Integer, primary_key=True)


def _text(name: str, **options: Any) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, **options)


def _float(name: str) -> "sa.Column[float]":
    return sa.Column(name, sa.Float, nullable=False)


def _integer(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, nullable=False)


def _boolean(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean, nullable=False)


def _parent(name: str, table: str, **options: Any) -> "sa.Column[int]":
    key = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, sa.Integer, key, nullable=False, **options)
