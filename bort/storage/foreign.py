"""Look into another program's database. Nothing is created or changed."""

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from bort.core.errors import StoreError, first_line
from bort.storage import schema
from bort.storage.urls import shown

WRITE_AHEAD = b"\x02\x02"  # bytes 18 and 19 of a SQLite file


def tables_of(url: str) -> frozenset[str]:
    """List the tables of a database; none if it is a SQLite file that does not exist.

    Raises:
        StoreError: `url` is not a database's address, or it cannot be opened.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            file = sqlite_file(parsed)
            return sqlite_tables(file) if file.exists() else frozenset()
        engine = sa.create_engine(parsed, poolclass=sa.pool.NullPool)
        return frozenset(sa.inspect(engine).get_table_names())
    except ValueError:  # its message quotes a part of the address, perhaps of its password
        raise StoreError(f"{shown(url)} is not the address of a database; check it") from None
    except (SQLAlchemyError, ImportError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreError(
            f"the database {shown(url)} cannot be opened ({shown(first_line(cause))}); check its "
            "address"
        ) from None


def sqlite_file(url: sa.URL) -> Path:
    """The file that SQLite would open; `file:` addresses and options after a '?' are allowed.

    Raises:
        StoreError: it would be in memory.
    """
    name = (url.database or "").removeprefix("file:").partition("?")[0]
    if name in ("", ":memory:"):
        raise StoreError(f"{url} is in memory and lost afterwards; name a file: sqlite:///FILE")
    return Path(name)


def read_only(url: str) -> str:
    """The address with which SQLAlchemy opens the same database, and does not write if SQLite."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return url
    file = sqlite_file(parsed).absolute()
    return f"sqlite:///file:{quote(str(file))}?{_mode(file)}&uri=true"


def _mode(file: Path) -> str:
    """How SQLite opens a file without leaving anything beside it.

    To read a file with a write-ahead log, SQLite makes one, and who may not write cannot remove
    it. A file without one is not being written.
    """
    log = file.with_name(f"{file.name}-wal")
    with contextlib.suppress(OSError), file.open("rb") as opened:
        if opened.read(20)[18:] == WRITE_AHEAD and not (log.exists() and log.stat().st_size):
            return "immutable=1"
    return "mode=ro"


def is_ours(tables: frozenset[str]) -> bool:
    """Check whether a database with these tables is a store of ours."""
    return schema.old_schema.name in tables


def sqlite_tables(file: Path) -> frozenset[str]:
    """List the tables of a SQLite file.

    Raises:
        StoreError: there is no such file, or it is not SQLite.
    """
    if not file.is_file():
        raise StoreError(f"there is no file {file}; check the address")
    try:
        with closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?{_mode(file)}", uri=True)
        ) as opened:
            rows = opened.execute("select name from sqlite_master where type = 'table'").fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{file} cannot be read as SQLite ({error}); check the address") from error
    return frozenset(name for (name,) in rows)
