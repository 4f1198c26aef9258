"""Open a database by its URL, and begin transactions that wait for each other.

SQLite: write-ahead log, foreign keys, and every write begins with BEGIN IMMEDIATE: a second
writer waits at the beginning instead of failing in the middle.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    OperationalError,
)

from bort.core.errors import (
    ConnectionLostError,
    DiskFullError,
    OldStoreError,
    StoreError,
    first_line,
)
from bort.core.stops import not_stopped
from bort.storage import migrations, schema
from bort.storage.places import cannot_create, check_file, is_writable, prepare_file
from bort.storage.urls import parse_url, shown, sqlite_path

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
        error: the driver's error.
        url: the store's URL; its password is not repeated.
        timeout_s: how long a write waits for others.
    """
    store = shown(url).removeprefix("sqlite:///")
    code = _code(error)
    if code in _MEANINGS:
        kind = DiskFullError if code == sqlite3.SQLITE_FULL else StoreError
        return kind(_MEANINGS[code].format(store=store, timeout_s=timeout_s))
    return StoreError(
        f"the store {store} cannot be used: {shown(first_line(error))}; "
        "check --store and BORT_STORE, and that the database runs"
    )


def is_locked(error: BaseException) -> bool:
    """Check whether the error says that another process has locked the database."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: BaseException | None) -> int | None:
    """Return SQLite's primary result code, without the higher bits."""
    code = getattr(error, "sqlite_errorcode", None)  # errors of Python's own module have none
    return None if code is None else code & 0xFF


BUSY_TIMEOUT_S = 30.0  # how long a write waits for another process's write

PATIENCE_S = 300.0  # how long a job waits for a server that is restarted
_RETRY_S = 1.0

_UNNUMBERED = "older than 4"  # from before the revisions
_SCHEMA_LOCK = 0x626F7274  # an arbitrary number, the same in every process; PostgreSQL only


