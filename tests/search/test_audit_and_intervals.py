import numpy as np
import pytest
from scipy.stats import hypergeom
from search_cases import bert_like

from bort.core.evaluation import Evaluation
from bort.core.question import Question
from bort.search import Observation, Population, certified_search, observation_of, solve
from bort.search.audit import audited, draw, judge_audit, plan_audit, uncovered_bound
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


def answered(case, **asked):
    question = Question(lipschitz=case.lipschitz, **asked)
    steps = certified_search(case.problem, case.evaluate, question=question)
    known = {s.index: s.observation for s in steps}
    return known, solve(case.problem, known, question=question)


QUESTION = Question()


def planned(case, answer, *, question=QUESTION, **options):
    return plan_audit(
        answer, question=question, space_size=len(case.problem), **({"seed": 1} | options)
    )


def test_an_audit_tests_the_cover_itself() -> None:
    case = bert_like()
    known, answer = answered(case, epsilon=0.25)
    plan = planned(case, answer, count=20)
    assert not set(plan.drawn) & set(known)
    assert judge_audit(case.problem, plan, known) is None
    everything = known | case.observations(plan.drawn)
    result = judge_audit(case.problem, plan, everything)
    assert (result.failed, len(plan.drawn), plan.alpha) == ((), 20, 0.025)
    assert result.population == len(case.problem) - len(known)
    assert result.uncovered_at_most < result.population
    second = planned(case, answer, count=20, number=2, passed_over=plan.drawn)
    assert second.alpha == 0.0125
    assert not set(second.drawn) & set(plan.drawn)
    later = judge_audit(case.problem, second, known | case.observations(second.drawn))
    assert later.population == result.population - 20
    assert planned(case, answer, count=999).drawn == tuple(
        sorted(set(range(len(case.problem))) - set(known))
    )


def test_the_draw_is_uniform_and_can_be_repeated() -> None:
    hits = np.zeros(40)
    for seed in range(600):
        drawn = draw(40, 8, evaluated=range(8), passed_over=[9], key=(seed, 1))
        assert len(set(drawn)) == 8
        hits[list(drawn)] += 1
    assert hits[:8].sum() == hits[9] == 0
    expected = 600 * 8 / 31
    rest = hits[[8, *range(10, 40)]]
    assert ((rest - expected) ** 2 / expected).sum() < 60  # chi-squared with 30 degrees: 59.7


def test_what_is_not_covered_fails_the_audit_and_takes_the_claim_back() -> None:
    case = bert_like()
    known, answer = answered(case, epsilon=0.25)
    assert answer.guarantee == "proved"
    plan = planned(case, answer, count=10)
    worse = {i: Observation.of(0.001) for i in plan.drawn[:2]}
    seen = known | case.observations(plan.drawn) | worse
    result = judge_audit(case.problem, plan, seen)
    assert set(result.failed) == set(worse)
    found = audited(
        case.problem, answer, seen, [result], question=Question(lipschitz=case.lipschitz)
    )
    assert (found.guarantee, found.certified_epsilon, found.cover) == ("none", None, None)
    assert [e.status for e in found.ledger].count("violated") == 2
    assert (found.front == answer.front).all()
    diverged = known | case.observations(plan.drawn) | {plan.drawn[0]: Observation.excluded()}
    kept = judge_audit(case.problem, plan, diverged)
    assert kept.failed == plan.drawn[:1]
    left = audited(
        case.problem, answer, diverged, [kept], question=Question(lipschitz=case.lipschitz)
    )
    assert (left.guarantee, left.ledger[-1].status) == ("proved", "checked")


def test_an_audit_of_the_best_tests_w() -> None:
    case = bert_like()
    known, answer = answered(case, goal="best", epsilon=0.1)
    plan = planned(case, answer, question=Question(goal="best", epsilon=0.1), count=15)
    assert plan.members == (answer.best,)
    good = judge_audit(case.problem, plan, known | case.observations(plan.drawn))
    assert good.failed == ()
    better = {i: Observation.of(1e-6) for i in plan.drawn}
    bad = judge_audit(case.problem, plan, known | better)
    assert len(bad.failed) == len([i for i in plan.drawn if i != len(case.problem) - 1])


def test_population_intervals_hold_at_their_confidence() -> None:
    rng, n, truth = np.random.default_rng(2), 300, 0.2
    missed = 0
    for _ in range(300):
        rate = rng.binomial(n, truth) / n
        seen = observation_of([Evaluation(rate, 0.0, n)], population=Population(0.9, 1))
        missed += not seen.lower <= truth <= seen.upper
    assert missed <= 30 + 3 * np.sqrt(300 * 0.09)


def test_several_seeds_are_averaged_and_diverged_ones_left_out() -> None:
    good, bad = Evaluation(0.2, 0.01, 500), Evaluation(0.5, 0.02, 500, diverged=True)
    seen = observation_of([good, bad, Evaluation(0.3, 0.01, 500, seed=1)])
    assert (seen.error, seen.lower, seen.upper) == (0.25, 0.25, 0.25)
    assert observation_of([bad]).is_excluded
    wide = observation_of([good, good], population=Population(0.95, 100))
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
        certified_search(
            case.problem,
            noisy,
            question=Question(goal="best", epsilon=0.5, lipschitz=case.lipschitz),
        )
    )
    assert steps[-1].reason == "limited by noise"


def test_the_nugget_grows_with_what_seeds_change() -> None:
    assert nugget_from_seeds([[0.2], [0.3]]) == 0.0
    many, few = nugget_from_seeds([[0.2, 0.22]] * 9), nugget_from_seeds([[0.2, 0.22]])
    assert many < few  # Student's quantile
    small, large = nugget_from_seeds([[0.20, 0.21]]), nugget_from_seeds([[0.20, 0.30]])
    assert 0 < small < large
