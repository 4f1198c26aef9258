"""Sentence vectors of a run on texts, for its map: files in the job's folder.

One for the dev items, one for the points of each round. They are in half precision: two bytes a
number, and enough for a picture. Nothing that a run computes is read from them.
"""

import io
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bort.storage.records import JobRecord
from bort.storage.runs import write_file

Vectors = NDArray[np.floating]
"""One row for each item."""


def has_vectors(job: JobRecord, number: int | None) -> bool:
    """Whether the vectors of a round's points are stored; None asks for the dev items."""
    return _path(job, number).exists()


def write_vectors(job: JobRecord, number: int | None, vectors: Vectors) -> None:
    """Store the vectors of a round's points, one for every proposal; None stands for the dev items.

    Raises:
        StoreError: they cannot be written.
    """
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, vectors=vectors.astype(np.float16))
    write_file(_path(job, number), content.getvalue())


def read_vectors(job: JobRecord, number: int | None, *, count: int) -> Vectors | None:
    """What `write_vectors` stored, shape (count, d), in single precision.

    None where there is nothing, nothing readable, or another number of vectors.
    """
    try:
        with np.load(_path(job, number), allow_pickle=False) as archive:
            vectors: Vectors = archive["vectors"].astype(np.float32)
    except (OSError, ValueError, EOFError, KeyError, BadZipFile):
        return None
    is_whole = vectors.ndim == 2 and len(vectors) == count and bool(np.isfinite(vectors).all())
    return vectors if is_whole else None


def _path(job: JobRecord, number: int | None) -> Path:
    name = "dev" if number is None else f"round-{number:04}"
    return job.folder / "vectors" / f"{name}.npz"
