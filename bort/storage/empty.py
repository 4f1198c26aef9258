"""A store that was never written."""

from typing import Any

import sqlalchemy as sa

from bort.storage import schema
from bort.storage.database import Database
from bort.storage.urls import parse_url


class EmptyDatabase(Database):
    """What a reader finds where nothing was ever stored: no file, only memory."""

    def __init__(self, url: str) -> None:
        self._parsed, self._path = parse_url(url), None
        self.is_read_only, self._timeout_s, self._patience_s = True, 0.0, 0.0
        pool: Any = sa.pool.StaticPool  # one connection, which has the memory
        self._engine = sa.create_engine(
            "sqlite://", poolclass=pool, connect_args={"check_same_thread": False}
        )
        schema.metadata.create_all(self._engine)
