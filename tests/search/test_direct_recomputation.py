"""Incremental bookkeeping against the definitions, and both against known numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from search_cases import random_case

from bort.core.question import Question
from bort.search import Observation, SearchProblem, certified_search
from bort.search.check.case import read_case
from bort.search.check.certificate import certificate_of
from bort.search.lipschitz import LipschitzEstimate
from bort.search.packing import cover_bound, product_bound

laws = settings(max_examples=15, deadline=None, derandomize=True)


@laws
@given(st.integers(0, 10_000), st.booleans(), st.sampled_from([0.0, 0.02]))
def test_the_anytime_epsilon_is_that_of_the_definition(seed, monotone, nugget) -> None:
    case = random_case(seed, max_points=200, slack=0.2)
    rng = np.random.default_rng(seed)
    width = rng.choice([0.0, 0.1], size=len(case.problem))
    diverges = rng.random(len(case.problem)) < 0.2

    def evaluate(index: int) -> Observation:
        if diverges[index]:
            return Observation.excluded()
        error = float(case.errors[index])
        return Observation(error, error * (1 - width[index]), error * (1 + width[index]))

    question = Question(
        lipschitz=case.lipschitz, slack=0.5 if monotone else None, nugget=nugget, epsilon=0.03
    )
    observations: dict[int, Observation] = {}
    for step in certified_search(case.problem, evaluate, question=question, budget=12):
        observations[step.index] = step.observation
        direct = read_case(certificate_of(case.problem, observations, question=question)).direct
        everyone = np.arange(len(case.problem))
        expected = float(np.expm1(direct.gaps(everyone, direct.rows.tolist()).max()))
        if step.certified_epsilon is None:
            assert expected == np.inf or direct.monotone_record()[1] > 0
        else:
            assert step.certified_epsilon == pytest.approx(expected, rel=1e-9, abs=1e-12)


@laws
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1]))
def test_the_estimate_is_the_cheapest_envelope(seed, nugget) -> None:
    rng = np.random.default_rng(seed)
    dimensions, count = int(rng.integers(1, 5)), int(rng.integers(2, 25))
    x = rng.integers(0, 4, (count, dimensions)) * rng.choice([0.1, 1.0], dimensions)
    log_errors = -rng.random(count) * rng.choice([0.1, 1.0])
    problem = SearchProblem(tuple("abcd"[:dimensions]), x, np.ones(count), np.ones(count))
    estimate = LipschitzEstimate(problem, Question(nugget=nugget))
    for index, value in enumerate(np.exp(log_errors)):
        estimate.observe(index, Observation.of(float(value)))
    rows = np.flatnonzero(problem.matters)
    pairs = np.array([(i, j) for i in range(count) for j in range(i) if (x[i] != x[j]).any()])
    if not len(pairs) or not len(rows):
        return
    steps = np.abs(x[pairs[:, 0]] - x[pairs[:, 1]])[:, rows]
    gaps = np.abs(log_errors[pairs[:, 0]] - log_errors[pairs[:, 1]]) - nugget
    expected = linprog(problem.extents[rows], A_ub=-steps, b_ub=-gaps).fun
    assert problem.extents[rows] @ estimate.envelope_slopes == pytest.approx(expected, abs=1e-8)


def test_the_bound_is_the_product_of_the_cells() -> None:
    x = np.log([(a, b) for a in (1, 2, 4, 8) for b in (1, 2)])
    problem = SearchProblem(
        ("depth", "hidden"),
        x,
        np.exp(x.sum(axis=1)),
        np.ones(8),
        size_elasticity=np.ones(2),
        latency_elasticity=np.zeros(2),
    )
    # K=2, μ=1, δ=ln 4: ⌈2·ln 8/ln 4⌉ = 3 of 4 values, ⌈2·ln 2/ln 4⌉ = 1.
    delta = float(np.log(4))
    assert product_bound(problem, delta=delta, lipschitz=np.zeros(2)) == 3
    assert cover_bound(problem, epsilon=3.0, lipschitz=np.zeros(2)) <= 3
    assert cover_bound(problem, epsilon=3.0, lipschitz=np.zeros(2), nugget=9.0) == 8


def test_a_wrong_observation_is_refused() -> None:
    from bort.core.errors import InvalidOptionError

    with pytest.raises(InvalidOptionError, match="floor errors of 0"):
        Observation.of(0.0)
    assert Observation.of(0.0, n=100).error == 0.005
    with pytest.raises(InvalidOptionError, match="not evaluated before"):
        list(
            certified_search(
                SearchProblem(("a",), np.zeros((1, 1)), np.ones(1), np.ones(1)),
                lambda _: Observation.of(0.1),
                question=Question(),
                known={3: Observation.of(0.1)},
            )
        )
