"""Finished examples are jobs and models too, which were recorded elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns; nothing from before is an example."""
    op.add_column("jobs", sa.Column("is_example", sa.Boolean))
    op.add_column("models", sa.Column("is_example", sa.Boolean))
