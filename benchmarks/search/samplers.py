"""The compared samplers: ways to choose which architecture to evaluate next."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from benchmarks.search.table import BenchmarkTable
from bort.core.question import Question
from bort.search.guide.errors import ErrorModel
from bort.search.guide.picks import most_improving_front
from bort.search.loop import certified_search
from bort.search.observation import Observation

# If the budget cannot certify this ε, a search spends it on improving the front.
FRONT_EPSILON = 0.001
COVER_EPSILON = 0.25
PROPOSALS = 4  # most proposals of a sampler per requested evaluation; repeated ones cost nothing


class Evaluated(NamedTuple):
    """One evaluation of a sampler, in the order in which it makes them.

    Attributes:
        row: the architecture, which was not evaluated before.
        certified_epsilon: the ε certified after it; None if nothing is certified.
    """

    row: int
    certified_epsilon: float | None = None


Propose = Callable[[BenchmarkTable, int, int], Iterator[Evaluated]]


class Sampler(NamedTuple):
    """A named way of choosing.

    Attributes:
        name: its name on the command line.
        title: its name in tables and plots.
        propose: yields at most `limit` evaluations for (table, seed, limit).
        seeds: most useful number of runs; 1 if nothing is drawn at random.
        most_evaluations: more would take too long; None means no limit.
        until: a run ends when it dominates this share of the front's hypervolume; 1 for samplers
            that are fast enough to be watched further.
    """

    name: str
    title: str
    propose: Propose
    seeds: int = 20
    most_evaluations: int | None = None
    until: float = 1.0


def certified_front(table: BenchmarkTable, _seed: int, limit: int) -> Iterator[Evaluated]:
    """Run our search with a budget of `limit` and λ estimated. Nothing in it is random."""
    return _certified(table, epsilon=FRONT_EPSILON, budget=limit)


def certified_cover(table: BenchmarkTable, _seed: int, limit: int) -> Iterator[Evaluated]:
    """Run our search until ε = 0.25 is certified or `limit` evaluations are made."""
    return islice(_certified(table, epsilon=COVER_EPSILON, budget=None), limit)


def guide_from_random_starts(table: BenchmarkTable, seed: int, limit: int) -> Iterator[Evaluated]:
    """Follow our guide to the front from random evaluations, one more than dimensions.

    The certified search begins with its own design instead, and draws nothing at random.
    """
    starts = 1 + int(table.problem.matters.sum())
    observations: dict[int, Observation] = {}
    model = ErrorModel(table.problem)
    order = np.random.default_rng(seed).permutation(len(table))
    while len(observations) < limit:
        if len(observations) < starts:
            row = int(order[len(observations)])
        else:
            rest = np.setdiff1d(np.arange(len(table)), list(observations))
            row = most_improving_front(model, table.problem, observations, rest)
        observations[row] = table.observe(row)
        yield Evaluated(row)


def random_search(table: BenchmarkTable, seed: int, limit: int) -> Iterator[Evaluated]:
    """Evaluate architectures in random order, none of them twice."""
    order = np.random.default_rng(seed).permutation(len(table))
    return (Evaluated(int(row)) for row in order[:limit])


def _certified(table: BenchmarkTable, *, epsilon: float, budget: int | None) -> Iterator[Evaluated]:
    question = Question(epsilon=epsilon)
    for step in certified_search(table.problem, table.observe, question=question, budget=budget):
        yield Evaluated(step.index, step.certified_epsilon)
