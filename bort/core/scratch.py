"""Scratch files and folders that no killed process leaves behind for good.

Each is locked with `flock` as long as its process works on it, and the kernel unlocks it when the
process dies, however it dies. Whoever next makes one of the same name removes the unlocked ones.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

LONGEST = 60  # characters of a name; a file name has at most 255 bytes


@contextlib.contextmanager
def scratch(
    folder: Path,
    name: str,
    *,
    is_folder: bool = True,
    mode: int = 0o777,
    on_left: Callable[[Path], object] = lambda _: None,
) -> Iterator[Path]:
    """Yield a new, hidden folder or empty file; it is removed unless the block moves it.

    Args:
        folder: where to make it; move it only within the same file system.
        name: what it is for. Scratch of this name that no living process holds is removed.
        mode: who may use the folder, before the umask.
        on_left: called with scratch of a killed process before it is removed; see `sweep`.
    Raises:
        OSError: it cannot be made.
    """
    sweep(folder, name, on_left=on_left)
    prefix = f".{name[:LONGEST]}.part-"
    path, descriptor = _make(folder, prefix, mode if is_folder else None)
    try:
        yield path
    finally:
        _remove(path)
        os.close(descriptor)


@contextlib.contextmanager
def temporary(name: str) -> Iterator[Path]:
    """Yield a new scratch folder in the system's folder for temporary files."""
    with scratch(Path(tempfile.gettempdir()), f"bort-{name}", mode=0o700) as path:
        yield path


def _make(folder: Path, prefix: str, mode: int | None) -> tuple[Path, int]:
    """Make and lock a folder of this mode, or a file, and return its descriptor too."""
    while True:
        path = folder / f"{prefix}{secrets.token_hex(4)}"
        if mode is None:
            path.touch(exist_ok=False)
        else:
            path.mkdir(mode)
        try:
            descriptor = _open(path)
        except FileNotFoundError:  # somebody swept it before it was opened
            continue
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.exists():  # or somebody swept it before it was locked
            return path, descriptor
        os.close(descriptor)


def sweep(folder: Path, name: str, *, on_left: Callable[[Path], object] = lambda _: None) -> None:
    """Remove scratch of this name and this user that no living process holds.

    Args:
        on_left: called with each before it is removed, while nobody else can hold it. If it raises
            an `OSError`, the scratch stays for the next one.
    """
    prefix = f".{name[:LONGEST]}.part-"
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in [entry for entry in entries if entry.name.startswith(prefix)]:
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid == os.getuid():
                    _remove_if_free(Path(entry), on_left)


def _remove_if_free(path: Path, on_left: Callable[[Path], object]) -> None:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        on_left(path)
        _remove(path)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
