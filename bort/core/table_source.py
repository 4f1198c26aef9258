"""Which file and which columns a table was read from, so that a certificate can be compared."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bort.core.errors import InvalidDataError
from bort.core.inputs import read_input


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSource:
    """A file, by its digest, and the arguments of `bort.studies.recorded_table.read_table`."""

    sha256: str
    size: str
    latency: str
    error: str
    error_se: str | None
    maximise: tuple[str, ...]
    dimensions: tuple[str, ...] | None
    drop_failed: bool


def digest_of(path: Path) -> str:
    """Compute the SHA-256 of a file.

    Raises:
        InvalidDataError: the file cannot be read.
    """
    try:
        return hashlib.sha256(read_input(path)).hexdigest()
    except OSError as problem:
        raise InvalidDataError(
            f"cannot read the table {path}: {problem.strerror or problem}; check the file"
        ) from None
