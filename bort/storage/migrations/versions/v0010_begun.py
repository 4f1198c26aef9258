"""Several architectures are trained at the same time."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the table; in studies from before, nothing has begun."""
    op.create_table(
        "begun",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "study_id",
            sa.Integer,
            sa.ForeignKey("studies.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("architecture_id", sa.Text, nullable=False),
        sa.Column("results", sa.Text, nullable=False),
        sa.UniqueConstraint("study_id", "architecture_id"),
    )
