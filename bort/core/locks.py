"""Locks on this machine for measuring, training and building something once.

To take a turn is to lock one of several files, the places, with an advisory `flock`. The kernel
unlocks a file when its process dies, however it dies. A locked file contains a note (who, what,
since when); an unlocked one is empty.

A latency measured during a training is worthless. So a measurement takes a lock that every process
of its user sees, and trainings pause while it is held: they check with a single `stat` between two
steps. Each user has locks of their own, because whoever can open a lock's file can hold it for
ever; what other users do on the machine, the noise check of a measurement notices.

POSIX only (Linux, macOS).
"""

import contextlib
import contextvars
import fcntl
import functools
import getpass
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bort.core import paths
from bort.core.errors import BusyError, StoreError
from bort.core.files import make_folder
from bort.core.machine import usable_cores
from bort.core.progress import OnStep, Progress, Stage, ignore

LOCK_NAME = "bort-measuring.lock"
POLL_SECONDS = 0.1
NOTE_BYTES = 1000

TELL_SECONDS = 1.0

ShouldStop = Callable[[], bool]
OnWait = Callable[["Holder | None", float], object]
"""Called with one holder of what is waited for, if known, and the seconds waited."""

_purpose: contextvars.ContextVar[str | None] = contextvars.ContextVar("purpose", default=None)


@contextlib.contextmanager
def working_for(purpose: str) -> Iterator[None]:
    """Name the work that this thread takes turns for; others who wait read it."""
    token = _purpose.set(purpose)
    try:
        yield
    finally:
        _purpose.reset(token)


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a place; `since` is its start time in seconds since the epoch."""

    pid: int
    user: str
    description: str
    since: float

    def __str__(self) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(self.since))
        return f"process {self.pid} of {self.user} ({self.description}), since {clock}"


def lock_path() -> Path:
    """The path of this user's measuring lock."""
    return _lock_folder(os.getuid()) / LOCK_NAME


@functools.cache
def _lock_folder(user: int) -> Path:
    """A folder that only this user can open, the same in all of the user's processes.

    In `/tmp`, because home folders may be shared between machines, and `$TMPDIR` and
    `$XDG_RUNTIME_DIR` differ between a login and a cron job. Where somebody else was faster, and
    where `/tmp` cannot be written, it is in the home folder.
    """
    folder = Path("/tmp") / f"bort-{user}"
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        details = folder.lstat()
        is_private = stat.S_ISDIR(details.st_mode) and not details.st_mode & 0o077
        if is_private and details.st_uid == user:
            return folder
    other = paths.home() / "locks"
    make_folder(other)
    return other


@contextlib.contextmanager
def turn(
    places: Sequence[Path],
    description: str,
    *,
    should_stop: ShouldStop,
    on_wait: OnWait = lambda who, seconds: None,  # noqa: ARG005
) -> Iterator[bool]:
    """Hold one of several places for the length of a `with` block; wait until one is free.

    Args:
        places: the files to lock; their folder exists.
        description: what the turn is for, unless `working_for` says; others read it with `holder`.
        should_stop: called every tenth of a second while waiting; True gives up.
        on_wait: called every second while waiting, and at once.
    Yields:
        Whether a place is held; False if `should_stop` gave up.
    Raises:
        OSError: a place is not a regular file (but a link or a folder), or cannot be opened.
    """
    with contextlib.ExitStack() as held:
        begin, told = time.monotonic(), -TELL_SECONDS
        while not (found := any(_take(held, place, description) for place in places)):
            if should_stop():
                break
            waited = time.monotonic() - begin
            if waited - told >= TELL_SECONDS:
                on_wait(next(filter(None, (holder(path=place) for place in places)), None), waited)
                told = waited
            time.sleep(POLL_SECONDS)
        yield found


@contextlib.contextmanager
def measuring(
    description: str,
    *,
    wait: bool = False,
    should_stop: ShouldStop | None = None,
    on_step: OnStep = ignore,
    path: Path | None = None,
) -> Iterator[None]:
    """Hold the machine's only measuring lock for the length of a `with` block.

    Args:
        description: a description of the measurement, for others who are waiting.
        wait: wait for another measurement to end, instead of raising at once.
        should_stop: called while waiting; True gives up.
        on_step: receives a step every second while waiting: for whom, and since when.
        path: another lock file (tests).
    Raises:
        BusyError: another measurement is running, and `wait` is off or `should_stop` returned True.
            The message says who is measuring and since when.
        OSError: see `turn`.
    """
    target = path or lock_path()

    def gives_up() -> bool:
        return not wait or (should_stop is not None and should_stop())

    waits = _teller(on_step, Stage.WAITING_FOR_MEASUREMENT)
    with turn([target], description, should_stop=gives_up, on_wait=waits) as is_held:
        if not is_held:
            raise BusyError(_busy_message(holder(path=target) or _unknown()))
        yield