class Database:
    """Connections and transactions. Safe to share between threads.

    Args:
        url: `sqlite:///FILE` (created with its folder unless `read_only`) or a PostgreSQL URL.
        read_only: never write; a read-only file in a read-only folder can be opened.
        busy_timeout_s: how long to wait for another writer before giving up.

    Raises:
        StoreError: one line with what is wrong and what to do.
    """

    def __init__(
        self, url: str, *, read_only: bool = False, busy_timeout_s: float = BUSY_TIMEOUT_S
    ) -> None:
        self._parsed = parse_url(url)
        self.is_read_only = read_only
        self._timeout_s = busy_timeout_s
        self._patience_s = 0.0
        self._path = sqlite_path(self._parsed)
        self._mode = "mode=rwc"
        self._engine = self._sqlite_engine() if self._path else self._server_engine()
        try:
            self._open_existing() if read_only else self._open_or_create()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The URL with which another process opens the same database; may contain a password."""
        if self._path:
            return f"sqlite:///{self._path}"
        return self._parsed.render_as_string(hide_password=False)

    def __str__(self) -> str:
        """The URL without the password, for display."""
        return shown(self.url).removeprefix("sqlite:///")

    def close(self) -> None:
        """Close idle connections; the next use opens new ones."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Begin reading one consistent view of the database."""
        with self._explained(), self._connected() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Begin one transaction: all of it is stored, or nothing.

        Raises:
            StoreError: read-only, full, locked for too long, unreachable.
            sqlalchemy.exc.IntegrityError: the caller knows what was violated.
        """
        if self.is_read_only:
            raise StoreError(
                f"the store {self} is open for reading only, so nothing can be written"
            )
        with self._explained(), self._connected() as connection, not_stopped():
            connection = connection.execution_options(bort_writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def patient(self) -> Iterator[None]:
        """Wait up to `PATIENCE_S` for a server that cannot be reached, instead of failing.

        For jobs, whose work must outlive a restart of the server; people are told at once.
        """
        self._patience_s = PATIENCE_S
        try:
            yield
        finally:
            self._patience_s = 0.0

    def _connected(self) -> sa.Connection:
        end = time.monotonic() + self._patience_s
        while True:
            try:
                return self._engine.connect()
            except OperationalError:
                if self._path or time.monotonic() >= end:
                    raise
                time.sleep(_RETRY_S)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            if error.connection_invalidated:
                found = explain(error.orig, self.url, self._timeout_s)
                raise ConnectionLostError(str(found)) from error
            raise explain(error.orig, self.url, self._timeout_s) from error

    # -- opening ---------------------------------------------------------------------------

    def _server_engine(self) -> sa.Engine:
        try:
            return sa.create_engine(self._parsed, pool_pre_ping=True)
        except ImportError as error:
            raise StoreError(
                f"the database driver {error.name!r} is not installed; "
                "install it (pip install 'psycopg[binary]') and name it in the URL "
                "(postgresql+psycopg://...)"
            ) from None

    def _sqlite_engine(self) -> sa.Engine:
        # No pool: opening takes a fraction of a millisecond, and a closed connection cannot
        # leak into a forked process or outlive a deleted file.
        engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=sa.pool.NullPool)
        sa.event.listen(engine, "begin", _begin)
        return engine

    def _connect(self) -> sqlite3.Connection:
        if not self.is_read_only:
            return self._connect_as(self._mode)
        try:
            return self._connect_as("mode=ro")
        except sqlite3.Error as error:
            is_damaged = not isinstance(error, sqlite3.OperationalError)
            if is_damaged or self._path is None or is_writable(self._path.parent):
                raise
            # A write-ahead log needs a second file next to the database. If it does not exist and
            # cannot be created, nobody is writing, and SQLite can read the database as it is.
            return self._connect_as("immutable=1")

    def _connect_as(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?{mode}",
            uri=True,
            timeout=self._timeout_s,
            isolation_level=None,  # transactions are begun by `_begin`
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")  # safe with a write-ahead log
            if mode == "mode=ro":
                connection.execute("SELECT 1 FROM sqlite_master")  # needs the log's files
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _open_existing(self) -> None:
        if self._path and not os.path.exists(self._path):  # also False for an impossible name
            raise StoreError(f"there is no store at {self._path}; check --store and BORT_STORE")
        if self._path and not self._path.is_file():
            raise StoreError(f"{self._path} is not a plain file; check --store and BORT_STORE")
        with self.reading() as connection:
            revision = _revision(connection)
        if revision is None:
            raise StoreError(f"{self} is not a bort store; check --store and BORT_STORE")
        self._check(revision)
        if revision != schema.REVISIONS[-1]:
            raise OldStoreError(
                f"the store {self} was written by an older bort and must be opened for writing "
                "once before it can be read; make it writable, or copy it to a writable place"
            )

    def _open_or_create(self) -> None:
        is_new = self._path is not None and not os.path.exists(self._path)
        if self._path:
            prepare_file(self._path)
        with self.reading() as connection:
            revision = _revision(connection)
        if revision is None:
            try:
                self._create()
            except DiskFullError:
                if is_new:
                    self._remove_files()
                raise
        self._mode = "mode=rw"  # from now on a vanished file is an error, not an empty store
        if revision is not None:
            self._check(revision)
            if revision != schema.REVISIONS[-1]:
                self._upgrade()

    def _remove_files(self) -> None:
        """Remove the files that a full disk left of a store that was never created."""
        if self._path is not None:
            for ending in ("", "-wal", "-shm", "-journal"):
                Path(f"{self._path}{ending}").unlink(missing_ok=True)

    def _check(self, revision: str) -> None:
        if revision not in (_UNNUMBERED, *schema.REVISIONS):
            raise StoreError(
                f"the store {self} was written by a newer bort (schema {revision}; this one "
                f"reads {schema.REVISIONS[-1]}); upgrade bort or choose another --store"
            )

    def _upgrade(self) -> None:
        """Bring an older store up to date, all of it or nothing."""
        with self.writing() as connection:
            self._lock_schema(connection)
            # Of two processes that try at once, the second finds nothing left to do.
            if _revision(connection) != schema.REVISIONS[-1]:
                migrations.upgrade(connection)

    def _lock_schema(self, connection: sa.Connection) -> None:
        if not self._path:  # SQLite has one writer at a time anyway
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))

    def _create(self) -> None:
        if self._path:
            with self.reading() as connection:  # before anything is changed
                self._check_is_free(connection)
            self._switch_to_write_ahead_log()
        with self.writing() as connection:
            self._lock_schema(connection)
            if _revision(connection) is not None:  # another process was faster
                return
            self._check_is_free(connection)
            schema.metadata.create_all(connection)
            connection.execute(schema.revision.insert().values(version_num=schema.REVISIONS[-1]))
            connection.execute(schema.old_schema.insert().values(version=schema.OLD_SCHEMA_VERSION))

    def _check_is_free(self, connection: sa.Connection) -> None:
        tables = sa.inspect(connection).get_table_names()
        is_ours = schema.old_schema.name in tables  # another process was faster
        if tables and not is_ours and (self._path or schema.revision.name in tables):
            raise StoreError(
                f"{self} is another program's database (it has the table "
                f"{tables[0]!r}); choose another one with --store"
            )

    def _switch_to_write_ahead_log(self) -> None:
        # SQLite does not wait here when two processes create the same store at once.
        give_up = time.monotonic() + self._timeout_s
        while True:
            try:
                connection = self._connect()
                try:
                    connection.execute("PRAGMA journal_mode = WAL")
                finally:
                    connection.close()
                return
            except sqlite3.Error as error:
                if not is_locked(error) or time.monotonic() > give_up:
                    raise explain(error, self.url, self._timeout_s) from error
                time.sleep(0.02)


def check_place(url: str) -> None:
    """Check, without creating anything, that a store can be opened or made there.

    Raises:
        StoreError: the URL is not supported, the place cannot be written, or the file is no store.
    """
    path = sqlite_path(parse_url(url))
    if path is None:  # a server is checked when we connect
        return
    if os.path.exists(path):  # also False if the folder cannot be read
        check_file(path)
        Database(url).close()
        return
    parent = next(folder for folder in path.parents if os.path.exists(folder))
    if not (parent.is_dir() and is_writable(parent)):
        raise cannot_create(path.parent, f"{parent} is not a writable folder")


def clock(connection: sa.Connection) -> float:
    """The seconds since 1970 by a store's one clock: a server's, because its machines differ."""
    if connection.dialect.name == "sqlite":
        return time.time()
    found = connection.execute(sa.select(sa.extract("epoch", sa.func.clock_timestamp())))
    return float(found.scalar_one())


def _revision(connection: sa.Connection) -> str | None:
    """Return the revision of a store's tables; None if it has no tables of ours."""
    tables = sa.inspect(connection)
    if not tables.has_table(schema.old_schema.name):  # other programs number their revisions, too
        return None
    if tables.has_table(schema.revision.name):
        return connection.scalar(sa.select(schema.revision.c.version_num))
    version = connection.scalar(sa.select(sa.func.max(schema.old_schema.c.version)))
    return _UNNUMBERED if version < schema.OLD_SCHEMA_VERSION else str(version)


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("bort_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
