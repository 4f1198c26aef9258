"""Measure what spot checks say: trainings against ε on tables, and how often they are wrong.

Run: python -m benchmarks.search.spot_checks searches     (writes docs/bench/spot-checks-runs.csv)
     python -m benchmarks.search.spot_checks tables       (writes docs/bench/spot-checks.csv)
"""

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.search.recorded_tables import load_table
from benchmarks.search.table import BenchmarkTable
from bort.core.question import Question
from bort.search import certified_search
from bort.search.arrays import FloatArray
from bort.search.spot_checks import SpotChecks, spot_check_fact

FOLDER = Path(__file__).parents[2] / "docs" / "bench"
STATED, RUNS = FOLDER / "spot-checks.csv", FOLDER / "spot-checks-runs.csv"
MOVIE_REVIEWS, NAS_BENCH_201 = "movie-reviews-minilm-96", "nas-bench-201"
SEARCHES = ((MOVIE_REVIEWS, 0.5, 96), (NAS_BENCH_201, 0.5, 300), (NAS_BENCH_201, 0.9, 1000))
EVERY = 10  # trainings from one row to the next


class Stated(NamedTuple):
    """What is stated after some trainings, and the truth.

    Attributes:
        spot_checks: share of the trainings that are drawn.
        drawn: draws so far, with those that needed no training.
        share: at most this share is uncovered at `epsilon`, None if nothing is stated.
        true_epsilon: the smallest ε at which at most this share is uncovered.
    """

    table: str
    spot_checks: float
    trainings: int
    drawn: int
    share: float
    epsilon: float | None
    true_epsilon: float


class Run(NamedTuple):
    """How many of the simulated searches had a wrong statement at any look."""

    picker: str
    searches: int
    wrong: int


def statements(table: BenchmarkTable, share: float, trainings: int) -> Iterator[Stated]:
    """Search a table with spot checks, and list the statements after every tenth training."""
    problem, known = table.problem, {}
    question = Question(epsilon=0.02, spot_checks=share)
    logs = np.log(np.maximum(table.costs, 1e-12))
    gaps = np.full(len(problem), np.inf)
    steps = certified_search(problem, table.observe, question=question, budget=trainings)
    for step in steps:
        known[step.index] = step.observation
        own = np.maximum(0.0, (logs[step.index] - logs).max(axis=1))
        gaps = np.minimum(gaps, own)
        gaps[step.index] = 0.0
        if len(known) % EVERY == 0 or step.done:
            fact = spot_check_fact(problem, known, question)
            assert fact is not None
            worst_first = np.sort(gaps)[::-1]
            for one in fact.statements:
                true = float(np.expm1(worst_first[one.at_most]))
                numbers = fact.drawn, one.share, one.epsilon, true
                yield Stated(table.name, share, len(known), *numbers)


Picker = Callable[[FloatArray, np.random.Generator], int]
# The picks of a simulated search, by what is still uncovered and how much.
PICKERS: dict[str, Picker] = {
    "the least covered": lambda gaps, _: int(np.argmax(gaps)),
    "the best covered": lambda gaps, _: int(np.argmin(np.where(gaps > 0, gaps, np.inf))),
    "at random": lambda gaps, rng: int(rng.choice(np.flatnonzero(gaps > 0))),
}


def is_wrong_at_a_look(picker: Picker, key: int) -> bool:
    """Simulate a search to its end; whether a statement was wrong after any of its draws.

    Each evaluation halves the δ that its neighbours on a line need.
    """
    rng = np.random.default_rng(key)
    size, reach = int(rng.integers(20, 120)), float(rng.choice([0.0, 0.02, 0.2]))
    places, gaps = rng.random(size), 0.01 + rng.exponential(0.1, size)
    checks = SpotChecks(share=float(rng.choice([0.2, 0.5, 0.9])), space_size=size, first=2, key=key)
    known: list[int] = []
    seen: list[float] = []
    for _ in range(size):
        index = checks.next(known)
        if index is None:
            index = picker(gaps, rng)
        found = len(seen)
        known.append(index)
        drawn = checks.draws(known)[found:]
        seen += [float(gaps[draw.architecture]) for draw in drawn]
        gaps = np.where(np.abs(places - places[index]) <= reach, gaps / 2, gaps)
        gaps[index] = 0.0
        if drawn and _is_wrong(checks.least_gaps(seen), gaps):
            return True
    return False


def _is_wrong(stated: Sequence[tuple[int, float]], gaps: FloatArray) -> bool:
    return any(int((gaps > gap).sum()) > at_most for at_most, gap in stated)


def simulate(searches: int) -> Iterator[Run]:
    """Simulate that many searches with each picker."""
    for name, picker in PICKERS.items():
        wrong = sum(is_wrong_at_a_look(picker, key) for key in range(searches))
        print(f"{name}: wrong at any look in {wrong} of {searches} searches")
        yield Run(name, searches, wrong)


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main(what: str) -> None:
    """Measure and write one of the two files."""
    if what == "searches":
        _write(RUNS, Run._fields, list(simulate(1000)))
        return
    rows: list[Stated] = []
    for name, share, trainings in SEARCHES:
        rows += statements(load_table(name), share, trainings)
        print(name, share, rows[-1], flush=True)
    _write(STATED, Stated._fields, rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
