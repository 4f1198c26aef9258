"""Measure what challenges cost, and how many wrong claims with an estimated λ they prevent.

Run: python -m benchmarks.search.challenges [MISLEADING CONES SMOOTH]

It searches the same random spaces as `benchmarks.search.guarantee`, without challenges and with 4,
and writes docs/bench/challenges.csv.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.search.guarantee import MAKERS, true_epsilon
from bort.core.question import Question
from bort.search import Guarantee, certified_search, solve
from bort.search.trials import SpaceKind

RESULTS = Path(__file__).parents[2] / "docs" / "bench" / "challenges.csv"
CHALLENGES = (None, 4)
SEARCHES = (105, 100, 20)  # of each kind, as in the arguments
FIRST = 1000  # the first seed of `guarantee`


class Cost(NamedTuple):
    """What one number of challenges did on one kind of space.

    Attributes:
        challenges: asked for; None is none.
        claims: conditional ones at the end of a search.
        wrong: the true ε was above the certified one.
        evaluations, space: sums over all searches.
    """

    kind: SpaceKind
    challenges: int | None
    searches: int
    claims: int
    wrong: int
    evaluations: int
    space: int


def costs(kind: SpaceKind, runs: int) -> Iterator[Cost]:
    """Search the same spaces with each number of challenges."""
    for challenges in CHALLENGES:
        question = Question(epsilon=0.25, challenges=challenges)
        claims, wrong, evaluations, space = 0, 0, 0, 0
        for seed in range(FIRST, FIRST + runs):
            case = MAKERS[kind](seed)
            steps = certified_search(case.problem, case.evaluate, question=question)
            evaluated = [step.index for step in steps]
            answer = solve(case.problem, case.observations(evaluated), question=question)
            evaluations, space = evaluations + len(evaluated), space + len(case.problem)
            if answer.guarantee is Guarantee.CONDITIONAL and answer.certified_epsilon is not None:
                claims += 1
                wrong += true_epsilon(case, evaluated) > answer.certified_epsilon + 1e-9
        yield Cost(kind, challenges, runs, claims, wrong, evaluations, space)


def main(searches: Sequence[int]) -> None:
    """Measure and write every kind of space."""
    kinds = (SpaceKind.MISLEADING, SpaceKind.CONES, SpaceKind.SMOOTH)
    rows = []
    for kind, count in zip(kinds, searches, strict=True):
        for row in costs(kind, count):
            print(*row, flush=True)
            rows.append(row)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Cost._fields)
        writer.writerows(rows)


if __name__ == "__main__":
    main([int(count) for count in sys.argv[1:]] or SEARCHES)
