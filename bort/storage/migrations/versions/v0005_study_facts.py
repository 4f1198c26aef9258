"""A study keeps the facts that its errors depend on: teacher, baselines, device."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; studies from before have no such facts."""
    op.add_column("studies", sa.Column("facts", sa.Text))
