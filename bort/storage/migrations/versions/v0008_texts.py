"""Which texts a latency profile was measured with, from text to label."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column. Until now, no profile of several lengths had a key."""
    op.add_column("latency_profiles", sa.Column("texts", sa.Text))
    op.execute("UPDATE latency_profiles SET texts = '' WHERE fingerprint_digest IS NOT NULL")
