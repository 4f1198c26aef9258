"""The columns of the recorded table that W needs."""

import csv
from pathlib import Path
from typing import Any

import bort

TABLE = Path(bort.__file__).parent.parent / "data/recorded/movie-reviews-minilm-96.csv"
_DIMENSIONS = ("depth", "heads", "hidden", "intermediate")


def frames() -> dict[str, Any]:
    """Id, size, latency, error and its standard error of every architecture, in columns."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        "ids": ["-".join(row[name] for name in _DIMENSIONS) for row in rows],
        "size": [int(row["parameter_count"]) for row in rows],
        "latency": [float(row["latency_ms"]) for row in rows],
        "error": [float(row["error_mean"]) for row in rows],
        "error_se": [float(row["error_se"]) for row in rows],
    }
