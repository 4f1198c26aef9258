"""Run files: one folder per job, with a log that is only ever appended to."""

import contextlib
import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from bort.core import paths, shared_files
from bort.core.errors import StoreError
from bort.core.files import make_folder
from bort.storage.records import JobRecord

LAST_WORDS_BYTES = 4096
LOOK_S = 5.0  # between two looks at a file that another machine writes
FAILED_S = 30.0  # after a look that failed, which may take seconds

_next_look: dict[Path, float] = {}


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

    It also tells later that this attempt ran here; see `file_of`.

    Raises:
        StoreError: there is no room.
    """
    try:
        make_folder(job.folder)
        _last_words(job).write_bytes(f"{job.attempt}\n".encode().ljust(LAST_WORDS_BYTES, b"\0"))
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
    attempt, text = _reserved(job)
    return text if attempt == job.attempt and text else None


def _reserved(job: JobRecord) -> tuple[int | None, str]:
    """Read the last attempt that ran in this home, and its last words."""
    try:
        content = _last_words(job).read_bytes()
    except OSError:
        return None, ""
    attempt, _, text = content.rstrip(b"\0").decode("utf-8", "replace").partition("\n")
    return int(attempt) if attempt.isdecimal() else None, text


def fetch_folder(job: JobRecord) -> None:
    """Get the files of a job whose last attempt ran on another machine, before it goes on here.

    Raises:
        StoreError: they cannot be read.
    """
    if job.attempt > 1 and _reserved(job)[0] != job.attempt - 1:
        shared_files.fetch(job.folder)


def push_folder(job: JobRecord) -> None:
    """Copy what is new in a job's folder to where machines share files, if they do.

    Raises:
        StoreError: it cannot be written there.
    """
    shared_files.push(job.folder)


def file_of(job: JobRecord, name: str, *, at_once: bool = False) -> Path:
    """Return the path of a job's file: here, or a copy if the job ran on another machine.

    Args:
        name: its path inside the job's folder.
        at_once: look for a newer copy even if the last look was just now.
    """
    path = job.folder / name
    if job.is_example or not shared_files.is_set() or _reserved(job)[0] == job.attempt:
        return path
    copy = paths.cache() / "fetched" / job.folder_name
    now = time.monotonic()
    if at_once or now >= _next_look.get(copy / name, now):
        _next_look[copy / name] = now + FAILED_S
        with contextlib.suppress(StoreError):
            if not shared_files.fetch(job.folder, only=[name], to=copy):
                return path  # it never ran where files are shared
            _next_look[copy / name] = now + LOOK_S
    return copy / name if (copy / name).exists() else path


def _last_words(job: JobRecord) -> Path:
    return job.folder / "last-words"


def read_log(job: JobRecord, *, offset: int = 0, at_once: bool = False) -> tuple[str, int]:
    """Read a job's log from a byte offset, and return the offset to continue from.

    The text is empty if the job has no log yet, or if its log is on another machine that
    shares no files.

    Args:
        at_once: see `file_of`.
    Raises:
        StoreError: the log cannot be read.
    """
    path = file_of(job, job.log.name, at_once=at_once)
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return "", offset
    except OSError as error:
        raise _unusable(path, error) from error
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
