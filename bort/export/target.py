"""Where an export goes: whole, or not at all, and never over something that is there."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bort.core.errors import ExportError


def check_free(path: Path) -> None:
    """Pass if nothing is at `path`.

    Raises:
        ExportError: there is something.
    """
    if path.exists() or path.is_symlink():
        what = "folder" if path.is_dir() else "file"
        raise ExportError(
            f"the {what} {path} exists already, and nothing is written over it; "
            "name another --out, or remove it first"
        )


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill; it appears at `path` only when the block ends without an error.

    Raises:
        ExportError: `path` exists, or cannot be written.
    """
    check_free(path)
    part = path.with_name(f".{path.name}.part-{os.getpid()}")
    try:
        part.mkdir(parents=True)
        yield part
        os.rename(part, path)
    except ExportError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A file to write; it appears at `path` only when the block ends without an error.

    Raises:
        ExportError: `path` exists, or cannot be written.
    """
    check_free(path)
    part = path.with_name(f".{path.name}.part-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        os.rename(part, path)
    except ExportError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError) -> ExportError:
    """The error of a path that cannot be written."""
    return ExportError(
        f"{path} cannot be written ({error.strerror or error}); name another --out or make room"
    )


def listed(path: Path) -> list[dict[str, Any]]:
    """What was exported: name, SHA-256 and size of every file, by name."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return [
        {
            "name": file.name if file == path else file.relative_to(path).as_posix(),
            "sha256": digest_of(file),
            "bytes": file.stat().st_size,
        }
        for file in files
    ]


def digest_of(file: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
