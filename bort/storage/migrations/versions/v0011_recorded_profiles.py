"""A profile that came with a recorded study is found by its name only, never reused here."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

KEYS = (
    *("fingerprint_digest", "runtime", "space_digest", "texts"),
    *("batch_size", "sequence_length", "threads"),
)


def upgrade() -> None:
    """Remove the keys of the profiles of examples: they were measured on another machine."""
    profiles = sa.table("latency_profiles", sa.column("name"), *(sa.column(key) for key in KEYS))
    studies = sa.table("studies", sa.column("profile"), sa.column("is_example", sa.Boolean))
    examples = sa.select(studies.c.profile).where(
        studies.c.is_example, studies.c.profile.is_not(None)
    )
    op.execute(profiles.update().where(profiles.c.name.in_(examples)).values(dict.fromkeys(KEYS)))
