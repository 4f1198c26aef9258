"""The certified search: evaluate uncertified architectures until everything is certified."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bort.core.question import Question
from bort.search.arrays import FloatArray
from bort.search.guide.design import first_design, next_design_point
from bort.search.observation import Observation
from bort.search.problem import SearchProblem
from bort.search.state import Ending, SearchState

EvaluateIndex = Callable[[int], Observation]
BeginIndex = Callable[[int], Callable[[], Observation]]
"""Begins to evaluate an architecture; what it returns waits for the result."""


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
    Source: ours; docs/guarantee.md has the definitions and the proofs. The "paper" mode evaluates
        everything, as the paper's algorithm does.
    """
    begin = partial(partial, evaluate)  # evaluates when it is waited for
    return parallel_search(problem, begin, question=question, at_once=1, budget=budget, known=known)


def parallel_search(
    problem: SearchProblem,
    begin: BeginIndex,
    *,
    question: Question,
    at_once: int,
    budget: int | None = None,
    known: Mapping[int, Observation] | None = None,
    begun: Sequence[int] = (),
    may_begin: Callable[[], bool] = lambda: True,
) -> Iterator[SearchStep]:
    """Search like `certified_search`, with up to `at_once` evaluations at a time.

    Results are used in the order of the picks, whichever is done first. So the picks depend only on
    the evaluations, their order and what has begun, never on time; and a search that is resumed
    with `known` and `begun` continues exactly as if it had not been stopped. What has begun is
    always finished and used, even if the goal is reached before.

    Args:
        begin: with an `Executor`, `lambda index: executor.submit(evaluate, index).result`.
        begun: what had begun in addition to `known`, in the order of the picks.
        may_begin: called before each pick; False begins nothing more.
    Source: ours; docs/guarantee.md, "Several at once".
    """
    state = SearchState(problem, question)
    state.add_all(known or {})
    limit = len(problem) if budget is None else budget
    waiting: deque[tuple[int, Callable[[], Observation]]] = deque()

    def note(index: int) -> None:
        state.begin(index)
        waiting.append((index, begin(index)))

    for index in begun:
        note(index)
    while True:
        while len(waiting) < at_once and ending(state, limit) is None and may_begin():
            pick = next_pick(state, limit)
            if pick is None:
                break
            note(pick)
        if not waiting:
            return
        index, result = waiting.popleft()
        state.add(index, result())
        yield _step(state, index, limit)


def ending(state: SearchState, limit: int) -> Ending | None:
    """Return why the search begins nothing more, or None if it continues."""
    if state.ending is not None:
        return state.ending
    return Ending.BUDGET if len(state.observations) + len(state.begun) >= limit else None


def next_pick(state: SearchState, limit: int) -> int | None:
    """Choose the next architecture to evaluate, with `limit` evaluations in all; deterministic.

    None if nothing should begin before something that has begun is done.
    """
    if not state.is_open.any():
        return None
    if state.spot_checks is not None:
        drawn = state.spot_checks.next(state.taken)
        if drawn is not None:
            return drawn
    if state.challenge is not None:  # each depends on what the one before it shows
        return None if state.begun else state.challenge
    if state.goal.needs_lipschitz and state.estimate.in_force is None:
        return _next_of_design(state)
    return state.goal.pick(state, limit)


def _next_of_design(state: SearchState) -> int | None:
    """Choose the next of the first design; once all of it has begun, one that tests λ."""
    if not state.begun:
        return next_design_point(state.problem, state.observations, state.estimate.spans)
    for index in first_design(state.problem):
        if state.is_open[index]:
            return index
    return state.farthest_untested()


def _step(state: SearchState, index: int, limit: int) -> SearchStep:
    reason = None if state.begun else ending(state, limit)
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
