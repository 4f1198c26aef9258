"""File uploads: asking for a file and storing it."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Protocol

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from bort.core import paths, shared_files
from bort.core.errors import InvalidDataError, InvalidSpaceError
from bort.core.files import write_atomically
from bort.core.inputs import read_input
from bort.ui.kit import access, markup

_LONGEST_NAME = 60
_REFERENCE = re.compile(r"[0-9a-f]{16}/[\w-]+\.\w+", re.ASCII)

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
    """Store a data file in the home folder and return its path, which ends with its own name.

    Equal content of the same name is stored once.

    Raises:
        ForbiddenError: whoever asks may not change anything.
        InvalidDataError: the file does not end like a data file.
        StoreError: the home folder cannot be written.
    """
    access.check_may_change()
    named = PurePath(upload.name.replace("\\", "/"))
    ending = named.suffix.lower().lstrip(".")
    if ending not in DATA_ENDINGS:
        raise InvalidDataError(
            f"a data file ends with {', '.join(DATA_ENDINGS)}, got {ending or 'none'!r}"
        )
    content = upload.getvalue()
    # Of the user's file name, only plain characters and the checked ending get into a path.
    name = re.sub(r"[^\w-]+", "-", named.stem, flags=re.ASCII).strip("-")[:_LONGEST_NAME] or "data"
    path = _folder() / hashlib.sha256(content).hexdigest()[:16] / f"{name}.{ending}"
    if not path.exists():
        write_atomically(path, content)
    shared_files.push(path)
    return path


class _File:
    """A file of this machine, as if it had been uploaded."""

    def __init__(self, path: Path, name: str) -> None:
        self.name, self._path = name, path

    def getvalue(self) -> bytes:
        """Its content."""
        try:
            return read_input(self._path)
        except OSError as problem:
            raise InvalidDataError(
                f"cannot read {self._path}: {problem.strerror or problem}; check the path"
            ) from None


def keep_file(path: Path, *, name: str | None = None) -> PurePath:
    """Store a copy of a file of this machine, as `keep` does.

    Raises:
        ForbiddenError: whoever asks may not change anything.
        InvalidDataError: it cannot be read, or does not end like a data file.
        StoreError: the home folder cannot be written.
    """
    access.check_may_change()  # before the file is looked at
    return keep(_File(path, name or path.name))


def reference(path: PurePath) -> str:
    """Name a kept file in an address."""
    return f"{path.parent.name}/{path.name}"


def kept(text: str) -> Path:
    """Find the kept file that `reference` named.

    Raises:
        InvalidDataError: there is none.
    """
    path = _folder() / text
    if not _REFERENCE.fullmatch(text) or not path.is_file():
        raise InvalidDataError(f"there is no uploaded file {text!r} here; upload it again")
    return path


def _folder() -> Path:
    return paths.home() / "uploads"
