"""File uploads: asking for a file and storing it."""

import hashlib
from collections.abc import Sequence
from pathlib import PurePath
from typing import Protocol

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from bort.core import paths
from bort.core.errors import InvalidDataError, InvalidSpaceError
from bort.core.files import write_atomically
from bort.ui.kit import markup

DATA_ENDINGS = ("csv", "tsv", "jsonl", "parquet")


class Upload(Protocol):
    """A file that came from the browser."""

    name: str

    def getvalue(self) -> bytes:
        """Its content."""
        ...


def ask(label: str, *, endings: Sequence[str], key: str) -> UploadedFile | None:
    """Ask for a file. It stays chosen if the user visits another page and comes back."""
    kept_key = f"kept:{key}"

    def changed() -> None:
        if st.session_state[key] is None:
            st.session_state.pop(kept_key, None)

    given = st.file_uploader(label, type=list(endings), key=key, on_change=changed)
    if given is not None:
        st.session_state[kept_key] = given
        return given
    kept: UploadedFile | None = st.session_state.get(kept_key)
    if kept is not None:
        markup.note(f"{kept.name} is still chosen; upload another file to replace it.")
    return kept


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
    """Store a data file in the home folder and return its path. Equal content is stored once.

    Raises:
        InvalidDataError: the file does not end like a data file.
        StoreError: the home folder cannot be written.
    """
    ending = PurePath(upload.name).suffix.lower().lstrip(".")
    if ending not in DATA_ENDINGS:
        raise InvalidDataError(
            f"a data file ends with {', '.join(DATA_ENDINGS)}, got {ending or 'none'!r}"
        )
    content = upload.getvalue()
    # Of the user's file name, only the checked ending becomes part of a path.
    path = paths.home() / "uploads" / f"{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
    if not path.exists():
        write_atomically(path, content)
    return path
