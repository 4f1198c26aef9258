import numpy as np
import pytest
from scipy.stats import hypergeom
from search_cases import bert_like

from bort.errors import InvalidOptionError
from bort.evaluation import Evaluation
from bort.search import certified_search, observation_of, solve
from bort.search.audit import audit_cover, draw_for_audit, uncovered_bound, unevaluated
from bort.search.intervals import bounded_mean_interval, nugget_from_seeds


@pytest.mark.parametrize(("drawn", "failed"), [(30, 0), (59, 0), (30, 2), (10, 10)])
def test_the_audit_bound_is_the_largest_count_not_refuted(drawn: int, failed: int) -> None:
    bound = uncovered_bound(300, drawn, failed)
    assert hypergeom.cdf(failed, 300, bound, drawn) > 0.05
    if bound < 300:
        assert hypergeom.cdf(failed, 300, bound + 1, drawn) <= 0.05


def test_the_audit_bound_holds_in_95_percent_of_draws() -> None:
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(400):
        uncovered = int(rng.integers(0, 60))
        failed = int(rng.hypergeometric(uncovered, 200 - uncovered, 25))
        wrong += uncovered > uncovered_bound(200, 25, failed)
    assert wrong <= 0.05 * 400 + 3 * np.sqrt(400 * 0.05 * 0.95)


def test_an_audit_tests_the_cover_itself() -> None:
    case = bert_like()
    options = {"lipschitz": case.lipschitz, "epsilon": 0.25}
    known = {
        s.index: s.observation for s in certified_search(case.problem, case.evaluate, **options)
    }
    answer = solve(case.problem, known, **options)
    left = unevaluated(case.problem, known)
    drawn = draw_for_audit(left, 20, rng=np.random.default_rng(1))
    cover = {int(i): known[int(i)] for i in answer.cover}
    result = audit_cover(
        case.problem, cover, case.observations(drawn), epsilon=0.25, population=len(left)
    )
    assert (result.failed, result.drawn, result.alpha) == ((), 20, 0.05)
    assert "20 of" in result.statement
    second = audit_cover(
        case.problem,
        cover,
        case.observations(drawn),
        epsilon=0.25,
        population=len(left),
        earlier_audits=1,
    )
    assert second.alpha == 0.025
    assert second.uncovered_at_most >= result.uncovered_at_most
    nothing = audit_cover(
        case.problem, {}, case.observations(drawn), epsilon=0.25, population=len(left)
    )
    assert len(nothing.failed) == 20
    with pytest.raises(InvalidOptionError, match="are left"):
        draw_for_audit(left, len(left) + 1, rng=np.random.default_rng(1))


def test_population_intervals_hold_at_their_confidence() -> None:
    rng, n, truth = np.random.default_rng(2), 300, 0.2
    missed = 0
    for _ in range(300):
        rate = rng.binomial(n, truth) / n
        seen = observation_of([Evaluation(rate, 0.0, n)], confidence=0.9)
        missed += not seen.lower <= truth <= seen.upper
    assert missed <= 30 + 3 * np.sqrt(300 * 0.09)


def test_several_seeds_are_averaged_and_diverged_ones_left_out() -> None:
    good, bad = Evaluation(0.2, 0.01, 500), Evaluation(0.5, 0.02, 500, diverged=True)
    seen = observation_of([good, bad, Evaluation(0.3, 0.01, 500, seed=1)])
    assert (seen.error, seen.lower, seen.upper) == (0.25, 0.25, 0.25)
    assert observation_of([bad]).is_excluded
    wide = observation_of([good, good], confidence=0.95, comparisons=100)
    assert wide.lower < 0.2 < wide.upper
    assert observation_of([Evaluation(0.0, 0.0, 200)]).is_floored


def test_the_interval_of_a_bounded_mean_contains_the_binomial_one() -> None:
    low, high = bounded_mean_interval(0.2, 400, alpha=0.05)
    assert 0.1 < low < 0.2 < high < 0.3
    assert bounded_mean_interval(0.0, 400, alpha=0.05)[0] == 0.0


def test_wide_intervals_end_the_search_for_the_best_with_limited_by_noise() -> None:
    from bort.search import Observation

    case = bert_like()

    def noisy(index: int) -> Observation:
        error = float(case.errors[index])
        return Observation(error, error * 0.5, error * 2)

    steps = list(
        certified_search(case.problem, noisy, goal="best", epsilon=0.5, lipschitz=case.lipschitz)
    )
    assert steps[-1].reason == "limited by noise"


def test_the_nugget_grows_with_what_seeds_change() -> None:
    assert nugget_from_seeds([[0.2], [0.3]]) == 0.0
    small, large = nugget_from_seeds([[0.20, 0.21]]), nugget_from_seeds([[0.20, 0.30]])
    assert 0 < small < large
