"""The log of `bort bench front`, and the page made from it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.row_log import RowLog
from bort.core.files import write_atomically

COLUMNS = {
    "what": str,  # "paint", "paint all", "repaint"
    "page": str,
    "points": int,
    "charts": int,
    "number": int,
    "ours_s": float,
    "stock_s": float,
    "cpu": str,
}
TARGETS = {"paint": 1.3, "paint all": 1.3, "repaint": 1 / 3}
DRAWS = 10_000


class Ratio(NamedTuple):
    """The ratio of two medians of visits in turns, with its 95 % bootstrap interval."""

    ours_s: float
    stock_s: float
    ratio: float
    low: float
    high: float


def open_log(path: Path) -> RowLog:
    """Open the log, or begin it.

    Raises:
        InvalidDataError: the file is another table.
    """
    return RowLog(path, COLUMNS, {})


def ratio_of(ours: np.ndarray, stock: np.ndarray) -> Ratio:
    """Compare the medians of visits that were made in turns, each of shape (n,)."""
    draws = np.random.default_rng(0).integers(len(ours), size=(DRAWS, len(ours)))
    ratios = np.median(ours[draws], axis=1) / np.median(stock[draws], axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    a, b = float(np.median(ours)), float(np.median(stock))
    return Ratio(a, b, a / b, float(low), float(high))


def write_page(log: RowLog) -> Path:
    """Write the page next to the log, and return its path."""
    headings = ("what", "page", "points", "charts", "n", "ours, s", "stock, s", "ratio", "aim")
    lines = [headings, ("---",) * len(headings), *_lines(log.rows())]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    page = log.path.with_suffix(".md")
    text = (
        "# How fast the dashboard paints\n\n"
        "Beside a plain Streamlit page with as many `st.plotly_chart` (`benchmarks/front/stock.py`)"
        ", in turns, in Chromium at 1280 x 800 with software rendering. *Paint* is the time from "
        "the request, with an empty cache, to the first chart; *paint all* to the last one; "
        "*repaint* from a key on the slider of ε to the last chart that changed. Medians, their "
        "ratio, and its 95 % bootstrap interval. `bort bench front` adds the rows "
        f"([{log.path.name}]({log.path.name})).\n\n{table}\n"
    )
    write_atomically(page, text.encode())
    return page


def _lines(rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    keys = ["what", "page", "points", "charts"]
    for (what, page, points, charts), some in rows.groupby(keys, sort=False):
        found = ratio_of(some["ours_s"].to_numpy(), some["stock_s"].to_numpy())
        yield (
            str(what),
            str(page),
            f"{points:,}",
            f"{charts}",
            f"{len(some)}",
            f"{found.ours_s:.2f}",
            f"{found.stock_s:.2f}",
            f"{found.ratio:.2f} ({found.low:.2f} to {found.high:.2f})",
            f"{TARGETS[str(what)]:.2f}",
        )
