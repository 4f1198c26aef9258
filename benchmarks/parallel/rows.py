"""Searches of recorded tables with several workers, in simulated time."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from heapq import heappop, heappush
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.row_log import RowLog
from benchmarks.search.recorded_tables import RECORDED, load_table
from benchmarks.search.table import BenchmarkTable
from bort.core.files import write_atomically
from bort.core.question import Question
from bort.search import Observation, parallel_search

COLUMNS = {
    "table": str,
    "goal": str,
    "workers": int,
    "at_once": int,
    "evaluations": int,
    "minutes": float,
}
KEY = ("table", "goal", "workers", "at_once")
TABLES = {"movie-reviews-minilm-96": 3, "tweets-minilm-24": 2}  # with their recorded seeds
TITLES = {"movie-reviews-minilm-96": "movie reviews (96)", "tweets-minilm-24": "tweets (24)"}
SHARE = 0.99  # of the exhaustive front's hypervolume
FRONT_EPSILON = 0.001  # out of reach, so that the search improves the front
GOALS = {
    "hypervolume": "99% of the front's hypervolume",
    "0.25": "Everything certified within ε = 0.25",
    "0.1": "Everything certified within ε = 0.1",
}


class Ended(NamedTuple):
    """The end of a simulated search.

    Attributes:
        evaluations: how many were used.
        seconds: when the result of the last was used; trainings take as long as recorded.
    """

    evaluations: int
    seconds: float


class SimulatedPool:
    """Workers whose trainings take the recorded seconds, and a clock that only waiting moves."""

    def __init__(self, table: BenchmarkTable, seconds: Sequence[float], workers: int) -> None:
        self.table, self.seconds = table, seconds
        self.now = 0.0
        self._free = [0.0] * workers  # when each worker has nothing to do, the soonest first

    def begin(self, index: int) -> Callable[[], Observation]:
        """Let the first worker that is free train an architecture."""
        ends = max(self.now, heappop(self._free)) + self.seconds[index]
        heappush(self._free, ends)
        return partial(self._wait, index, ends)

    def _wait(self, index: int, ends: float) -> Observation:
        self.now = max(self.now, ends)
        return self.table.observe(index)


def simulate(
    table: BenchmarkTable, seconds: Sequence[float], goal: str, workers: int, at_once: int
) -> Ended:
    """Search a table until the goal is reached."""
    pool, rows = SimulatedPool(table, seconds, workers), list[int]()
    is_front = goal == "hypervolume"
    question = Question(epsilon=FRONT_EPSILON if is_front else float(goal))
    budget = len(table) if is_front else None
    for step in parallel_search(
        table.problem, pool.begin, question=question, at_once=at_once, budget=budget
    ):
        rows.append(step.index)
        if is_front and list(table.shares(rows))[-1] >= SHARE:
            break
    return Ended(len(rows), pool.now)


def measure(log: RowLog, names: Sequence[str], workers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Add the rows that are missing, and yield each."""
    known = log.rows()
    done = set(zip(*(known[name] for name in KEY), strict=True))
    for name in names:
        stem = name.partition(":")[0]
        recorded = pd.read_csv(RECORDED / f"{stem}.csv")["seconds"]
        seconds = (recorded / TABLES[stem]).tolist()  # of one of the trainings
        table = load_table(name)
        for goal, count, share in product(GOALS, workers, (1, 2)):
            key = (name, goal, count, count * share)
            if key in done:
                continue
            ended = simulate(table, seconds, *key[1:])
            minutes = round(ended.seconds / 60, 2)
            row = dict(zip(KEY, key, strict=True))
            row |= {"evaluations": ended.evaluations, "minutes": minutes}
            log.append(row)
            yield row


def recorded_names() -> list[str]:
    """List the tables, one for each recorded seed."""
    return [f"{table}:error_seed{seed}" for table, seeds in TABLES.items() for seed in range(seeds)]


def write_page(log: RowLog) -> Path:
    """Write the table as a page next to it."""
    rows = log.rows()
    lines = [
        "# Several workers at once",
        "",
        "With N trainings at once, a search has begun up to N whose results are not used yet. "
        "Its picks know less than those of a search that waits for each result, so the number of "
        "trainings changes; the certificate means the same. Results are used in the order of the "
        "picks, so with as many trainings as workers a worker often waits for a longer training "
        "than its own; twice as many trainings keep the workers busy.",
        "",
        "Each recorded table is searched once for each of its seeds. The minutes are simulated: a "
        "training takes as long as recorded, with a worker of its own. Trainings and minutes are "
        "medians over the seeds, with the least and the most. Written by `bort bench parallel`; "
        '[guarantee.md](../guarantee.md), "Several at once", explains the rules.',
    ]
    for goal, title in GOALS.items():
        lines += ["", f"## {title}", "", *_table(rows[rows["goal"] == goal])]
    path = log.path.with_suffix(".md")
    write_atomically(path, ("\n".join(lines) + "\n").encode())
    return path


def _table(rows: pd.DataFrame) -> Iterator[str]:
    stems = [stem for stem in TABLES if rows["table"].str.startswith(f"{stem}:").any()]
    heads = [
        f"{TITLES[stem]}: {what}" for stem in stems for what in ("trainings", "min", "speed-up")
    ]
    yield f"| workers | at once | {' | '.join(heads)} |"
    yield f"|{'---|' * (2 + len(heads))}"
    alone = rows[(rows["workers"] == 1) & (rows["at_once"] == 1)]
    for (workers, at_once), these in rows.groupby(["workers", "at_once"]):
        cells = [str(workers), str(at_once)]
        for stem in stems:
            own = these[these["table"].str.startswith(f"{stem}:")]
            cells += [_range(own["evaluations"], "g"), _range(own["minutes"], ".1f")]
            faster = _ratios(alone, own)
            cells.append(f"{median(faster):.1f}" if faster else "")
        yield f"| {' | '.join(cells)} |"


def _range(values: pd.Series, form: str) -> str:
    if not len(values):
        return ""
    low, middle, high = (format(f(values), form) for f in (min, median, max))
    return f"{middle} ({low}-{high})"


def _ratios(alone: pd.DataFrame, these: pd.DataFrame) -> list[float]:
    both = alone.merge(these, on="table", suffixes=("_alone", ""))
    return (both["minutes_alone"] / both["minutes"]).tolist()
