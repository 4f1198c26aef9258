"""The URLs of stores: reading them, and showing them without their passwords."""

import re
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from bort.core.errors import StoreError
from bort.core.paths import expanded

_EXAMPLES = "use sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE"


def shown(url: str) -> str:
    """Return `url` without its passwords.

    Examples:
        >>> shown("postgresql://ann:p@ss:w0rd@host/bort?sslpassword=secret")
        'postgresql://ann:***@host/bort?sslpassword=***'
        >>> shown("ann:p@ss@host/bort")
        'ann:***@host/bort'
    """
    hidden = re.sub(r"((?:://|^)[^:/@\s]*):(?!//)\S*@", r"\1:***@", url)
    return re.sub(r"(\w*passw(?:or)?d=)[^&\s]+", r"\1***", hidden, flags=re.IGNORECASE)


def check_no_password(url: str) -> None:
    """Refuse a URL with a password where everybody on this machine can read it.

    Raises:
        StoreError: it has one; the message names the ways that keep it out of sight.
    """
    if shown(url) != url:
        raise StoreError(
            f"{shown(url)} was given with a password, which every user sees in the list of "
            "processes; leave it out and put it into the file that PGPASSFILE names (~/.pgpass), "
            "or set the whole URL as BORT_STORE instead of --store"
        )


def parse_url(url: str) -> sa.URL:
    """Read a store's URL.

    Raises:
        StoreError: not a URL, or an unsupported database.
    """
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
        parsed.get_dialect()
    except ImportError:
        return parsed  # the driver is missing, which is reported when it is needed
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise StoreError(f"{shown(url)!r} is not the URL of a store; {_EXAMPLES}") from None
    if backend not in ("sqlite", "postgresql"):
        raise StoreError(f"{backend} is not supported as a store; {_EXAMPLES}")
    if backend == "sqlite" and parsed.get_driver_name() != "pysqlite":
        raise StoreError(f"{shown(url)!r} names a database driver; use sqlite:///FILE")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError(
            "a store in memory would be lost when its process ends; use sqlite:///FILE"
        )
    if backend == "sqlite" and parsed.query:
        raise StoreError(f"{url!r} has options after its '?'; use sqlite:///FILE alone")
    return parsed


def sqlite_path(url: sa.URL) -> Path | None:
    """Return the file of a SQLite database; None for a server."""
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return expanded(url.database).absolute()
