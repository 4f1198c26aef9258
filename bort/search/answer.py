"""The answer to a search, computed from stored evaluations alone; it trains nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bort.core.errors import InvalidOptionError
from bort.core.question import Question
from bort.search.arrays import FloatArray, IntArray
from bort.search.facts import Guarantee, Ledger
from bort.search.ledger import judge, ledger_of
from bort.search.lipschitz import Violation
from bort.search.observation import Observation
from bort.search.pareto import greedy_set_cover, is_non_dominated
from bort.search.problem import SearchProblem
from bort.search.state import Ending, SearchState
from bort.search.w_coefficient import log_gain, log_w


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The answer from a set of evaluations, and how far it can be trusted.

    Attributes:
        front: indices of all evaluated architectures that no other evaluated one beats by point
            estimate, never thinned, ascending.
        cover: indices of a (1+ε)-cover at the requested ε; None if that is not certified. It need
            not be one at the smaller `certified_epsilon`, which is that of all evaluated ones.
        best: index of the evaluated architecture whose W is certified to be the best: the
            largest by the upper ends of the intervals, or by comparing pairs; None if nothing is
            evaluated.
        evaluated: indices with an error, in the order of evaluation; the rows of `w`.
        w: W-coefficient of each of `evaluated`.
        excluded: indices of architectures whose training diverged.
        certified_epsilon: the smallest ε certified for the goal; None if nothing is.
        evaluation_bound: the most evaluations that the goal can need.
        is_certified: the goal is reached at the requested ε.
        ending: why nothing is left to evaluate; None if the budget or the user ended the
            search before.
        w_ratio: W(best) is at least this share of the largest W of the whole space, if the
            ledger's assumptions hold; None if nothing is certified.
        guarantee: the kind of guarantee that the claim has.
        lipschitz: the current λ, shape (K,), None while unknown.
        nugget: the current τ.
        violations: predictions of λ that failed.
    """

    front: IntArray
    cover: IntArray | None
    best: int | None
    evaluated: IntArray
    w: FloatArray
    excluded: IntArray
    certified_epsilon: float | None
    evaluation_bound: int
    is_certified: bool
    ending: Ending | None
    w_ratio: float | None
    guarantee: Guarantee
    ledger: Ledger
    lipschitz: FloatArray | None
    nugget: float
    violations: tuple[Violation, ...]


def solve(
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    *,
    question: Question,
) -> Answer:
    """Compute the answer from the evaluations made so far.

    Args:
        observations: by index, in the order in which they were made: an estimated λ never falls
            along that order. If the question has a confidence, their intervals must be for
            `problem.population` at that confidence.
    Returns:
        The answer; it depends on nothing but the arguments.
    Raises:
        InvalidOptionError: λ has other dimensions, or an index is outside the space.
    """
    state = SearchState(problem, question)
    state.add_all(observations)
    return answer_of(state)


def answer_of(state: SearchState) -> Answer:
    """Compute the answer of a state; see `solve`."""
    rows = _indices(state.witnesses)
    errors = np.array([state.observations[int(i)].error for i in rows])
    gains, weights = state.log_gains[rows], state.question.weights
    ledger = ledger_of(state)
    best, w_gap = state.best_by_w() if _bounds_w(state) else (_largest_w(state), np.inf)
    return Answer(
        front=_front(state.problem, rows, errors),
        cover=state.goal.cover(state) if state.is_certified else None,
        best=best,
        evaluated=rows,
        w=np.exp(log_w(gains, errors, weights)),
        excluded=_indices(state.excluded),
        certified_epsilon=state.certified_epsilon,
        evaluation_bound=state.evaluation_bound,
        is_certified=state.is_certified,
        ending=state.ending,
        w_ratio=None if w_gap == np.inf else float(np.exp(-w_gap)),
        guarantee=judge(state, ledger),
        ledger=ledger,
        lipschitz=state.estimate.in_force,
        nugget=state.nugget,
        violations=tuple(state.estimate.violations),
    )


def _front(problem: SearchProblem, rows: IntArray, errors: FloatArray) -> IntArray:
    costs = np.column_stack([problem.size[rows], problem.latency[rows], errors])
    return np.sort(rows[is_non_dominated(costs)])


def _bounds_w(state: SearchState) -> bool:
    """Check whether the evaluations bound the largest W of the whole space."""
    if state.is_withdrawn:
        return False
    is_known = state.is_ready or not state.goal.needs_errors
    return state.is_exhausted or (state.goal.needs_bounds and is_known)


def _largest_w(state: SearchState) -> int | None:
    """Find the evaluated architecture with the largest W, by the upper ends of the intervals."""
    rows = state.witnesses
    uppers = np.array([state.observations[i].upper for i in rows])
    values = log_w(state.log_gains[rows], uppers, state.question.weights)
    return rows[int(np.argmax(values))] if rows else None


def _indices(indices: Iterable[int]) -> IntArray:
    return np.fromiter(indices, dtype=np.int64)


_MAX_FRONT = 3000  # rows; beyond them the table of who covers whom takes too much memory


class TableAnswer(NamedTuple):
    """The exact answer; nothing is assumed.

    Attributes:
        front: indices that no other architecture beats, ascending.
        cover: some of the front; each architecture has one within a factor of 1+ε of it.
        best: index of the largest W.
        w: shape (N,), every W; to be maximised.
    """

    front: IntArray
    cover: IntArray
    best: int
    w: FloatArray


def solve_table(
    size: FloatArray,
    latency: FloatArray,
    errors: FloatArray,
    *,
    question: Question,
) -> TableAnswer:
    """Compute front, ε-cover and W of a table whose errors are all known.

    Args:
        size, latency, errors: shape (N,), all above 0 and minimised.
    Raises:
        InvalidOptionError: an error of 0.
    Cost: O(N log N) time, O(N) memory; with F <= 3,000 rows on the front, also O(F²).
    """
    if not (errors > 0).all():
        raise InvalidOptionError("errors must be above 0; floor errors of 0 at 1/(2n)")
    costs = np.column_stack([size, latency, errors])
    front = np.flatnonzero(is_non_dominated(costs))
    log_ws = log_w(log_gain(size, latency, question.weights), errors, question.weights)
    cover = front[_enough(costs[front], question.epsilon)]
    return TableAnswer(front, cover, int(np.argmax(log_ws)), np.exp(log_ws))


def _enough(costs: FloatArray, epsilon: float) -> IntArray:
    """Choose few rows of a front that are within ε of every other; indices, ascending.

    Source: the greedy set cover of Chvátal 1979; for fronts of very many rows the grid of
    Papadimitriou & Yannakakis 2000, whose cells keep one row each.
    """
    logs = np.log(costs)
    if len(costs) <= _MAX_FRONT:
        covers = np.ones((len(logs), len(logs)), dtype=bool)
        for cost in logs.T:
            covers &= cost[None, :] - cost[:, None] <= np.log1p(epsilon) + 1e-12
        return np.sort(greedy_set_cover(covers))
    _, first = np.unique(np.floor(logs / np.log1p(epsilon) + 1e-12), axis=0, return_index=True)
    return np.sort(first)
