"""Look into another program's SQLite file. Nothing is created or changed."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bort.core.errors import StoreError


def sqlite_tables(file: Path) -> frozenset[str]:
    """List the tables of a SQLite file.

    Raises:
        StoreError: there is no such file, or it is not SQLite.
    """
    if not file.is_file():
        raise StoreError(f"there is no file {file}; check the address")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            rows = opened.execute("select name from sqlite_master where type = 'table'").fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{file} cannot be read as SQLite ({error}); check the address") from error
    return frozenset(name for (name,) in rows)
