"""Count how many pairs of a whole table break the λ that a search of it has certified with.

Run: python -m benchmarks.search.broken_pairs [TABLE.csv] [SIZE LATENCY ERROR] [DIMENSION,...]

Without arguments, the recorded movie reviews, seconds. λ is estimated from the rows that the search
evaluates; all the others then show how far it holds.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bort.core.question import Question
from bort.search import Observation, certified_search, solve
from bort.studies.recorded_table import ErrorTable, read_table

TABLE = Path(__file__).parents[2] / "data" / "recorded" / "movie-reviews-minilm-96.csv"
COLUMNS = ("parameter_count", "latency_ms", "error_mean")
DIMENSIONS = "depth,heads,hidden,intermediate"
EPSILON = 0.25
ROUNDING = 1e-9


class Broken(NamedTuple):
    """How far a λ holds.

    Attributes:
        evaluated: rows that the search has evaluated.
        pairs: pairs of rows between which λ says something.
        broken: pairs whose errors differ by more than λ allows.
        worst: the largest excess, in ln of the error.
    """

    evaluated: int
    rows: int
    pairs: int
    broken: int
    worst: float


def broken_pairs(table: ErrorTable, *, epsilon: float = EPSILON) -> Broken:
    """Search a table with an estimated λ, and test λ on all pairs of its rows."""
    question, problem = Question(epsilon=epsilon), table.problem

    def evaluate(index: int) -> Observation:
        return Observation.of(float(table.errors[index]))

    evaluated = [step.index for step in certified_search(problem, evaluate, question=question)]
    known = {index: evaluate(index) for index in evaluated}
    answer = solve(problem, known, question=question)
    assert answer.lipschitz is not None
    logs, pairs, broken, worst = np.log(table.errors), 0, 0, 0.0
    for row in range(len(problem)):
        later = np.arange(row + 1, len(problem))
        distance = problem.distance(np.array([row]), later, answer.lipschitz)[0]
        allowed = distance + answer.nugget
        reached = np.isfinite(allowed)
        excess = (np.abs(logs[later] - logs[row]) - allowed)[reached]
        pairs += int(reached.sum())
        broken += int((excess > ROUNDING).sum())
        worst = max(worst, float(excess.max(initial=0.0)))
    return Broken(len(evaluated), len(problem), pairs, broken, worst)


def main(arguments: list[str]) -> None:
    """Print one line about the table."""
    path = Path(arguments[0]) if arguments else TABLE
    size, latency, error = arguments[1:4] or COLUMNS
    dimensions = (arguments[4] if len(arguments) > 4 else DIMENSIONS).split(",")
    table = read_table(path, size=size, latency=latency, error=error, dimensions=dimensions)
    found = broken_pairs(table)
    print(
        f"{path.name}: {found.evaluated} of {found.rows} rows evaluated; {found.broken} of "
        f"{found.pairs} pairs ({found.broken / found.pairs:.1%}) break the estimated λ, the worst "
        f"by a factor of {np.exp(found.worst):.3f}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
