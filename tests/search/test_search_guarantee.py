"""The theorem is the test: random spaces, true errors, exhaustive comparison."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_cases import Case, is_covered, random_case

from bort.core.question import Question
from bort.search import (
    Answer,
    Observation,
    SearchProblem,
    SearchStep,
    Status,
    certified_search,
    solve,
)
from bort.search.facts import LambdaEstimated, Monotone
from bort.search.w_coefficient import w_coefficient

epsilons = st.floats(0.05, 1.0)
WEIGHTS = ((1.0, 1.0, 1.0), (1.0, 1.0, 0.0), (0.0, 0.0, 1.0), (2.0, 0.5, 1.5), (0.0, 3.0, 1.0))
seeds = st.integers(0, 10_000)
laws = settings(max_examples=12, deadline=None, derandomize=True)


def run(case: Case, *, budget=None, known=None, **asked) -> list[SearchStep]:
    question = Question(**asked)
    return list(
        certified_search(case.problem, case.evaluate, question=question, budget=budget, known=known)
    )


def answer_to(case: Case, known, **asked) -> Answer:
    return solve(case.problem, known, question=Question(**asked))


def assumptions(case: Case, *, monotone: bool) -> dict:
    return {"lipschitz": case.lipschitz, "slack": case.slack if monotone else None}


@laws
@given(seeds, epsilons, st.booleans(), st.sampled_from([60, 400, 1500]))
def test_every_architecture_is_covered(seed, epsilon, monotone, points) -> None:
    case = random_case(seed, max_points=points, slack=0.2)
    given_ = assumptions(case, monotone=monotone)
    steps = run(case, epsilon=epsilon, **given_)
    assert steps[-1].done
    assert steps[-1].reason == "certified"
    assert steps[-1].evaluations <= steps[-1].evaluation_bound <= len(case.problem)
    answer = answer_to(case, case.observations(s.index for s in steps), epsilon=epsilon, **given_)
    assert answer.guarantee in ("conditional", "proved")
    assert answer.certified_epsilon <= epsilon
    assert is_covered(case, answer.cover, epsilon)
    assert is_covered(case, answer.evaluated, answer.certified_epsilon)


@laws
@given(seeds, epsilons, st.booleans(), st.sampled_from(WEIGHTS))
def test_the_best_w_is_within_epsilon_of_the_largest(seed, epsilon, monotone, weights) -> None:
    case = random_case(seed, slack=0.2)
    options = assumptions(case, monotone=monotone) | {"goal": "best", "weights": weights}
    steps = run(case, epsilon=epsilon, **options)
    assert steps[-1].reason == "certified"
    assert steps[-1].evaluations <= steps[-1].evaluation_bound
    answer = answer_to(case, case.observations(s.index for s in steps), epsilon=epsilon, **options)
    problem = case.problem
    w = w_coefficient(problem.size, problem.latency, case.errors, weights=weights)
    largest = w.max() * (1 - 1e-9)
    assert w[answer.best] >= (1 - epsilon) * largest
    assert w[answer.best] >= (1 - answer.certified_epsilon) * largest
    assert w[answer.best] >= answer.w_ratio * largest


@laws
@given(seeds, st.booleans())
def test_the_epsilon_certified_so_far_is_valid_after_every_step(seed, monotone) -> None:
    case = random_case(seed, max_points=120, slack=0.2)
    evaluated: list[int] = []
    for step in run(case, epsilon=0.05, **assumptions(case, monotone=monotone)):
        evaluated.append(step.index)
        if step.certified_epsilon is not None:
            assert is_covered(case, evaluated, step.certified_epsilon)


@laws
@given(seeds, st.sampled_from(["cover", "best"]), st.integers(1, 12), st.booleans())
def test_a_resumed_search_goes_on_as_if_it_had_not_stopped(seed, goal, after, known) -> None:
    case = random_case(seed, max_points=100, slack=0.2)
    options = {"goal": goal, "epsilon": 0.1, "lipschitz": case.lipschitz if known else None}
    for budget in (None, 14):
        whole = [s.index for s in run(case, budget=budget, **options)]
        first = case.observations(whole[:after])
        rest = [s.index for s in run(case, budget=budget, known=first, **options)]
        assert whole == whole[:after] + rest
        assert len(set(whole)) == len(whole)


@pytest.mark.parametrize("goal", ["paper", "exhaustive"])
def test_modes_that_evaluate_everything_need_no_assumption(goal: str) -> None:
    case = random_case(3)
    steps = run(case, goal=goal)
    assert [s.index for s in steps] == list(range(len(case.problem)))
    assert [s.certified_epsilon for s in steps[:-1]] == [None] * (len(steps) - 1)
    assert steps[-1].certified_epsilon == 0.0
    answer = answer_to(case, case.observations(range(len(case.problem))), goal=goal)
    assert answer.guarantee == "proved"
    w = w_coefficient(case.problem.size, case.problem.latency, case.errors, weights=(1, 1, 1))
    assert w[answer.best] == w.max()


@laws
@given(seeds, epsilons, st.sampled_from(["cover", "best"]))
def test_errors_that_break_what_is_declared_are_told_and_nothing_is_claimed(
    seed, epsilon, goal
) -> None:
    case = random_case(seed, max_points=200)
    rng = np.random.default_rng(seed)
    wild = Case(case.problem, case.errors * rng.uniform(0.3, 1.0, len(case.errors)), (), 0.0)
    options = {"lipschitz": case.lipschitz, "epsilon": epsilon, "goal": goal}
    steps = run(wild, **options)
    known = wild.observations(s.index for s in steps)
    answer = answer_to(wild, known, **options)
    rows = np.array([s.index for s in steps])
    reach = wild.problem.distance(rows, rows, np.array(case.lipschitz))
    logs = np.log(wild.errors[rows])
    is_broken = bool((np.abs(logs[:, None] - logs[None]) > reach + 1e-9).any())
    is_violated = any(e.status is Status.VIOLATED for e in answer.ledger)
    needs_it = len(rows) < len(wild.problem)
    assert is_violated == (is_broken and needs_it)
    if is_violated:
        assert (answer.guarantee, answer.certified_epsilon) == ("none", None)
        assert (answer.cover, answer.w_ratio, answer.is_certified) == (None, None, False)


def test_refitting_an_estimate_does_not_erase_what_broke_it() -> None:
    case = random_case(8, max_points=400)
    rng = np.random.default_rng(0)
    errors = case.errors * rng.uniform(0.5, 1.0, len(case.errors))
    wild = Case(case.problem, errors, (), 0.0)
    first = run(wild, budget=30)
    known = wild.observations(s.index for s in first)
    answer = answer_to(wild, known)
    assert answer.violations
    worst = max(answer.violations, key=lambda v: v.excess)
    fact = next(f for f in answer.ledger if isinstance(f, LambdaEstimated))
    assert fact.record.violated == len(answer.violations)
    assert fact.record.worst_pair == (str(worst.index), str(worst.other))
    assert fact.record.worst_excess == worst.excess
    assert answer.guarantee != "proved"


@pytest.mark.parametrize("goal", ["cover", "best"])
def test_a_refuted_lipschitz_constant_guarantees_nothing(goal: str) -> None:
    case = random_case(8)
    wild = np.where(np.arange(len(case.problem)) % 2, 0.5, 0.1)
    case = Case(case.problem, wild, case.lipschitz, 0.0)
    some = case.observations(range(len(case.problem) - 1))
    answer = answer_to(case, some, goal=goal, lipschitz=0.01, epsilon=0.05)
    assert answer.guarantee == "none"
    assert answer.certified_epsilon is None
    assert answer.cover is None
    assert answer.w_ratio is None
    assert [e.status for e in answer.ledger].count("violated") == 1


def test_a_search_under_a_refuted_constant_does_not_end_certified() -> None:
    x = np.arange(1.0, 41)
    problem = SearchProblem(("hidden",), np.log(x)[:, None], x, x)
    case = Case(problem, 0.1 + 0.2 * (x > 20), (0.01,), 0.0)
    last = run(case, lipschitz=0.01, epsilon=0.005)[-1]
    assert (last.reason, last.certified_epsilon) == ("assumption violated", None)
    assert last.evaluations < len(problem)


def test_a_refuted_slack_guarantees_nothing() -> None:
    case = random_case(8)
    rising = 0.1 * (1 + case.problem.coordinates.sum(axis=1) / case.problem.coordinates.sum())
    case = Case(case.problem, rising, (9.0,) * len(case.problem.names), 0.0)
    some = case.observations(range(0, len(case.problem), 2))
    answer = answer_to(case, some, lipschitz=case.lipschitz, slack=0.0)
    assert answer.guarantee == "none"
    broken = next(f for f in answer.ledger if isinstance(f, Monotone))
    assert broken.status is Status.VIOLATED
    assert broken.worst_ratio > 1


def test_an_estimated_constant_certifies_only_after_it_was_tested() -> None:
    case = random_case(13, max_points=2000)
    steps = run(case, epsilon=0.25)
    dimensions = int(case.problem.matters.sum())
    assert steps[0].lipschitz is None
    known = [s for s in steps if s.lipschitz is not None]
    assert all(s.certified_epsilon is None for s in known[:dimensions])
    assert all((b.lipschitz >= a.lipschitz).all() for a, b in itertools.pairwise(known))
    assert steps[-1].certified_epsilon is not None


def test_a_diverged_training_neither_covers_nor_bounds() -> None:
    case = random_case(4, max_points=60)
    bad = {1, 5}

    def evaluate(index: int) -> Observation:
        return Observation.excluded() if index in bad else case.evaluate(index)

    observations = {i: evaluate(i) for i in range(len(case.problem))}
    answer = answer_to(case, observations, goal="exhaustive")
    assert set(answer.excluded.tolist()) == bad
    assert not bad & {answer.best, *answer.front.tolist(), *answer.cover.tolist()}
    alone = answer_to(case, {1: Observation.excluded()}, lipschitz=case.lipschitz)
    assert (alone.best, alone.certified_epsilon, alone.guarantee) == (None, None, "none")


def test_nothing_that_was_handed_in_is_changed() -> None:
    case = random_case(5)
    before = case.problem.coordinates.copy()
    known = case.observations([0, 3])
    run(case, known=known, budget=9)
    assert list(known) == [0, 3]
    assert (case.problem.coordinates == before).all()
    with pytest.raises(ValueError, match="read-only"):
        case.problem.size[0] = 1.0


@laws
@given(st.integers(0, 10_000), st.sampled_from(["cover", "best"]))
def test_the_certified_epsilon_can_be_asked_for(seed: int, goal: str) -> None:
    case = random_case(seed, max_points=120)
    question = Question(
        goal=goal, lipschitz=case.lipschitz, epsilon=2.0 if goal == "cover" else 0.9
    )
    steps = certified_search(case.problem, case.evaluate, question=question)
    known = {step.index: step.observation for step in steps}
    epsilon = solve(case.problem, known, question=question).certified_epsilon
    if epsilon is None or epsilon < 1e-6:
        return
    answer = solve(case.problem, known, question=replace(question, epsilon=epsilon))
    assert answer.is_certified
    assert answer.certified_epsilon == epsilon
    assert goal == "best" or is_covered(case, answer.cover, epsilon)
