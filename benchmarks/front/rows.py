"""The log of `bort bench front`, and the page made from it."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.row_log import RowLog
from bort.core.files import write_atomically


class What(StrEnum):
    """What a row is about."""

    PAINT = "paint"
    PAINT_ALL = "paint all"
    REPAINT = "repaint"
    TABS = "ten tabs"
    IDLE = "idle tab"
    SESSIONS = "sessions"
    MAP_PAINT = "map paint"
    MAP_STEP = "map step"
    MAP_HOVER = "map hover"
    MAP_LASSO = "map lasso"
    FIT = "map fit"
    INSERT = "map insert"


# A row has a value and another one beside it, which was measured in the same run: seconds until
# painted, of ours and of stock, or with ten tabs and with one; a share of a core, with ten tabs
# and with none; memory in MiB and processor seconds for one page. The rows of maps have seconds and
# 0, those of insertions the largest distance that an old point has moved.
COLUMNS = {
    "what": str,
    "page": str,
    "points": int,
    "charts": int,
    "number": int,
    "value": float,
    "beside": float,
    "cpu": str,
}
AIMS = {What.PAINT: 1.3, What.PAINT_ALL: 1.3, What.REPAINT: 1 / 3, What.TABS: 2.0}
BESIDE = {
    What.PAINT: "stock",
    What.PAINT_ALL: "stock",
    What.REPAINT: "stock",
    What.TABS: "one tab, while a search trains",
}
MAP_AIMS_S = {
    What.MAP_PAINT: 10.0,
    What.MAP_STEP: 0.3,
    What.MAP_HOVER: 0.05,
    What.MAP_LASSO: 2.0,
    What.FIT: 20.0,
    What.INSERT: 10.0,
}
IDLE_AIM = 0.02  # of a core
TABS = 10
DRAWS = 10_000


class Ratio(NamedTuple):
    """The ratio of two medians of visits in turns, with its 95% bootstrap interval."""

    value: float
    beside: float
    ratio: float
    low: float
    high: float


def open_log(path: Path) -> RowLog:
    """Open the log, or begin it.

    Raises:
        InvalidDataError: the file is another table.
    """
    return RowLog(path, COLUMNS, {})


class Record:
    """The rows of one machine: what is missing, and what is added."""

    def __init__(self, log: RowLog, cpu: str) -> None:
        self._log, self._cpu = log, cpu

    def missing(self, what: What, page: str, points: int, count: int) -> list[int]:
        """The numbers below `count` that were not measured yet."""
        rows = self._log.rows()
        same = rows["cpu"].eq(self._cpu) & rows["what"].eq(str(what))
        there = set(rows[same & rows["page"].eq(page) & rows["points"].eq(points)]["number"])
        return [number for number in range(count) if number not in there]

    def add(
        self,
        what: What,
        page: str,
        points: int,
        charts: int,
        number: int,
        value: float,
        beside: float,
        /,
    ) -> None:
        """Keep one measurement, and what was measured beside it."""
        about = {"what": str(what), "page": page, "points": points, "charts": charts}
        found = {"number": number, "value": round(value, 4), "beside": round(beside, 4)}
        self._log.append({**about, **found, "cpu": self._cpu})


def ratio_of(values: np.ndarray, beside: np.ndarray) -> Ratio:
    """Compare the medians of measurements that were made in turns, each of shape (n,)."""
    draws = np.random.default_rng(0).integers(len(values), size=(DRAWS, len(values)))
    ratios = np.median(values[draws], axis=1) / np.median(beside[draws], axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    a, b = float(np.median(values)), float(np.median(beside))
    return Ratio(a, b, a / b, float(low), float(high))


def write_page(log: RowLog) -> Path:
    """Write the page next to the log, and return its path."""
    rows = log.rows()
    headings = ("what", "page", "points", "charts", "n", "s", "beside, s", "ratio", "aim", "beside")
    lines = [headings, ("---",) * len(headings), *_ratios(rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    page = log.path.with_suffix(".md")
    cpus = ", ".join(sorted(set(rows["cpu"]))) or "nothing yet"
    text = (
        "# How fast the dashboard paints\n\n"
        "In Chromium at 1280 x 800 with software rendering. *Paint* is the time from the request, "
        "with an empty cache, to the first chart; *paint all* to the last one; *repaint* from a "
        "key on the slider of ε to the last chart that changed. *Stock* is a plain Streamlit page "
        "with as many `st.plotly_chart` (`benchmarks/front/stock.py`), visited in turns. *Ten "
        "tabs* is the repaint in one of ten tabs that show the same front, while a search trains, "
        "beside one tab alone. Medians, their ratio, and its 95% bootstrap interval. `bort bench "
        f"front` adds the rows ([{log.path.name}]({log.path.name})) that it does not have yet. "
        f"Measured on {cpus}.\n\n{table}\n{''.join(_sentences(rows))}{_maps(rows)}"
    )
    write_atomically(page, text.encode())
    return page


def _ratios(rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    keys = ["what", "page", "points", "charts"]
    compared = rows[rows["what"].isin(list(AIMS))]
    for (what, page, points, charts), some in compared.groupby(keys, sort=False):
        found = ratio_of(some["value"].to_numpy(), some["beside"].to_numpy())
        yield (
            str(what),
            str(page),
            f"{points:,}",
            f"{charts}",
            f"{len(some)}",
            f"{found.value:.2f}",
            f"{found.beside:.2f}",
            f"{found.ratio:.2f} ({found.low:.2f} to {found.high:.2f})",
            f"{AIMS[What(str(what))]:.2f}",
            BESIDE[What(str(what))],
        )


def _sentences(rows: pd.DataFrame) -> Iterator[str]:
    """Say what an idle tab and many sessions cost, if that was measured."""
    idle = rows[rows["what"] == What.IDLE]
    if len(idle):
        shares = (idle["value"] - idle["beside"]).to_numpy() / TABS
        yield (
            f"\nAn idle tab takes {np.median(shares):.1%} of a core on the server "
            f"(median of {len(idle)} spans, {shares.min():.1%} to {shares.max():.1%}; the aim is "
            f"{IDLE_AIM:.0%}): {TABS} tabs that show the front, beside none.\n"
        )
    many = rows[rows["what"] == What.SESSIONS].sort_values("number")
    if len(many):
        memory = many["value"].to_numpy()
        later = memory[len(memory) // 4 :]  # once all caches are filled
        yield (
            f"\n{int(many['points'].iloc[0])} sessions that changed ε {len(many)} times each saw "
            f"no error. One page took {1000 * np.median(many['beside']):.0f} ms of processor time. "
            f"The server's memory was {memory[0]:.0f} MiB after the first round, {later[0]:.0f} "
            f"MiB after a quarter of them, and {memory[-1]:.0f} MiB after the last.\n"
        )


def _maps(rows: pd.DataFrame) -> str:
    """Write the table of maps, if they were measured."""
    found = rows[rows["what"].isin(list(MAP_AIMS_S))]
    if found.empty:
        return ""
    lines = ["| what | page | points | n | s, median | s, longest | aim |", "|" + "---|" * 7]
    for (what, page, points), some in found.groupby(["what", "page", "points"], sort=False):
        seconds, aim = some["value"], MAP_AIMS_S[What(str(what))]
        lines.append(
            f"| {what} | {page} | {points:,} | {len(some)} | {seconds.median():.3f} "
            f"| {seconds.max():.3f} | {aim:g} |"
        )
    moved = rows.loc[rows["what"] == What.INSERT, "beside"].max()
    table = "\n".join(lines)
    return (
        "\n*Map paint* is the time from the request to the first picture, with everything that the "
        "server reads; *step* from a key to the next frame; *hover* the longest of 40 frames under "
        "a moving pointer; *lasso* from its end, around all points, to its answer. *Map alone* is "
        "a file without a server. *Fit* is t-SNE of 1,500 vectors, *insert* puts 1,000 on a map of "
        f"100,000, whose points moved by {moved:g} at most.\n\n{table}\n"
    )
