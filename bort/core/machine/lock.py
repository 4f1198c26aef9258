"""One measurement at a time on this machine; trainings pause while it lasts.

A latency measured beside a training is worthless, so a measurement takes a lock that every
process of every user sees: an advisory `flock` on one file in the system's temporary folder. The
kernel frees it when its holder dies, however it dies. The file also carries a note (who, what,
since when), and is empty when nobody measures: a training asks with a single `stat`.

POSIX only (Linux, macOS).
"""

import contextlib
import fcntl
import getpass
import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bort.core.errors import BusyError

LOCK_NAME = "bort-measuring.lock"
POLL_SECONDS = 0.2
NOTE_BYTES = 1000


@dataclass(frozen=True, slots=True)
class Holder:
    """Who measures: process id, user, what for, and since when (seconds since the epoch)."""

    pid: int
    user: str
    description: str
    since: float

    def __str__(self) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(self.since))
        return f"process {self.pid} of {self.user} ({self.description}), since {clock}"


def lock_path() -> Path:
    """The lock file: `/tmp`, where it can be used, because `$TMPDIR` differs between users."""
    common = Path("/tmp")
    folder = common if os.access(common, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    return folder / LOCK_NAME


@contextlib.contextmanager
def measuring(
    description: str,
    *,
    wait: bool = False,
    should_stop: Callable[[], bool] | None = None,
    path: Path | None = None,
) -> Iterator[None]:
    """Hold the machine-wide measuring lock for the length of a `with` block.

    Args:
        description: what is measured, shown to others who want to measure.
        wait: wait for another measurement to end, instead of raising at once.
        should_stop: asked five times a second while waiting; True gives up.
        path: another lock file (tests).
    Raises:
        BusyError: another process (or another block in this one) measures, and `wait` is off or
            `should_stop` said so; the message tells who and since when.
        OSError: the lock file is not a plain file of its own (a link, a folder), or cannot be
            opened.
    """
    target = path or lock_path()
    descriptor = _open(target, create=True)
    try:
        while not _try_lock(descriptor):
            if not wait or (should_stop is not None and should_stop()):
                raise BusyError(_busy_message(_read_note(descriptor)))
            time.sleep(POLL_SECONDS)
        _write_note(descriptor, description)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def wait_while_measuring(
    should_stop: Callable[[], bool] | None = None, *, path: Path | None = None
) -> float:
    """Return when nobody measures; trainings call this between steps.

    Costs one `stat` (about a microsecond) when nobody measures. A note left behind by a crashed
    measurer does not stop anybody.

    Args:
        should_stop: asked five times a second while waiting; True returns early.
        path: another lock file (tests).
    Returns:
        Seconds waited, 0.0 when nobody measured, so that budgets can leave them out.
    """
    target = path or lock_path()
    if holder(path=target) is None:
        return 0.0
    begin = time.monotonic()
    while holder(path=target) is not None:
        if should_stop is not None and should_stop():
            break
        time.sleep(POLL_SECONDS)
    return time.monotonic() - begin


def holder(*, path: Path | None = None) -> Holder | None:
    """Who measures right now; None when nobody does, or the lock cannot be read."""
    target = path or lock_path()
    try:
        if os.stat(target, follow_symlinks=False).st_size == 0:
            return None
        descriptor = _open(target, create=False)
    except OSError:
        return None
    try:
        # A shared attempt: it never stands in the way of another reader.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read_note(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _open(path: Path, *, create: bool) -> int:
    """Open without following links.

    The file is created apart from being opened: where `fs.protected_regular` is set, O_CREAT on
    another user's file in a sticky folder fails, even for a file that everybody may write.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        if not create:
            raise
        descriptor = _create(path, flags)
    details = os.fstat(descriptor)
    if not stat.S_ISREG(details.st_mode) or details.st_nlink != 1:
        os.close(descriptor)
        raise OSError(f"{path} is not a plain file of its own; remove it and measure again")
    return descriptor


def _create(path: Path, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:  # another process was faster
        return os.open(path, flags)
    os.fchmod(descriptor, 0o666)  # the umask took the other users' right to lock it
    return descriptor


def _try_lock(descriptor: int) -> bool:
    """Take the lock; a few attempts, because `holder` takes it for an instant too."""
    for _ in range(5):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.002)
        else:
            return True
    return False


def _write_note(descriptor: int, description: str) -> None:
    note = Holder(os.getpid(), _user(), description[:200], time.time())
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(note)).encode(), 0)


def _read_note(descriptor: int) -> Holder:
    """The note as far as it can be read; anybody may have written it, so nothing is trusted."""
    try:
        note = json.loads(os.pread(descriptor, NOTE_BYTES, 0))
        return Holder(
            int(note["pid"]),
            _printable(note["user"]),
            _printable(note["description"]),
            float(note["since"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return Holder(0, "unknown", "no note left", time.time())


def _printable(text: object) -> str:
    return "".join(c for c in str(text) if c.isprintable())[:200]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _busy_message(who: Holder) -> str:
    return (
        f"latency is being measured by {who}; wait for it to end (bort latency measure --wait "
        "does), or stop that process"
    )
