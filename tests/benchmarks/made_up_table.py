"""A small table with a known front, as `bort bench record` writes tables."""

import itertools

import numpy as np
import pandas as pd

from benchmarks.search.recorded_tables import load_table


def write_table(path, *, seed=0):
    rows = list(itertools.product((1, 2, 4), (96, 192, 384), (192, 768)))
    frame = pd.DataFrame(rows, columns=["depth", "hidden", "intermediate"])
    work = frame["depth"] * frame["hidden"] * (frame["hidden"] + frame["intermediate"])
    rng = np.random.default_rng(seed)
    frame["parameter_count"] = 30_000 * frame["hidden"] + work
    frame["effective_parameter_count"] = work
    frame["latency_ms"] = 0.3 + 0.1 * frame["depth"] + work / 1e6
    frame["error_seed0"] = 0.3 * (work / 1e4) ** -0.06 * np.exp(0.02 * rng.normal(size=len(frame)))
    frame["error_mean"] = frame["error_seed0"]
    frame["n"] = 1000
    frame.to_csv(path, index=False)
    return path


def made_up_table(folder, *, seed=0):
    return load_table(str(write_table(folder / "made-up.csv", seed=seed)))