def check_not_measuring() -> None:
    """Check that no latency is being measured, before anything is stored for another measurement.

    Raises:
        BusyError: one is; the message says by whom and since when.
    """
    if (who := holder()) is not None:
        raise BusyError(_busy_message(who))


def training_places(threads: int | None) -> int:
    """Count the trainings with so many threads that this machine's cores have room for.

    Args:
        threads: None means all cores.
    """
    return max(1, usable_cores() // (threads or usable_cores()))


@contextlib.contextmanager
def training_turn(
    threads: int | None,
    should_stop: ShouldStop,
    *,
    on_step: OnStep = ignore,
    folder: Path | None = None,
) -> Iterator[None]:
    """Hold one of the machine's training places, one per usable core over all processes.

    Threads of two trainings that share their cores wait for each other at every operation.
    Measured on two cores: two at once take 3.8 times as long as one alone, one after the other
    only twice.

    Args:
        threads: threads of the training; None means all cores, so only one training runs at a time.
        should_stop: called while waiting; True goes on without a place, because the job ends soon.
        on_step: receives a step every second while waiting: for whom, and since when.
        folder: the folder of the lock files; by default the measuring lock's.
    """
    count = training_places(threads)
    home = folder or lock_path().parent
    places = [home / f"bort-training-{number}.lock" for number in range(count)]
    waits = _teller(on_step, Stage.WAITING_FOR_TRAINING)
    with turn(places, "bort: training", should_stop=should_stop, on_wait=waits):
        yield


def _teller(on_step: OnStep, stage: Stage) -> OnWait:
    def tell(who: Holder | None, seconds: float) -> None:
        subject = None if who is None else str(who)
        on_step(Progress(stage=stage, subject=subject, numbers={"waited_s": seconds}))

    return tell


@contextlib.contextmanager
def building(path: Path) -> Iterator[None]:
    """Build something in the cache once; a second process with the same `path` waits.

    Raises:
        StoreError: the file cannot be locked.
    """
    with contextlib.ExitStack() as held:
        try:
            make_folder(path.parent)
            held.enter_context(turn([path], "bort: building", should_stop=lambda: False))
        except OSError as error:
            raise StoreError(
                f"{path} cannot be locked ({error.strerror or error}); check BORT_HOME"
            ) from error
        yield


def wait_while_measuring(
    should_stop: ShouldStop | None = None, *, path: Path | None = None
) -> float:
    """Wait until no measurement is running; trainings call this between steps.

    Costs one `stat` (about a microsecond) when no measurement is running. A note left by a crashed
    process has no effect.

    Args:
        should_stop: called while waiting; True returns early.
        path: another lock file (tests).
    Returns:
        Seconds waited, 0.0 if no measurement was running, so that budgets can leave them out.
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
    """Return who is measuring now; None if nobody is or the file cannot be read.

    Args:
        path: another place (tests).
    """
    target = path or lock_path()
    try:
        if os.stat(target, follow_symlinks=False).st_size == 0:
            return None
        descriptor = _open(target, create=False)
    except OSError:
        return None
    try:
        # A shared lock: it never blocks another reader.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read_note(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _take(held: contextlib.ExitStack, place: Path, description: str) -> bool:
    """Try to take a place; `held` releases it and empties its note."""
    descriptor = _open(place, create=True)
    if not _try_lock(descriptor):
        os.close(descriptor)
        return False
    held.callback(os.close, descriptor)
    held.callback(os.ftruncate, descriptor, 0)  # before it is closed: callbacks run backwards
    purpose = _purpose.get() or description
    note = Holder(os.getpid(), _user(), purpose[:200], time.time())
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(note)).encode(), 0)
    return True


def _open(path: Path, *, create: bool) -> int:
    """Open without following links."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(path, flags | (os.O_CREAT if create else 0), 0o600)
    details = os.fstat(descriptor)
    if not stat.S_ISREG(details.st_mode) or details.st_nlink != 1:
        os.close(descriptor)
        raise StoreError(f"{path} is a link or not a regular file; remove it and try again")
    return descriptor


def _try_lock(descriptor: int) -> bool:
    """Take the lock in a few attempts, because `holder` also takes it for an instant."""
    for _ in range(5):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.002)
        else:
            return True
    return False


def _read_note(descriptor: int) -> Holder:
    """Read the note without trusting it, because anybody may have written it."""
    try:
        note = json.loads(os.pread(descriptor, NOTE_BYTES, 0))
        return Holder(
            int(note["pid"]),
            _printable(note["user"]),
            _printable(note["description"]),
            float(note["since"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return _unknown()


def _unknown() -> Holder:
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
