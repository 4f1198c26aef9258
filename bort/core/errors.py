"""Every error that a user can cause.

Each message is one line: what was wrong, what was found, what to do.
"""


class BortError(Exception):
    """Base class of all errors we raise on purpose; the command line ends with `exit_code`."""

    exit_code = 2

    def __str__(self) -> str:
        # KeyError quotes its argument; a message must read as a sentence.
        return str(self.args[0]) if self.args else type(self).__name__


def first_line(error: BaseException | None) -> str:
    """The first line of another library's error, or the name of its class; for our messages."""
    return next(iter(str(error).splitlines()), type(error).__name__).strip()


class InvalidOptionError(BortError, ValueError):
    """An option's value cannot be used (epsilon, weights, budgets, ...)."""


class InvalidFieldError(InvalidOptionError):
    """An option's value cannot be used; `field` names its field."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field = field_name


class InvalidArchitectureError(BortError, ValueError):
    """The architectural parameters are impossible."""


class InvalidSpaceError(BortError, ValueError):
    """A search space contains no valid architecture or cannot be read."""


class UnknownSpaceError(BortError, KeyError):
    """A space is neither a named one nor a readable TOML file."""


class InvalidDataError(BortError, ValueError):
    """A data file cannot be used as a task."""


class UnknownTaskError(BortError, KeyError):
    """A task is neither a named one nor a data file."""


class DownloadError(BortError, OSError):
    """Something could not be fetched, or did not have the expected hash."""


class InvalidModelError(BortError, ValueError):
    """A source network or teacher cannot be used."""


class UselessTeacherError(InvalidModelError):
    """A teacher answers no better than the most frequent class."""


class InvalidProfileError(BortError, ValueError):
    """A latency profile cannot be read or does not fit."""


class StoreError(BortError, OSError):
    """The store cannot be opened, read or written."""


class ConnectionLostError(StoreError):
    """The database went away in the middle of a transaction, which may or may not be stored."""

    exit_code = 1


class DiskFullError(StoreError):
    """The disk has no space left."""

    exit_code = 1


class OldStoreError(StoreError):
    """A store of an older bort is open for reading only."""


class UnknownStudyError(BortError, KeyError):
    """The store has no study of that name."""


class UnknownModelError(BortError, KeyError):
    """The store has no trained model of that name."""


class ExportError(BortError, OSError):
    """A model cannot be exported, or a bundle cannot be trusted."""


class UnknownJobError(BortError, KeyError):
    """The store has no job with that id."""


class StudyConflictError(BortError, ValueError):
    """A study of that name exists with other options."""


class BusyError(BortError, RuntimeError):
    """Another process is using what is needed (the measuring lock, a running job)."""


class MissingExtraError(BortError, ImportError):
    """An optional package is needed but not installed."""


class WorkerError(BortError, RuntimeError):
    """A worker cannot train, or ended again and again."""

    exit_code = 1


class TrainingDivergedError(BortError, ArithmeticError):
    """A training diverged, and so did its retries."""

    exit_code = 1


class SharingError(BortError, ValueError):
    """The settings of a shared dashboard are missing, unsafe or wrong."""


class ForbiddenError(BortError, PermissionError):
    """Somebody asked for what their login does not allow."""


class CheckFailedError(BortError):
    """A check of a certificate or an audit failed."""

    exit_code = 1
