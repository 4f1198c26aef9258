"""Searches whose architectures need not all have the same number of seeds.

A rule says how many trainings an architecture gets, and when. What counts as true is the mean over
all seeds. docs/guarantee.md, "One seed first".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from benchmarks.search.table import REFERENCE, true_epsilon
from bort.core.question import Question
from bort.search.arrays import FloatArray
from bort.search.guide.errors import ErrorModel
from bort.search.guide.picks import most_certifying, most_improving_front
from bort.search.loop import next_pick
from bort.search.observation import Observation
from bort.search.pareto import hypervolume, is_non_dominated
from bort.search.problem import SearchProblem
from bort.search.state import SearchState

_REPEATED_FIRST = 2  # architectures with all seeds at once, to know how far seeds differ


@dataclass(frozen=True, slots=True)
class Rule:
    """When an architecture gets which seeds.

    Attributes:
        first: seeds of a new architecture; None stands for all.
        margin: errors closer than so many standard deviations are not in order yet; None gives
            nobody another seed.
        at_once: other seeds until all is in order; otherwise at most one for each new architecture.
        after: no other seeds before this share of the architectures is trained.
        has_noise: a certificate allows for the spread of the seeds. Without, it speaks of the
            networks as trained.
    """

    first: int | None = None
    margin: float | None = None
    at_once: bool = False
    after: float = 0.0
    has_noise: bool = True


@dataclass(frozen=True, eq=False)
class SeededTable:
    """A space with the errors of each seed.

    Attributes:
        name: the table's name, or the kind of space.
        by_seed: shape (N, S).
    """

    name: str
    problem: SearchProblem
    by_seed: FloatArray

    def __len__(self) -> int:
        return len(self.problem)

    @cached_property
    def costs(self) -> FloatArray:
        """Size, latency and the mean error over all seeds: shape (N, 3)."""
        columns = [self.problem.size, self.problem.latency, self.by_seed.mean(axis=1)]
        return np.column_stack(columns)

    @cached_property
    def _whole(self) -> float:
        return self._hypervolume(range(len(self)))

    def share(self, rows: list[int]) -> float:
        """The share of the front's hypervolume that these architectures dominate."""
        return self._hypervolume(rows) / self._whole

    def _hypervolume(self, rows: range | list[int]) -> float:
        points = self.costs[list(rows)]
        front = points[is_non_dominated(points)]
        return hypervolume(front, ref=REFERENCE * self.costs.max(axis=0))

    def shuffled(self, start: int) -> FloatArray:
        """Return the errors with the seeds in another order: shape (N, S)."""
        order = np.random.default_rng([start, 1]).permutation(self.by_seed.shape[1])
        return self.by_seed[:, order]

    def first_rows(self, start: int) -> list[int]:
        """Draw the architectures of a random start, one more than dimensions."""
        count = 1 + int(self.problem.matters.sum())
        rows: list[int] = np.random.default_rng(start).permutation(len(self))[:count].tolist()
        return rows


class Look(NamedTuple):
    """What a search for the front has after some trainings.

    Attributes:
        trainings: of all architectures together.
        evaluated: the architectures that were trained.
        reported: those on the front by their errors so far.
    """

    trainings: int
    evaluated: list[int]
    reported: list[int]


