"""The certified search: evaluate uncertified architectures until everything is certified."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bort.core.question import Question
from bort.search.arrays import FloatArray
from bort.search.guide.design import next_design_point
from bort.search.observation import Observation
from bort.search.problem import SearchProblem
from bort.search.state import Ending, SearchState

EvaluateIndex = Callable[[int], Observation]


@dataclass(frozen=True, slots=True, eq=False)
class SearchStep:
    """One evaluation and what it changed. The steps so far are always a valid answer.

    Attributes:
        index: the architecture just evaluated.
        evaluations: evaluations so far, known ones included.
        certified_epsilon: the smallest ε certified so far; None if nothing is.
        evaluation_bound: the most evaluations that the goal can need under the current λ; N
            while λ is unknown.
        lipschitz: the current λ, shape (K,), None while unknown.
        done: no further step follows.
        reason: why the search ended; None while it continues.
    """

    index: int
    observation: Observation
    evaluations: int
    certified_epsilon: float | None
    evaluation_bound: int
    lipschitz: FloatArray | None
    done: bool
    reason: Ending | None


def certified_search(
    problem: SearchProblem,
    evaluate: EvaluateIndex,
    *,
    question: Question,
    budget: int | None = None,
    known: Mapping[int, Observation] | None = None,
) -> Iterator[SearchStep]:
    """Evaluate architectures until the goal is certified, one step per evaluation.

    The choices depend only on the evaluations and their order, so a search that is resumed with
    `known` continues exactly as if it had not been stopped. A finished search yields nothing; call
    `solve` for the answer.

    Args:
        problem: the space with its two known objectives.
        evaluate: trains architecture `index` (or looks it up); a diverged training is
            `Observation.excluded()`.
        question: what to certify. If it has a confidence, the intervals of the observations
            must be for `problem.population` at that confidence.
        budget: the most evaluations, including `known` and excluded ones; None means no limit.
        known: earlier evaluations, in the order in which they were made.
    Raises:
        InvalidOptionError: λ has other dimensions, or `known` has an index outside the space.
    Source: ours; docs/search.md has the definitions and the proofs. The "paper" mode evaluates
        everything, as the paper's algorithm does.
    """
    state = SearchState(problem, question)
    state.add_all(known or {})
    limit = len(problem) if budget is None else budget
    while ending(state, limit) is None:
        index = next_pick(state, limit)
        state.add(index, evaluate(index))
        yield _step(state, index, limit)


def ending(state: SearchState, limit: int) -> Ending | None:
    """Return why the search ends, or None if it continues."""
    if state.ending is not None:
        return state.ending
    return Ending.BUDGET if len(state.observations) >= limit else None


def next_pick(state: SearchState, limit: int) -> int:
    """Choose the next architecture to evaluate, with `limit` evaluations in all; deterministic."""
    if state.spot_checks is not None:
        drawn = state.spot_checks.next(state.observations)
        if drawn is not None:
            return drawn
    if state.challenge is not None:
        return state.challenge
    if state.goal.needs_lipschitz and state.estimate.in_force is None:
        pick = next_design_point(state.problem, state.observations, state.estimate.spans)
        assert pick is not None, "the search is exhausted and has ended"
        return pick
    return state.goal.pick(state, limit)


def _step(state: SearchState, index: int, limit: int) -> SearchStep:
    reason = ending(state, limit)
    return SearchStep(
        index=index,
        observation=state.observations[index],
        evaluations=len(state.observations),
        certified_epsilon=state.certified_epsilon,
        evaluation_bound=state.evaluation_bound,
        lipschitz=state.estimate.in_force,
        done=reason is not None,
        reason=reason,
    )
