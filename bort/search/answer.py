"""The answer to a search, computed from stored evaluations alone; it trains nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bort.core.question import Question
from bort.search.arrays import FloatArray, IntArray
from bort.search.cover_reduction import reduced_cover
from bort.search.ledger import Entry, Guarantee, build_ledger, judge
from bort.search.lipschitz import Violation
from bort.search.observation import Observation
from bort.search.pareto import is_non_dominated
from bort.search.problem import SearchProblem
from bort.search.state import Ending, SearchState
from bort.search.w_coefficient import log_w


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a set of evaluations answers, with how far it can be trusted.

    Attributes:
        front: indices of all evaluated architectures that no other evaluated one beats by point
            estimate, never thinned, ascending.
        cover: indices of a (1+ε)-cover at the ε asked for, or None where that is not certified.
        best: index of the evaluated architecture whose W is certified to be the best: the
            largest by the upper ends of the intervals, or by comparing pairs; None where there
            is none.
        evaluated: indices with an error, in the order of evaluation; the rows of `w`.
        w: W-coefficient of each of `evaluated`.
        excluded: indices of architectures whose training diverged.
        certified_epsilon: the smallest ε certified for the goal, None where nothing is.
        evaluation_bound: evaluations that the goal can need at most.
        is_certified: the goal is reached at the ε asked for.
        ending: why nothing is left to evaluate ("certified", "exhausted", "limited by noise",
            "assumption violated"), or None: the budget, or somebody, ended the search before.
        w_ratio: W(best) is at least this share of the largest W of the whole space, if the
            ledger's assumptions hold; None where nothing is certified.
        guarantee: "proved" (λ was given or is not needed), "conditional" (λ is an estimate) or
            "none".
        ledger: the assumptions with their evidence.
        lipschitz: λ in force, shape (K,), None while unknown.
        nugget: τ in force.
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
    ledger: tuple[Entry, ...]
    lipschitz: FloatArray | None
    nugget: float
    violations: tuple[Violation, ...]


def solve(
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    *,
    question: Question,
) -> Answer:
    """Read the answer off the evaluations made so far.

    Args:
        observations: by index, in the order in which they were made: an estimated λ never falls
            along that order. Where the question has a confidence, their intervals are made for
            `problem.population` of it.
    Returns:
        The answer; it depends on nothing but the arguments.
    Raises:
        InvalidOptionError: λ of other dimensions, or an index outside the space.
    """
    state = SearchState(problem, question)
    state.add_all(observations)
    return answer_of(state)


def answer_of(state: SearchState) -> Answer:
    """The answer of a state; see `solve`."""
    rows = _indices(i for i, o in state.observations.items() if o.is_witness)
    errors = np.array([state.observations[int(i)].error for i in rows])
    gains, weights = state.log_gains[rows], state.question.weights
    ledger = build_ledger(state)
    best, room = state.best_room() if _bounds_w(state) else (_largest_w(state), np.inf)
    return Answer(
        front=_front(state.problem, rows, errors),
        cover=_cover(state),
        best=best,
        evaluated=rows,
        w=np.exp(log_w(gains, errors, weights)),
        excluded=_indices(i for i, o in state.observations.items() if o.is_excluded),
        certified_epsilon=state.certified_epsilon,
        evaluation_bound=state.evaluation_bound,
        is_certified=state.is_certified,
        ending=state.ending,
        w_ratio=None if room == np.inf else float(np.exp(-room)),
        guarantee=judge(state, ledger),
        ledger=ledger,
        lipschitz=state.estimate.in_force,
        nugget=state.nugget,
        violations=tuple(state.estimate.violations),
    )


def _front(problem: SearchProblem, rows: IntArray, errors: FloatArray) -> IntArray:
    costs = np.column_stack([problem.size[rows], problem.latency[rows], errors])
    return np.sort(rows[is_non_dominated(costs)])


def _cover(state: SearchState) -> IntArray | None:
    if state.question.goal == "best" or not state.is_certified:
        return None
    return reduced_cover(state)


def _bounds_w(state: SearchState) -> bool:
    """The evaluations bound the largest W of the whole space."""
    is_bounded = (state.is_ready or state.needs_no_errors) and not (
        state.question.goal.evaluates_everything
    )
    return not state.is_refuted and (state.is_exhausted or is_bounded)


def _largest_w(state: SearchState) -> int | None:
    """Of the evaluated, by the upper ends of their intervals."""
    rows = [i for i, o in state.observations.items() if o.is_witness]
    uppers = np.array([state.observations[i].upper for i in rows])
    values = log_w(state.log_gains[rows], uppers, state.question.weights)
    return rows[int(np.argmax(values))] if rows else None


def _indices(indices: Iterable[int]) -> IntArray:
    return np.fromiter(indices, dtype=np.int64)
