"""An evaluation keeps its origin: digests of texts and networks, and the arithmetic."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; the origin of trainings from before is unknown."""
    op.add_column("evaluations", sa.Column("origin", sa.Text))
