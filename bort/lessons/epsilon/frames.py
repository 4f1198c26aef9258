"""Runs of the real search on the toy, recorded step by step, and what a needle does to them."""

from typing import Any

import numpy as np

from bort.core.question import Question
from bort.lessons.epsilon import toy
from bort.search.answer import solve
from bort.search.arrays import FloatArray, IntArray
from bort.search.audit import plan_audit, uncovered_bound
from bort.search.goals import GOALS, AuditedClaim
from bort.search.guide.picks import most_certifying
from bort.search.loop import certified_search, ending, next_pick
from bort.search.problem import SearchProblem
from bort.search.state import SearchState

NOBODY = -1
AUDITS = 6  # seeds of audits to choose from


def frames() -> dict[str, Any]:
    """Everything that is recorded for the lesson; about 20 s."""
    return {
        "runs": [
            run(toy.question(epsilon, is_given=is_given))
            for is_given in (True, False)
            for epsilon in toy.EPSILONS
        ],
        "fine": fine(),
        "needles": needles(),
    }


def fine() -> dict[str, Any]:
    """The search on the same toy with all sizes in between: how many it trains, and the bound."""
    of = toy.FINE
    question, seen = toy.question(toy.FINE_EPSILON, is_given=True, of=of), toy.observe(of=of)
    steps = list(certified_search(toy.problem(of), seen.__getitem__, question=question))
    return {"trained": len(steps), "bound": steps[-1].evaluation_bound}


def run(question: Question) -> dict[str, Any]:
    """One search, and its state before each evaluation and after the last."""
    problem, seen = toy.problem(), toy.observe()
    picks = [s.index for s in certified_search(problem, seen.__getitem__, question=question)]
    state = SearchState(problem, question)
    steps = [_frame(state)]
    for pick in picks:
        state.add(pick, seen[pick])
        steps.append(_frame(state))
    return {
        "epsilon": question.epsilon,
        "given": question.is_lipschitz_given,
        "picks": picks,
        "steps": steps,
    }


def _frame(state: SearchState) -> dict[str, Any]:
    """What the search knows at this moment, and what it will do next."""
    lipschitz = state.estimate.in_force
    certified = state.certified_epsilon
    return {
        **_next(state),
        "certified": None if certified is None else round(certified, 4),
        "bound": state.evaluation_bound,
        "lipschitz": None if lipschitz is None else np.round(lipschitz, 4).tolist(),
        "covered": covered_by(state).tolist(),
        "lower": _lower(state),
    }


def _next(state: SearchState) -> dict[str, Any]:
    """The next pick, why it is picked, and how many it is expected to certify.

    The reasons are "design" (λ is unknown), "test" (λ has predicted too little), "certify" (it
    certifies most others) and "front" (it improves the front most).
    """
    if ending(state, len(state.problem)) is not None:
        return {"next": None, "why": None, "certifies": None}
    pick = next_pick(state, len(state.problem))
    if state.estimate.in_force is None:
        return {"next": pick, "why": "design", "certifies": None}
    target = state.bounds.target
    assert target is not None
    uncertified = np.flatnonzero(target.uncertified & state.is_open)
    if not len(uncertified):
        return {"next": pick, "why": "test", "certifies": None}
    best, gain = most_certifying(
        state.errors,
        state.bounds.envelope,
        uncertified,
        state.observations,
        delta=state.goal.delta,
        best_log_error=target.best_log_error,
    )
    if best != pick:
        return {"next": pick, "why": "front", "certifies": None}
    return {"next": pick, "why": "certify", "certifies": gain}


def covered_by(state: SearchState) -> IntArray:
    """Which evaluated architecture covers each one at the question's ε; `NOBODY` if none.

    Of several, the one that covers with the most to spare. An evaluated one covers itself.
    """
    problem = state.problem
    found = np.full(len(problem), NOBODY)
    rows = np.array(state.witnesses, dtype=np.int64)
    if len(rows) and state.is_ready:
        needed = witness_gaps(state, rows)
        best = needed.argmin(axis=1)
        allowed = needed.min(axis=1) <= state.goal.delta
        found[allowed] = rows[best[allowed]]
    found[rows] = rows
    return found


def witness_gaps(state: SearchState, rows: IntArray) -> FloatArray:
    """The least δ at which each of `rows` certifies each architecture, shape (N, len(rows))."""
    problem = state.problem
    gaps = np.maximum(state.bounds.error_terms(rows), 0.0)
    for cost in (np.log(problem.size), np.log(problem.latency)):
        gaps = np.maximum(gaps, cost[rows][None, :] - cost[:, None])
    return np.asarray(gaps)


def _lower(state: SearchState) -> list[float] | None:
    """The lowest error that λ permits everywhere; None while λ is unknown."""
    if state.estimate.in_force is None or not state.observations:
        return None
    return [round(float(value), 4) for value in np.exp(state.bounds.envelope.values)]


def needles() -> dict[str, Any]:
    """For each architecture that hides a needle: whether the search saw it, and who is right.

    A search that never trains the needle runs exactly as it would without one. `orders` has the
    order in which audits of that search draw, one for each seed; `at_most[failed][drawn]` is what
    they can say: how many architectures are uncovered at most, with 95% confidence.
    """
    problem, question = toy.problem(), toy.question(toy.NEEDLE_EPSILON, is_given=False)
    plain, members, plans = _search(problem, question, None)
    found = []
    for needle in range(len(problem)):
        picks, cover = plain, members
        if needle in plain:
            picks, cover, _ = _search(problem, question, needle)
        found.append(
            {
                "seen": needle in picks,
                "evaluations": len(picks),
                "uncovered": _uncovered(problem, question, cover, needle),
            }
        )
    population = len(problem) - len(plain)
    return {
        "epsilon": question.epsilon,
        "picks": plain,
        "members": list(members),
        "places": found,
        "population": population,
        "orders": plans,
        "at_most": [
            [uncovered_bound(population, drawn, failed) for drawn in range(failed, population + 1)]
            for failed in (0, 1)
        ],
    }


def _search(
    problem: SearchProblem, question: Question, needle: int | None
) -> tuple[list[int], tuple[int, ...], list[list[int]]]:
    """Run a search to its end: its picks, its cover, and the order of draws of some audits."""
    seen = toy.observe(needle)
    picks = [s.index for s in certified_search(problem, seen.__getitem__, question=question)]
    answer = solve(problem, {index: seen[index] for index in picks}, question=question)
    assert answer.cover is not None
    orders = []
    for seed in range(AUDITS):
        drawn: list[int] = []
        for count in range(1, len(problem) - len(picks) + 1):
            plan = plan_audit(
                answer, question=question, count=count, space_size=len(problem), seed=seed
            )
            assert plan is not None
            drawn += [index for index in plan.drawn if index not in drawn]
        orders.append(drawn)
    return picks, tuple(answer.cover.tolist()), orders


def _uncovered(
    problem: SearchProblem, question: Question, members: tuple[int, ...], needle: int
) -> list[int]:
    """The architectures that the cover does not cover, in truth."""
    claim = AuditedClaim(problem, toy.observe(needle), members, question.epsilon, question.weights)
    holds = GOALS[question.goal].holds
    return [index for index in range(len(problem)) if not holds(claim, index)]
