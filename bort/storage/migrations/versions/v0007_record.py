"""What was evaluated and audited, in a record to which the store only adds."""

import hashlib
import json
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_EVALUATION = "architecture_id, seed, error_rate, n, diverged, wrong_items"


def upgrade() -> None:
    """Make the table, and record what the studies have."""
    record = op.create_table(
        "record",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "study_id",
            sa.Integer,
            sa.ForeignKey("studies.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.UniqueConstraint("study_id", "position"),
    )
    entries = sorted(_entries(op.get_bind()), key=lambda entry: entry[:2])
    for study, group in groupby(entries, key=lambda entry: entry[0]):
        before = ""
        for position, (_, _, entry, facts) in enumerate(group):
            text = json.dumps([before, position, entry, facts], sort_keys=True)
            before = hashlib.sha256(text.encode()).hexdigest()
            op.get_bind().execute(
                record.insert().values(
                    study_id=study,
                    position=position,
                    entry=entry,
                    facts=json.dumps(facts, ensure_ascii=False),
                    digest=before,
                )
            )


def _entries(connection: sa.Connection) -> list[tuple[int, tuple[float, int], str, Any]]:
    found: list[tuple[int, tuple[float, int], str, Any]] = []
    rows = connection.execute(
        sa.text(f"SELECT study_id, created_at, id, {_EVALUATION} FROM evaluations")
    )
    for study, at, number, name, seed, error, n, diverged, items in rows:
        facts = {
            "architecture_id": name,
            "seed": seed,
            "error_rate": error,
            "n": n,
            "diverged": bool(diverged),
            "wrong_items": hashlib.sha256(bytes(items)).hexdigest(),
        }
        found.append((study, (at, number), "evaluation", facts))
    audits = connection.execute(sa.text("SELECT study_id, created_at, id, plan FROM audits"))
    for study, at, number, plan in audits:
        found.append((study, (at, number), "audit", json.loads(plan)))
    return found
