"""The answer to a search, computed from stored evaluations alone; it trains nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bort.search.arrays import FloatArray, IntArray
from bort.search.cover_reduction import reduced_cover
from bort.search.ledger import Entry, Guarantee, build_ledger, judge
from bort.search.lipschitz import Violation
from bort.search.observation import Observation
from bort.search.options import Lipschitz, SearchOptions, lipschitz_vector
from bort.search.pareto import is_non_dominated
from bort.search.problem import SearchProblem
from bort.search.state import SearchState
from bort.search.w_coefficient import log_w


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a set of evaluations answers, with how far it can be trusted.

    Attributes:
        front: indices of all evaluated architectures that no other evaluated one beats by point
            estimate, never thinned, ascending.
        cover: indices of a (1+ε)-cover at the ε asked for, or None where that is not certified.
        best: index of the largest W among the evaluated, by the upper ends of their intervals;
            None where there is none.
        evaluated: indices with an error, in the order of evaluation; the rows of `w`.
        w: W-coefficient of each of `evaluated`.
        excluded: indices of architectures whose training diverged.
        certified_epsilon: the smallest ε certified for the goal, None where nothing is.
        evaluation_bound: evaluations that the goal can need at most.
        is_certified: the goal is reached at the ε asked for.
        w_ratio: W(best) is at least this share of the largest W of the whole space, if the
            ledger's assumptions hold; None where nothing is certified.
        guarantee: "proved" (λ was given or is not needed), "conditional" (λ is an estimate) or
            "none".
        ledger: the assumptions with their evidence.
        lipschitz: λ in force, shape (K,), None while unknown.
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
    w_ratio: float | None
    guarantee: Guarantee
    ledger: tuple[Entry, ...]
    lipschitz: FloatArray | None
    violations: tuple[Violation, ...]


def solve(
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    *,
    goal: str = "cover",
    epsilon: float = 0.25,
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    lipschitz: Lipschitz = None,
    slack: float | None = None,
    nugget: float = 0.0,
    confidence: float | None = None,
) -> Answer:
    """Read the answer off the evaluations made so far.

    Args:
        observations: by index, in the order in which they were made: an estimated λ never falls
            along that order.
        confidence: what the intervals of `observations` were made for; None for the claim about
            this dev set.
    Returns:
        The answer; it depends on nothing but the arguments.
    Raises:
        InvalidOptionError: an option that cannot be used, or an index outside the space.
    """
    options = SearchOptions(
        goal=goal,
        epsilon=epsilon,
        weights=weights,
        lipschitz=lipschitz_vector(problem, lipschitz),
        slack=slack,
        nugget=nugget,
    )
    state = SearchState(problem, options)
    state.add_all(observations)
    return answer_of(state, confidence=confidence)


def answer_of(state: SearchState, *, confidence: float | None = None) -> Answer:
    """The answer of a state; see `solve`."""
    rows = _indices(i for i, o in state.observations.items() if o.is_witness)
    errors = np.array([state.observations[int(i)].error for i in rows])
    uppers = np.array([state.observations[int(i)].upper for i in rows])
    gains, weights = state.log_gains[rows], state.options.weights
    ledger = build_ledger(state, confidence=confidence)
    return Answer(
        front=_front(state.problem, rows, errors),
        cover=_cover(state),
        best=int(rows[np.argmax(log_w(gains, uppers, weights))]) if len(rows) else None,
        evaluated=rows,
        w=np.exp(log_w(gains, errors, weights)),
        excluded=_indices(i for i, o in state.observations.items() if o.is_excluded),
        certified_epsilon=state.certified_epsilon,
        evaluation_bound=state.evaluation_bound,
        is_certified=state.is_certified,
        w_ratio=_w_ratio(state),
        guarantee=judge(state, ledger),
        ledger=ledger,
        lipschitz=state.estimate.in_force,
        violations=tuple(state.estimate.violations),
    )


def _front(problem: SearchProblem, rows: IntArray, errors: FloatArray) -> IntArray:
    costs = np.column_stack([problem.size[rows], problem.latency[rows], errors])
    return np.sort(rows[is_non_dominated(costs)])


def _cover(state: SearchState) -> IntArray | None:
    if state.options.goal == "best" or not state.is_certified:
        return None
    return reduced_cover(state)


def _w_ratio(state: SearchState) -> float | None:
    is_bounded = state.is_ready and not state.options.evaluates_everything
    if state.is_refuted or not state.has_witness or not (state.is_exhausted or is_bounded):
        return None
    upper, lower = state.log_w_bounds()
    highest = float(upper.max())
    return 1.0 if highest == -np.inf else float(np.exp(min(0.0, lower - highest)))


def _indices(indices: Iterable[int]) -> IntArray:
    return np.fromiter(indices, dtype=np.int64)
