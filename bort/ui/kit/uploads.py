"""Keep what a reader uploads, under a name that its content decides."""

import hashlib
import os
from pathlib import PurePath
from typing import Protocol

from bort.core import paths
from bort.core.errors import InvalidDataError, InvalidSpaceError, StoreError

DATA_ENDINGS = ("csv", "tsv", "jsonl", "parquet")


class Upload(Protocol):
    """A file that came from the browser."""

    name: str

    def getvalue(self) -> bytes:
        """Its content."""
        ...


def text_of(upload: Upload) -> str:
    """The content of a text file.

    Raises:
        InvalidSpaceError: it is not UTF-8.
    """
    try:
        return upload.getvalue().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidSpaceError("is not text in UTF-8; upload a TOML file") from None


def keep(upload: Upload) -> PurePath:
    """Store a data file in the home folder, and return its path; the same content once only.

    Raises:
        InvalidDataError: an ending that no data file has.
        StoreError: the home folder cannot be written.
    """
    ending = PurePath(upload.name).suffix.lower().lstrip(".")
    if ending not in DATA_ENDINGS:
        raise InvalidDataError(
            f"a data file ends with {', '.join(DATA_ENDINGS)}, got {ending or 'none'!r}"
        )
    content = upload.getvalue()
    # Nothing of the reader's file name becomes part of a path but its checked ending.
    path = paths.home() / "uploads" / f"{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
    if path.exists():
        return path
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        raise StoreError(f"cannot keep the upload in {path.parent} ({error.strerror})") from error
    return path
