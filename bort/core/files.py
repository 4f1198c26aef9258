"""Write files atomically: readers see the whole new file or the old one."""

import errno
import functools
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from bort.core import paths
from bort.core.errors import DiskFullError, InvalidOptionError, StoreError
from bort.core.scratch import scratch

# Kinds of data files that bort reads.
DATA_ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")

REMEDY = "free some space, or choose another place with BORT_HOME"
ELSEWHERE = "free some space, or choose another place"  # for a file that somebody named
DEEPEST = 200  # levels of a folder that is made


def make_folder(folder: Path) -> None:
    """Make a folder and those above it. A new home folder is only for its owner.

    Raises:
        OSError: it cannot be made.
    """
    home = paths.home()
    if folder.is_relative_to(home):
        _make(home, mode=0o700)
        _keep_private(home)
    _make(folder)


def _make(folder: Path, *, mode: int = 0o777) -> None:
    # Much of Python calls itself for each level, and could not even remove a deeper folder.
    if len(folder.parts) > DEEPEST:
        raise OSError(errno.ENAMETOOLONG, f"more than {DEEPEST} levels deep")
    folder.mkdir(mode, parents=True, exist_ok=True)


@functools.cache
def _keep_private(home: Path) -> None:
    """Close a home folder of an older version, which others could read.

    Only one that holds our store and nobody has set up for sharing: a folder that belongs to
    somebody else, has a sticky or group bit, or is the user's own home folder stays as it is.
    """
    with suppress(OSError):
        details = home.stat()
        is_shared = details.st_mode & (stat.S_ISGID | stat.S_ISVTX | stat.S_ISUID)
        is_ours = details.st_uid == os.getuid() and (home / "bort.db").is_file()
        if is_ours and not is_shared and details.st_mode & 0o077 and home != Path.home():
            home.chmod(0o700)


@contextmanager
def whole_file(path: Path, *, remedy: str | None = None) -> Iterator[Path]:
    """Yield a file to write, which replaces `path` if the block ends without an error.

    Args:
        remedy: what to do if it cannot be written, for the message.
    Raises:
        DiskFullError, StoreError: it cannot be written; what was there before is unchanged.
    """
    try:
        make_folder(path.parent)
        # Two processes, and two threads of one, may write the same file at once.
        with scratch(path.parent, path.name, is_folder=False) as part:
            yield part
            os.replace(part, path)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        kind = DiskFullError if error.errno == errno.ENOSPC else StoreError
        reason = error.strerror or error
        usual = REMEDY if path.is_relative_to(paths.home()) else ELSEWHERE
        raise kind(f"{path} cannot be written ({reason}); {remedy or usual}") from error


def check_output(path: Path, *, force: bool = False, read: Iterable[str | Path] = ()) -> None:
    """Check, before any work, that somebody's new file can be written.

    Args:
        force: it may replace a plain file; never a link, a folder or a device.
        read: what the command reads, by name; no file of those is ever replaced.
    Raises:
        InvalidOptionError: something is there that it may not replace.
        StoreError: its folder is missing or cannot be written, or its name is impossible.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        _check_folder(path)
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(f"{path} cannot be written ({reason}); choose another name") from None
    if not stat.S_ISREG(mode):
        raise InvalidOptionError(
            f"{path} exists and is not a plain file, so it is never replaced; choose another name"
        )
    if any(os.path.exists(other) and path.samefile(other) for other in read):
        raise InvalidOptionError(
            f"{path} would replace a file that this command reads; choose another name"
        )
    if not force:
        raise InvalidOptionError(
            f"the file {path} exists; choose another name, or add --force to replace it"
        )
    _check_folder(path)


def check_place(folder: Path) -> None:
    """Check, before any work, that files of ours can be written to a folder that need not exist.

    Raises:
        StoreError: it cannot be made or written.
    """
    there = next((one for one in (folder, *folder.parents) if os.path.exists(one)), None)
    if there is None or not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise StoreError(f"nothing can be written to {folder}; choose another place with BORT_HOME")


def _check_folder(path: Path) -> None:
    folder = path.absolute().parent
    if not path.name or not folder.is_dir():
        raise StoreError(f"there is no folder {folder}; create it first, or choose another")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"the folder {folder} cannot be written; choose another")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that fits into memory. Raises as `whole_file` does."""
    with whole_file(path) as part:
        part.write_bytes(content)


def write_json_atomically(path: Path, content: Any, *, remedy: str | None = None) -> None:
    """Write a small JSON file; NaN and infinity are errors. Raises as `whole_file` does."""
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    with whole_file(path, remedy=remedy) as part:
        part.write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Compute the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write named arrays as npz; text arrays are allowed, objects are not."""
    import numpy as np

    with whole_file(path) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_arrays(path: Path) -> dict[str, Any] | None:
    """Read what `save_arrays` wrote; None if the file is missing or unreadable."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    except (OSError, ValueError, EOFError, KeyError, BadZipFile):
        return None


def read_json(path: Path) -> dict[str, Any] | None:
    """Read what `write_json_atomically` wrote; None if the file is missing or unreadable."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
