"""Run files: one folder per job, with a log that is only ever appended to."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from bort.core import paths
from bort.core.errors import StoreError
from bort.core.files import make_folder
from bort.storage.records import JobRecord

LAST_WORDS_BYTES = 4096


def claim_folder(job_id: int) -> str:
    """Make a new folder for a job in `bort.core.paths.runs()` and return its name.

    It is `job-ID`, or `job-ID-2` and so on if another store in this home has used the name.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        make_folder(paths.runs())
        for name in _names(job_id):
            try:
                (paths.runs() / name).mkdir()
            except FileExistsError:
                continue
            return name
    except OSError as error:
        raise _unusable(paths.runs(), error) from error
    raise AssertionError("count() does not end")


def append_log(job: JobRecord, text: str) -> None:
    """Append to a job's log, whole lines at a time, so that writers do not mix.

    Raises:
        StoreError: the log cannot be written.
    """
    try:
        descriptor = open_log(job)
        try:
            os.write(descriptor, text.encode("utf-8", "replace"))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unusable(job.log, error) from error


def open_log(job: JobRecord) -> int:
    """Open a file descriptor that appends to a job's log, for a process to print into.

    Raises:
        StoreError: the log cannot be opened.
    """
    try:
        make_folder(job.folder)
        return os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise _unusable(job.log, error) from error


def reserve_last_words(job: JobRecord) -> None:
    """Take the room on the disk that `write_last_words` needs, before the job begins.

    Raises:
        StoreError: there is no room.
    """
    try:
        make_folder(job.folder)
        _last_words(job).write_bytes(bytes(LAST_WORDS_BYTES))
    except OSError as error:
        raise _unusable(job.folder, error) from error


def write_last_words(job: JobRecord, text: str) -> None:
    """Keep how an attempt has ended where the store cannot be written, for example on a full disk.

    It overwrites the room that was reserved, which needs no free space.

    Raises:
        StoreError: no room was reserved, or it cannot be written.
    """
    content = f"{job.attempt}\n{text}".encode()[:LAST_WORDS_BYTES]
    try:
        with _last_words(job).open("r+b") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unusable(job.folder, error) from error


def read_last_words(job: JobRecord) -> str | None:
    """Read how this attempt has ended, if the store could not be written then."""
    try:
        content = _last_words(job).read_bytes()
    except OSError:
        return None
    attempt, _, text = content.rstrip(b"\0").decode("utf-8", "replace").partition("\n")
    return text if attempt == str(job.attempt) and text else None


def _last_words(job: JobRecord) -> Path:
    return job.folder / "last-words"


def read_log(job: JobRecord, *, offset: int = 0) -> tuple[str, int]:
    """Read a job's log from a byte offset, and return the offset to continue from.

    The text is empty if the job has no log yet, or if its log is on another machine.

    Raises:
        StoreError: the log cannot be read.
    """
    try:
        with job.log.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return "", offset
    except OSError as error:
        raise _unusable(job.log, error) from error
    whole = data[: data.rfind(b"\n") + 1]  # a line that is being written comes next time
    return whole.decode("utf-8", "replace"), offset + len(whole)


def _names(job_id: int) -> Iterator[str]:
    yield f"job-{job_id}"
    for number in count(2):
        yield f"job-{job_id}-{number}"


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be used ({error.strerror or error}); free some space or choose another "
        "home folder with BORT_HOME"
    )
