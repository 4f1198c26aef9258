"""The store: everything that outlives a process, behind one value that all can share."""

from types import TracebackType

from bort.core import paths
from bort.core.errors import OldStoreError, StoreError
from bort.storage.agora import AgoraRounds
from bort.storage.audits import Audits
from bort.storage.begun import Begun
from bort.storage.database import BUSY_TIMEOUT_S, Database, check_place
from bort.storage.deleting import Deleting
from bort.storage.empty import EmptyDatabase
from bort.storage.evaluations import Evaluations
from bort.storage.job_life import JobLife
from bort.storage.jobs import History, Jobs
from bort.storage.models import Models
from bort.storage.profiles import Profiles
from bort.storage.studies import Studies


class Store(
    Studies,
    Evaluations,
    Begun,
    Profiles,
    Jobs,
    JobLife,
    History,
    AgoraRounds,
    Models,
    Audits,
    Deleting,
):
    """Studies, latency profiles, jobs, Agora rounds, models and audits in one database.

    Safe to share between threads; processes open their own. Values go in and come out as frozen
    dataclasses (`bort.storage.records`). Every method may raise `StoreError`: one line that says
    why the database cannot be used, and what to do.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    @property
    def database(self) -> Database:
        """The database, for transactions that span several parts of the store."""
        return self._db

    @property
    def url(self) -> str:
        """The URL with which another process opens the same store; may contain a password."""
        return self._db.url

    @property
    def is_read_only(self) -> bool:
        """True if it was opened for reading only."""
        return self._db.is_read_only

    def close(self) -> None:
        """Close idle connections. The store stays usable."""
        self._db.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({str(self._db)!r})"


def open_store(
    url: str | None = None,
    *,
    read_only: bool = False,
    busy_timeout_s: float = BUSY_TIMEOUT_S,
) -> Store:
    """Open a store, and create it if there is none.

    Args:
        url: `sqlite:///FILE` or a PostgreSQL URL; None is `bort.core.paths.store_url()`.
        read_only: create and write nothing; also opens read-only files in read-only folders.
        busy_timeout_s: how long a write waits for another process's write.
    Raises:
        StoreError: the URL cannot be read, the folder cannot be created, the file cannot be
            written or is not a database, or the store belongs to a newer bort.
    """
    return Store(
        Database(url or paths.store_url(), read_only=read_only, busy_timeout_s=busy_timeout_s)
    )


def check_store(url: str | None = None) -> None:
    """Check that a store is there or can be made, without creating it."""
    check_place(url or paths.store_url())


def open_to_read(url: str | None = None) -> Store:
    """Open a store only to read it; it may be read-only, and nothing is created.

    A new user's default store is empty, and stays without a file. A store of an older bort is
    brought up to date first.

    Args:
        url: see `open_store`.
    Raises:
        StoreError: there is no store at `url`, or it cannot be read.
        OldStoreError: an older bort wrote it, and it cannot be written here.
    """
    if url is None and paths.is_first_use():
        return Store(EmptyDatabase(paths.store_url()))
    try:
        return open_store(url, read_only=True)
    except OldStoreError as old:
        try:
            open_store(url).close()
        except StoreError:
            raise old from None
        return open_store(url, read_only=True)
