"""Brings a store of an older bort up to date, with Alembic.

To change a table: edit `bort.storage.schema`, add a file to `versions/` that makes the same
change, and its revision to `schema.REVISIONS`. A test compares the two ways to the same tables.
"""

import threading
from pathlib import Path
from typing import Any

import sqlalchemy as sa

_ONE_AT_A_TIME = threading.Lock()  # Alembic keeps its context in a global


def upgrade(connection: sa.Connection) -> None:
    """Run the missing migrations within the caller's transaction."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(Path(__file__).parent)

    def missing(revision: Any, context: Any) -> Any:  # noqa: ARG001
        return script._upgrade_revs("head", revision)  # as `alembic upgrade` itself does

    with _ONE_AT_A_TIME, EnvironmentContext(Config(), script, fn=missing) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
