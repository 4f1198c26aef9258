import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_cases import bert_like

from bort.search.guide.surrogate import expected_gain, predict_log_error
from bort.search.pareto import hypervolume


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 8), values=st.integers(2, 6))
def test_a_certain_error_gains_what_the_hypervolume_gains(seed, count, values):
    rng = np.random.default_rng(seed)
    front = rng.integers(1, values + 1, (count, 3)).astype(float)  # with ties, and some on the edge
    points = rng.integers(1, values + 1, (5, 3)).astype(float)
    ref = np.full(3, float(values))
    gains = expected_gain(front, points[:, :2], np.log(points[:, 2]), np.zeros(5), ref=ref)
    now = hypervolume(front, ref=ref)
    true = [hypervolume(np.vstack([front, point]), ref=ref) - now for point in points]
    assert gains == pytest.approx(true, abs=1e-9)


def test_an_uncertain_error_gains_the_mean_over_its_distribution():
    rng = np.random.default_rng(0)
    front = rng.uniform(0.2, 0.9, (12, 3))
    costs, mean, deviation = np.array([[0.3, 0.4]]), np.log([0.4]), np.array([0.2])
    draws = np.exp(mean + deviation * rng.normal(size=(20_000, 1)))[:, 0]
    ref = np.ones(3)
    sure = expected_gain(
        front, np.repeat(costs, len(draws), axis=0), np.log(draws), np.zeros(len(draws)), ref=ref
    )
    assert expected_gain(front, costs, mean, deviation, ref=ref)[0] == pytest.approx(
        sure.mean(), rel=0.03
    )


def test_the_surrogate_learns_a_smooth_error_and_knows_how_well():
    case = bert_like()
    rng = np.random.default_rng(1)
    seen = rng.choice(len(case.problem), 12, replace=False)
    rest = np.setdiff1d(np.arange(len(case.problem)), seen)
    mean, deviation = predict_log_error(case.problem, case.observations(seen), rest)
    off = np.abs(mean - np.log(case.errors[rest]))
    assert np.median(off) < 0.02
    assert (off < 3 * deviation).mean() > 0.95


def test_how_bad_the_bad_ones_are_does_not_count_where_the_tail_is_cut():
    case = bert_like(noise=0.01)
    seen = case.observations(range(0, 280, 20))
    worst = max(seen, key=lambda i: seen[i].error)
    rows = np.arange(280)
    answers = []
    for error in (0.7, 0.9):
        seen[worst] = type(seen[worst]).of(error)
        answers.append(predict_log_error(case.problem, seen, rows, is_tail_cut=True)[0])
    assert answers[0] == pytest.approx(answers[1])


def test_without_evaluations_every_architecture_looks_alike():
    case = bert_like()
    mean, deviation = predict_log_error(case.problem, {}, np.arange(5))
    assert np.ptp(mean) == np.ptp(deviation) == 0
