"""Write files atomically: readers see the whole new file or the old one."""

import errno
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from bort.core.errors import DiskFullError, StoreError

# Kinds of data files that bort reads.
DATA_ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")

REMEDY = "free some space, or choose another place with BORT_HOME"


@contextmanager
def whole_file(path: Path, *, remedy: str = REMEDY) -> Iterator[Path]:
    """Yield a file to write, which replaces `path` if the block ends without an error.

    Args:
        remedy: what to do if it cannot be written, for the message.
    Raises:
        DiskFullError, StoreError: it cannot be written; what was there before is unchanged.
    """
    # Two processes, and two threads of one, may write the same file at once.
    part = path.with_name(f".{path.name}.part-{os.getpid()}-{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        os.replace(part, path)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        kind = DiskFullError if error.errno == errno.ENOSPC else StoreError
        reason = error.strerror or error
        raise kind(f"{path} cannot be written ({reason}); {remedy}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that fits into memory. Raises as `whole_file` does."""
    with whole_file(path) as part:
        part.write_bytes(content)


def write_json_atomically(path: Path, content: Any, *, remedy: str = REMEDY) -> None:
    """Write a small JSON file; NaN and infinity are errors. Raises as `whole_file` does."""
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    with whole_file(path, remedy=remedy) as part:
        part.write_text(text, encoding="utf-8")


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