class Seeds:
    """How many seeds each architecture has so far, in the order of their first trainings."""

    def __init__(self, table: SeededTable, rule: Rule, start: int) -> None:
        self.table, self.rule = table, rule
        self.errors = table.shuffled(start)
        self.most = self.errors.shape[1]
        self.counts: dict[int, int] = {}

    @property
    def trainings(self) -> int:
        """Trainings of all architectures together."""
        return sum(self.counts.values())

    @property
    def means(self) -> FloatArray:
        """The mean error of each architecture over its seeds: shape (m,)."""
        return np.array([self.errors[r, :s].mean() for r, s in self.counts.items()])

    def look(self) -> Look:
        """Say what the search has now."""
        rows = np.array(list(self.counts))
        costs = np.column_stack([self.table.costs[rows, :2], self.means])
        reported = rows[is_non_dominated(costs)].tolist()
        return Look(self.trainings, list(self.counts), reported)

    def next_picked(self, model: ErrorModel) -> int:
        """Choose the architecture that is expected to improve the front most."""
        seen = {
            row: Observation.of(float(e)) for row, e in zip(self.counts, self.means, strict=True)
        }
        rest = np.setdiff1d(np.arange(len(self.table)), list(self.counts))
        return most_improving_front(model, self.table.problem, seen, rest)

    def unsettled(self) -> int | None:
        """Find an architecture whose order with another depends on its seeds; None if none does.

        Of two such, one is no larger and no slower, neither is surely beaten, and one is on the
        front by the errors so far. Of all, the one with the fewest seeds, then the lowest error.
        """
        least = max(_REPEATED_FIRST, self.rule.after * len(self.table))
        if self.rule.margin is None or len(self.counts) < least:
            return None
        rows, seeds = np.array(list(self.counts)), np.array(list(self.counts.values()))
        logs = np.log(self.means)
        missing = 1 / seeds - 1 / self.most
        doubt = self.rule.margin * self._spread * np.sqrt(missing[:, None] + missing[None, :])
        costs = self.table.costs[rows, :2]
        # [a, b]: b is no dearer than a
        cheaper = np.asarray((costs[None, :] <= costs[:, None]).all(axis=2))
        np.fill_diagonal(cheaper, False)
        apart = logs[:, None] - logs[None, :]
        alive = np.asarray(~(cheaper & (apart > doubt)).any(axis=1))
        on_front = np.asarray(~(cheaper & (apart >= 0)).any(axis=1))
        tied = cheaper & (np.abs(apart) <= doubt) & (alive[:, None] & alive[None, :])
        tied &= on_front[:, None] | on_front[None, :]
        wanted = np.flatnonzero((tied.any(axis=0) | tied.any(axis=1)) & (seeds < self.most))
        if not len(wanted):
            return None
        return int(rows[wanted[np.lexsort((logs[wanted], seeds[wanted]))[0]]])

    @property
    def _spread(self) -> float:
        """The standard deviation of ln e over seeds, pooled over architectures with several."""
        logs = [np.log(self.errors[r, :s]) for r, s in self.counts.items() if s > 1]
        squares = sum(float(((x - x.mean()) ** 2).sum()) for x in logs)
        return float(np.sqrt(squares / sum(len(x) - 1 for x in logs)))


def front_search(table: SeededTable, rule: Rule, start: int) -> Iterator[Look]:
    """Look for the front from a random start until all are trained and the front is in order."""
    seeds, starts = Seeds(table, rule, start), table.first_rows(start)
    model = ErrorModel(table.problem)
    while True:
        is_over = len(seeds.counts) == len(table)
        if not is_over:
            row = starts.pop(0) if starts else seeds.next_picked(model)
            is_repeated = rule.margin is not None and len(seeds.counts) < _REPEATED_FIRST
            seeds.counts[row] = seeds.most if is_repeated else rule.first or seeds.most
            yield seeds.look()
        again = seeds.unsettled()
        while again is not None:
            seeds.counts[again] += 1
            model = ErrorModel(table.problem)  # it cannot unlearn
            yield seeds.look()
            again = seeds.unsettled() if rule.at_once or is_over else None
        if is_over:
            return


class Certified(NamedTuple):
    """A search that ended with a certificate of an ε, by an estimated λ.

    Attributes:
        trainings: of all architectures together.
        architectures: how many were trained.
        true_epsilon: the smallest ε that holds for the means over all seeds.
        own_epsilon: the smallest ε that holds for the errors that the certificate speaks of.
    """

    trainings: int
    architectures: int
    true_epsilon: float
    own_epsilon: float


