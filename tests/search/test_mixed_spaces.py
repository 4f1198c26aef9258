"""Spaces of several families: what one family's errors say about another's is nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_cases import is_covered, mixed_case, random_case

from bort.core.errors import InvalidSpaceError
from bort.core.question import Question
from bort.search import Observation, SearchProblem, certified_search, solve
from bort.search.check.certificate import certificate_of
from bort.search.check.verify import verify
from bort.search.guide.design import first_design
from bort.search.lipschitz import SAFETY_FACTOR, LipschitzEstimate
from bort.search.packing import cover_bound
from bort.search.w_coefficient import w_coefficient

laws = settings(max_examples=15, deadline=None, derandomize=True)
seeds, epsilons = st.integers(0, 10_000), st.floats(0.05, 0.6)


def search(case, question: Question, **options):
    steps = list(certified_search(case.problem, case.evaluate, question=question, **options))
    return steps, case.observations(s.index for s in steps)


@settings(laws, max_examples=60)
@given(seeds, epsilons, st.booleans())
def test_with_a_given_lambda_a_mixed_space_is_always_covered(seed, epsilon, monotone) -> None:
    case = mixed_case(seed, slack=0.2)
    slack = case.slack if monotone else None
    question = Question(epsilon=epsilon, lipschitz=case.lipschitz, slack=slack)
    steps, known = search(case, question)
    assert steps[-1].reason == "certified"
    assert steps[-1].evaluations <= steps[-1].evaluation_bound <= len(case.problem)
    for count, step in enumerate(steps, start=1):
        if step.certified_epsilon is not None:
            assert is_covered(case, list(known)[:count], step.certified_epsilon)
    answer = solve(case.problem, known, question=question)
    assert is_covered(case, answer.cover, epsilon)
    assert verify(certificate_of(case.problem, known, question=question)) == []


@laws
@given(seeds, epsilons)
def test_with_a_given_lambda_the_best_w_is_that_of_the_union(seed, epsilon) -> None:
    case = mixed_case(seed)
    question = Question(goal="best", epsilon=epsilon, lipschitz=case.lipschitz)
    steps, known = search(case, question)
    assert steps[-1].reason == "certified"
    assert steps[-1].evaluations <= steps[-1].evaluation_bound
    answer = solve(case.problem, known, question=question)
    problem = case.problem
    w = w_coefficient(problem.size, problem.latency, case.errors, weights=(1, 1, 1))
    assert w[answer.best] >= (1 - epsilon) * w.max() * (1 - 1e-9)
    assert verify(certificate_of(problem, known, question=question)) == []


@laws
@given(seeds, st.sampled_from(["cover", "best"]), st.booleans(), st.integers(4, 30))
def test_an_estimated_lambda_verifies_after_every_stop(seed, goal, diverges, after) -> None:
    case = mixed_case(seed)
    rng = np.random.default_rng(seed)
    fails = (rng.random(len(case.problem)) < 0.15) & diverges

    def evaluate(index: int) -> Observation:
        if fails[index]:
            return Observation.excluded()
        errors = case.errors[index] * np.array([0.98, 1.02])
        error = float(errors.mean())
        return Observation(error, error, error, repeats=tuple(errors.tolist()))

    question = Question(goal=goal, epsilon=0.3)
    known = {}
    for step in certified_search(case.problem, evaluate, question=question):
        known[step.index] = step.observation
        if len(known) == after:
            assert verify(certificate_of(case.problem, known, question=question)) == []
    assert step.done
    assert verify(certificate_of(case.problem, known, question=question)) == []
    if len(known) > after:
        first = dict(list(known.items())[:after])
        resumed = certified_search(case.problem, evaluate, question=question, known=first)
        assert [s.index for s in resumed] == list(known)[after:]


@laws
@given(seeds)
def test_each_family_has_the_lambda_that_it_would_have_alone(seed) -> None:
    case = mixed_case(seed)
    problem, rng = case.problem, np.random.default_rng(seed)
    whole = LipschitzEstimate(problem, Question(nugget=0.0))
    alone = [LipschitzEstimate(part, Question(nugget=0.0)) for _, part in problem.parts]
    for index in rng.permutation(len(problem)):
        whole.observe(int(index), case.evaluate(int(index)))
        place = next(k for k, (rows, _) in enumerate(problem.parts) if index in rows)
        row = int(np.flatnonzero(problem.parts[place][0] == index)[0])
        alone[place].observe(row, case.evaluate(int(index)))
    sums = {}
    for (_, part), one in zip(problem.parts, alone, strict=True):
        if one.in_force is not None and part.matters.any():
            own = part.matters
            sums[tuple(own)] = one.envelope_slopes @ part.extents[own]
    slopes = np.zeros(len(problem.names))
    slopes[problem.matters] = whole.envelope_slopes
    for own, cost in sums.items():  # a linear programme can have several solutions of one cost
        assert slopes[list(own)] @ problem.extents[list(own)] == pytest.approx(cost, abs=1e-9)
    assert whole.pairs == sum(one.pairs for one in alone)
    assert whole.in_force is None or (whole.in_force >= SAFETY_FACTOR * slopes - 1e-9).all()


def test_bounds_of_families_add_and_designs_alternate() -> None:
    case = mixed_case(5)
    problem, given_ = case.problem, np.array(case.lipschitz)
    bounds = [cover_bound(part, epsilon=0.2, lipschitz=given_) for _, part in problem.parts]
    assert cover_bound(problem, epsilon=0.2, lipschitz=given_) == sum(bounds)
    first = first_design(problem)
    assert len(set(problem.families[first[: len(problem.parts)]].tolist())) == len(problem.parts)


def test_spot_checks_begin_where_the_verifier_expects_them() -> None:
    """A dimension with one value in its family is no dimension, though other families have 0."""
    few = random_case(3, max_points=30).problem
    one = np.column_stack([few.coordinates, np.ones(len(few)), np.zeros(len(few))])
    other = np.column_stack([np.zeros_like(few.coordinates), np.zeros(len(few)), few.size])
    problem = SearchProblem(
        (*few.names, "a.width", "b.size"),
        np.concatenate([one, other]),
        np.tile(few.size, 2),
        np.concatenate([few.latency, 1.1 * few.latency]),
        label=str,
        scales=("linear",) * (len(few.names) + 2),
        is_paired=False,
        families=np.repeat([0, 1], len(few)),
    )
    question = Question(epsilon=0.02, spot_checks=0.5)
    steps = certified_search(
        problem,
        lambda i: Observation.of(0.1 + 0.3 * ((7 * i) % 11) / 11),
        question=question,
        budget=24,
    )
    known = {step.index: step.observation for step in steps}
    assert verify(certificate_of(problem, known, question=question)) == []


def test_a_family_of_one_architecture_needs_no_lambda() -> None:
    case = random_case(3, max_points=30)
    few = case.problem
    wide = np.zeros((len(few) + 1, len(few.names) + 1))
    wide[:-1, :-1] = few.coordinates
    problem = SearchProblem(
        (*few.names, "other.depth"),
        wide,
        np.append(few.size, 1.0),
        np.append(few.latency, 1.0),
        families=np.append(np.zeros(len(few), int), 1),
    )
    errors = np.append(case.errors, 0.9)
    question = Question(epsilon=0.2, lipschitz=(*case.lipschitz, 0.1))
    steps = list(
        certified_search(problem, lambda i: Observation.of(float(errors[i])), question=question)
    )
    assert len(few) in [s.index for s in steps]  # nothing else is as small, so nothing covers it
    assert steps[-1].reason == "certified"


def test_a_dimension_belongs_to_one_family() -> None:
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    with pytest.raises(InvalidSpaceError, match="varies in two families"):
        SearchProblem(("a",), x, x[:, 0] + 1, x[:, 0] + 1, families=np.array([0, 0, 1, 1]))
    with pytest.raises(InvalidSpaceError, match="families need 4 numbers"):
        SearchProblem(("a",), x, x[:, 0] + 1, x[:, 0] + 1, families=np.array([0, 1]))


def test_a_certificate_without_its_families_does_not_verify() -> None:
    case = mixed_case(11)
    question = Question(epsilon=0.2, lipschitz=case.lipschitz)
    _, known = search(case, question)
    certificate = certificate_of(case.problem, known, question=question)
    families = certificate["space"]["families"]
    certificate["space"]["families"] = [0] * len(families)
    assert verify(certificate)
