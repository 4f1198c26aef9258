"""Test whether one training of many candidates, then more of the promising, finds the front sooner.

Each candidate of the recorded table has three seeds. The usual search trains all three at once.
Here
it trains one first, and the other two only if the candidate may be on the front: no other one is
smaller, faster, and better by more than a margin. We count the trainings until the candidates with
all seeds dominate 99 % of the front's hypervolume.

Run: python -m benchmarks.search.fidelity      (about a minute)
"""

import numpy as np
import pandas as pd

from benchmarks.search.recorded_tables import RECORDED, load_table
from benchmarks.search.table import BenchmarkTable
from bort.search.arrays import FloatArray
from bort.search.guide.design import staircase
from bort.search.guide.errors import ErrorModel
from bort.search.guide.picks import most_improving_front
from bort.search.observation import Observation
from bort.search.pareto import hypervolume

TABLE = "movie-reviews-minilm-96"
SHARE = 0.99


def seed_errors(table: BenchmarkTable) -> FloatArray:
    """Read the errors by seed in the order of the table, shape (N, 3)."""
    frame = pd.read_csv(RECORDED / f"{TABLE}.csv").set_index(list(table.problem.names))
    errors = frame.filter(regex="^error_seed").astype(float)
    rows = pd.MultiIndex.from_tuples([tuple(table.choice(r).values()) for r in range(len(table))])
    return errors.reindex(rows).to_numpy()


def trainings_needed(table: BenchmarkTable, seeds: FloatArray, margin: float) -> tuple[int, int]:
    """Count the trainings until the front is found, and the candidates trained.

    Args:
        margin: in ln e; an infinite one trains all seeds of every candidate.
    """
    error: dict[int, float] = {}
    complete: set[int] = set()
    stairs = staircase(table.problem)
    trainings = 0
    while True:
        candidate = stairs.pop(0) if stairs else _next(table, error)
        error[candidate] = seeds[candidate, 0]
        trainings += 1
        while promoted := _promising(table, error, complete, margin):
            complete.add(promoted[0])
            error[promoted[0]] = float(table.costs[promoted[0], 2])
            trainings += seeds.shape[1] - 1
        found = hypervolume(table.costs[sorted(complete)], ref=table.reference) if complete else 0.0
        if found >= SHARE * table.front_hypervolume or len(error) == len(table):
            return trainings, len(error)


def _next(table: BenchmarkTable, error: dict[int, float]) -> int:
    observations = {row: Observation(e, e, e) for row, e in error.items()}
    rest = np.setdiff1d(np.arange(len(table)), list(error))
    return most_improving_front(ErrorModel(table.problem), table.problem, observations, rest)


def _promising(
    table: BenchmarkTable, error: dict[int, float], complete: set[int], margin: float
) -> list[int]:
    """Find candidates with one seed that no seen candidate beats by more than the margin."""
    rows = np.array(list(error))
    costs = table.costs[rows].copy()
    costs[:, 2] = list(error.values())
    return [
        int(row)
        for place, row in enumerate(rows)
        if row not in complete
        and not any(
            (costs[k, :2] <= costs[place, :2]).all()
            and costs[k, 2] <= costs[place, 2] * np.exp(-margin)
            for k in range(len(rows))
            if k != place
        )
    ]


if __name__ == "__main__":
    loaded = load_table(TABLE)
    by_seed = seed_errors(loaded)
    spread = np.sqrt(np.log(by_seed).var(axis=1, ddof=1).mean())
    print(f"{len(loaded)} candidates; standard deviation of ln e over seeds {spread:.3f}")
    for each in (np.inf, 0.1, 0.05, 0.025, 0.0, -0.025, -0.05):
        count, tried = trainings_needed(loaded, by_seed, each)
        print(f"margin {each:6.3f}: {count:3d} trainings, {tried:2d} candidates tried", flush=True)