def certificate(table: SeededTable, rule: Rule, start: int, epsilon: float) -> Certified:
    """Search from a random start until ε is certified."""
    seeds, starts = Seeds(table, rule, start), table.first_rows(start)
    question = Question(epsilon=epsilon)
    state = SearchState(table.problem, question)
    while not state.is_reached:
        is_known = state.estimate.in_force is not None
        again = worth_a_seed(state, seeds) if is_known and not starts else None
        if again is None:
            pick = starts.pop(0) if starts else next_pick(state, len(table))
            assert pick is not None  # nothing else has begun
            has_all = rule.margin is not None and not is_known  # τ is measured from the first ones
            seeds.counts[pick] = seeds.most if has_all else rule.first or seeds.most
            state.add(pick, _observation(seeds, pick, state.nugget))
            continue
        seeds.counts[again] += 1
        nugget, state = state.nugget, SearchState(table.problem, question)
        for row in seeds.counts:
            state.add(row, _observation(seeds, row, nugget))
    evaluated, own = list(seeds.counts), table.costs.copy()
    if not rule.has_noise:
        own[:, 2] = seeds.errors[:, : rule.first].mean(axis=1)
    true = true_epsilon(table.costs, evaluated), true_epsilon(own, evaluated)
    return Certified(seeds.trainings, len(evaluated), *true)


def _observation(seeds: Seeds, row: int, nugget: float) -> Observation:
    """Make the observation of the mean over all seeds from those that were trained."""
    count = seeds.counts[row]
    errors = seeds.errors[row, :count]
    error = float(errors.mean())
    if not seeds.rule.has_noise:
        return Observation(error, error, error)
    factor = float(np.exp(doubt(nugget, count, seeds.most)))
    repeats = tuple(errors.tolist()) if count == seeds.most else ()
    return Observation(error, error / factor, error * factor, repeats=repeats)


def doubt(nugget: float, trained: int, seeds: int) -> float:
    """Bound how far ln of the mean of some seeds is from that of all, as often as τ holds.

    τ is a quantile times the spread of the seeds times √(2/S); this has √(1/s - 1/S) in its place.

    Examples:
        >>> [doubt(0.08, trained, 3) for trained in (1, 2, 3)]
        [0.08, 0.04, 0.0]
    """
    return float(nugget * np.sqrt((seeds / trained - 1) / 2))


def worth_a_seed(state: SearchState, seeds: Seeds) -> int | None:
    """Find the architecture whose next seed would certify more than a new architecture would.

    Assumes that another seed would confirm the mean. None if there is no such architecture.
    """
    target, envelope, problem = state.bounds.target, state.bounds.envelope, state.problem
    assert target is not None  # the goal is a cover
    delta, errors = state.goal.delta, seeds.errors
    left = np.flatnonzero(target.uncertified & state.is_open)
    rows = np.array([r for r, s in seeds.counts.items() if s < seeds.most], dtype=np.int64)
    if seeds.rule.margin is None or not len(left) or not len(rows):
        return None
    best = target.best_log_error
    _, gain = most_certifying(
        state.errors, envelope, left, state.observations, delta=delta, best_log_error=best
    )
    own = envelope.own_error_term(left, rows)
    is_cheap = np.ones(own.shape, dtype=bool)
    for cost in (np.log(problem.size), np.log(problem.latency)):
        is_cheap &= cost[rows][None, :] - cost[left, None] <= delta
    logs = np.log([errors[r, : seeds.counts[r]].mean() for r in rows])
    reach = np.array([doubt(state.nugget, seeds.counts[r] + 1, seeds.most) for r in rows])
    lower = np.maximum(envelope.values[left, None], logs - reach - own)
    upper = np.minimum(np.where(is_cheap, logs + reach, np.inf), best[left, None])
    gains = (upper - lower <= delta).sum(axis=0)
    most = int(np.argmax(gains))
    return int(rows[most]) if gains[most] > gain else None
