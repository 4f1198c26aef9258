"""Where a store's file can be: its folder is made, and what cannot be written is told."""

import os
from pathlib import Path

from bort.core.errors import StoreError
from bort.core.files import make_folder


def prepare_file(path: Path) -> None:
    """Make the folder, and report problems that SQLite would report only at the first write."""
    try:
        make_folder(path.parent)
    except OSError as error:
        raise cannot_create(path.parent, str(error.strerror or error)) from error
    check_file(path)


def cannot_create(folder: Path, reason: str) -> StoreError:
    """Make the error of a folder that cannot be created."""
    return StoreError(
        f"the folder {folder} for the store cannot be created ({reason}); "
        "choose another place with --store or BORT_STORE"
    )


def check_file(path: Path) -> None:
    """Check that a store's file, if it exists, and its folder can be written.

    Raises:
        StoreError: they cannot, or the file is no plain file.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file in it, for example {path / 'bort.db'}")
    if path.exists() and not path.is_file():
        raise StoreError(f"{path} is not a plain file; choose another file with --store")
    for place, what in ((path, "file"), (path.parent, "folder")):
        if place.exists() and not is_writable(place):
            raise StoreError(
                f"the store's {what} {place} is read-only; make it writable or choose another "
                "place with --store or BORT_STORE"
            )


def is_writable(path: Path) -> bool:
    """Whether this user may write it."""
    return os.access(path, os.W_OK)
