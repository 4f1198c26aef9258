"""Turn database errors into one line with a remedy."""

import re
import sqlite3

from bort.core.errors import DiskFullError, StoreError

# SQLite's primary result code -> what it means and what to do.
_MEANINGS = {
    sqlite3.SQLITE_FULL: "the disk is full: nothing was written to the store {store}; free some "
    "space, or choose another place with --store",
    sqlite3.SQLITE_READONLY: "the store {store} is read-only; make the file and its folder "
    "writable, or choose another place with --store",
    sqlite3.SQLITE_NOTADB: "{store} is not a database; choose another file with --store",
    sqlite3.SQLITE_CORRUPT: "the store {store} is damaged; restore it from a copy, or choose "
    "another with --store",
    sqlite3.SQLITE_BUSY: "the store {store} was locked by another process for more than "
    "{timeout_s:g} s; see what is using it (bort jobs list), then try again",
    sqlite3.SQLITE_LOCKED: "another part of this process locked the store {store}; try again",
    sqlite3.SQLITE_CANTOPEN: "the store {store} cannot be opened; check that the file exists "
    "and is readable",
    sqlite3.SQLITE_IOERR: "the disk failed while using the store {store}; check the disk and "
    "its free space",
}


def explain(error: BaseException | None, url: str, timeout_s: float) -> StoreError:
    """Turn a driver's error into ours.

    Args:
        error: as the driver raised it.
        url: the store's URL; its password is not repeated.
        timeout_s: how long a write waits for others.
    """
    store = shown(url).removeprefix("sqlite:///")
    code = _code(error)
    if code in _MEANINGS:
        kind = DiskFullError if code == sqlite3.SQLITE_FULL else StoreError
        return kind(_MEANINGS[code].format(store=store, timeout_s=timeout_s))
    first_line = next(iter(str(error).splitlines()), "no reason given").strip()
    return StoreError(
        f"the store {store} cannot be used: {shown(first_line)}; check --store and BORT_STORE, "
        "and that the database is running"
    )


def is_locked(error: BaseException) -> bool:
    """Check whether the error says that another process has locked the database."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: BaseException | None) -> int | None:
    """Return SQLite's primary result code, without the higher bits."""
    code = getattr(error, "sqlite_errorcode", None)  # errors of Python's own module have none
    return None if code is None else code & 0xFF


def shown(url: str) -> str:
    """Return `url` without its password.

    Examples:
        >>> shown("postgresql://ann:secret@host/bort")
        'postgresql://ann:***@host/bort'
    """
    return re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:***@", url)
