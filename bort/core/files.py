"""Files that a reader sees whole or not at all."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bort.core.errors import StoreError


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` so that a reader sees all of it or nothing."""
    _replace(path, lambda part: part.write_bytes(content))


def save_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write named arrays as npz, atomically; text arrays are allowed, objects are not."""

    def write(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    _replace(path, write)


def load_arrays(path: Path) -> dict[str, Any] | None:
    """Read what `save_arrays` wrote; None where there is nothing, or nothing readable."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    except (OSError, ValueError, EOFError, KeyError):
        return None


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    part = path.with_name(f"{path.name}.part-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"{path} cannot be written ({error.strerror}); free some space and check BORT_HOME"
        ) from error


def write_json_atomically(path: Path, content: Mapping[str, Any]) -> None:
    """Write a small JSON object so that a reader sees all of it or nothing."""
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False).encode("utf-8"))


def read_json(path: Path) -> dict[str, Any] | None:
    """Read what `write_json_atomically` wrote; None where there is nothing, or nothing readable."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
