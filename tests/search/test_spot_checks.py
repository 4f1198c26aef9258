"""Spot checks: random draws between the picks, and what they say at every moment without λ."""

import functools
import json

import numpy as np
import pytest
from scipy.stats import hypergeom
from search_cases import bert_like, random_case

from bort.core.question import Question
from bort.search import Observation, certified_search, solve
from bort.search.check.certificate import certificate_of, digests, read_certificate
from bort.search.check.verify import verify
from bort.search.facts import SpotChecked
from bort.search.spot_checks import (
    LEVELS,
    STAKES,
    WAITS,
    Draw,
    SpotChecks,
    draw_gaps,
    least_gap,
    random_order,
    spot_checks_for,
)

CASE = bert_like(noise=0.01)
QUESTION = Question(epsilon=0.02, spot_checks=0.5)


def searched(case=CASE, question=QUESTION, budget=110, evaluate=None):
    evaluate = evaluate or case.evaluate
    steps = certified_search(case.problem, evaluate, question=question, budget=budget)
    return {step.index: step.observation for step in steps}


def fact_of(case, known, question) -> SpotChecked:
    facts = solve(case.problem, known, question=question).ledger
    return next(fact for fact in facts if isinstance(fact, SpotChecked))


def test_the_bets_cost_nothing_and_the_errors_of_all_statements_add_up_to_5_percent():
    assert sum(WAITS.values()) == pytest.approx(1)
    assert sum(STAKES.values()) == pytest.approx(1)
    assert sum(LEVELS.values()) == pytest.approx(0.05)


def test_every_second_training_is_the_next_of_a_fixed_random_order():
    known = list(searched())
    checks = spot_checks_for(CASE.problem, QUESTION)
    draws = checks.draws(known)
    assert [d.architecture for d in draws] == list(random_order(280, 0)[: len(draws)])
    trained = [d for d in draws if d.architecture not in known[: d.before]]
    assert [known[d.before] for d in trained] == [d.architecture for d in trained]
    assert {d.before for d in draws} == set(range(checks.first + 1, 110, 2))
    assert checks.total(80) == 80 + sum(checks.is_due(m) for m in range(checks.total(80)))


def test_the_order_is_uniform():
    first = [random_order(6, key)[0] for key in range(600)]
    counts = np.bincount(first, minlength=6)
    assert ((counts - 100) ** 2 / 100).sum() < 20.5  # chi-squared, 5 degrees of freedom, 0.1%


def test_a_search_that_is_resumed_draws_the_same():
    whole = searched(budget=60)
    half = dict(list(whole.items())[:31])
    steps = certified_search(CASE.problem, CASE.evaluate, question=QUESTION, budget=60, known=half)
    assert [*half, *(step.index for step in steps)] == list(whole)


def test_evaluations_that_nobody_drew_do_not_count():
    unasked = searched(question=Question(epsilon=0.02), budget=60)
    assert fact_of(CASE, unasked, QUESTION).drawn <= 2  # by chance, 1 of 280 each time


def test_one_evaluated_before_needs_no_training_and_counts_as_covered():
    checks = SpotChecks(share=0.5, space_size=10, first=2)
    order = random_order(10, 0)
    known = [order[0], order[5], order[6], order[1]]
    assert checks.draws(known) == [Draw(3, order[0]), Draw(3, order[1])]
    seen = dict.fromkeys(known, Observation.of(0.2))
    gaps = draw_gaps(CASE.problem, seen, checks.draws(known), Question())
    assert gaps[0] == 0


def test_a_draw_is_judged_by_what_came_before_it():
    problem, drawn = CASE.problem, 200
    seen = {279: Observation.of(0.2), drawn: Observation.of(0.1), 199: Observation.of(0.1)}
    gap = draw_gaps(problem, seen, [Draw(1, drawn)], Question())[0]
    ratios = [
        problem.size[279] / problem.size[drawn],
        problem.latency[279] / problem.latency[drawn],
    ]
    assert gap == pytest.approx(np.log(max(*ratios, 2.0)))
    seen[drawn] = Observation.excluded()
    assert draw_gaps(problem, seen, [Draw(1, drawn)], Question())[0] == np.inf


def test_draws_without_a_failure_refute_as_many_as_the_hypergeometric_test_does():
    """Never better than a test that looks once, and worse by the weight of one bet at most."""
    alpha, weight = 0.025, WAITS[0] * STAKES[1.0]
    for size, at_most in ((300, 15), (96, 4), (15_625, 781)):
        needed = next(
            n
            for n in range(1, size + 1)
            if least_gap(np.zeros(n), size, at_most=at_most, alpha=alpha) == 0
        )
        exact = [hypergeom.pmf(0, size, at_most + 1, n) for n in (needed - 1, needed)]
        assert exact[1] <= alpha < exact[0] / weight


@functools.cache
def written(goal: str = "cover") -> str:
    question = Question(epsilon=0.02, goal=goal, spot_checks=0.5)
    certificate = certificate_of(CASE.problem, searched(question=question), question=question)
    return json.dumps(certificate, allow_nan=False)


def certificate(goal: str = "cover"):
    return read_certificate(written(goal))


def stated(content):
    return next(f for f in content["claim"]["ledger"] if f["code"] == "spot-checked")


@pytest.mark.parametrize("goal", ["cover", "best", "exhaustive"])
def test_verify_derives_the_statements_again(goal):
    assert verify(certificate(goal)) == []
    assert stated(certificate(goal))["drawn"] > 30


@pytest.mark.parametrize("seed", range(0, 60, 5))
def test_verify_agrees_on_odd_spaces_and_diverged_trainings(seed):
    case = random_case(seed, max_points=120)
    question = Question(epsilon=0.02, spot_checks=0.7)

    def evaluate(index):
        return Observation.excluded() if index % 7 == 3 else case.evaluate(index)

    known = searched(case, question, budget=len(case.problem) - 1, evaluate=evaluate)
    assert verify(certificate_of(case.problem, known, question=question)) == []


def _smaller_epsilon(c):
    stated(c)["statements"][0]["epsilon"] /= 2


def _smaller_share(c):
    stated(c)["statements"][1]["at_most"] -= 1


def _more_drawn(c):
    stated(c)["drawn"] += 5


def _none_trained_for_it(c):
    stated(c)["trained"] = 0


def _no_doubt(c):
    stated(c)["statements"][1]["alpha"] = 0.0001


def _other_share_of_draws(c):
    c["question"]["spot_checks"] = 0.4


def _not_said(c):
    c["claim"]["ledger"].remove(stated(c))


def _judged_by_later_ones(c):
    """Move the first draw to the end, where more covers it."""
    checks = spot_checks_for(CASE.problem, QUESTION)
    c["evaluations"].append(c["evaluations"].pop(checks.first + 1))


def _better_error_of_a_draw(c):
    checks = spot_checks_for(CASE.problem, QUESTION)
    worst = checks.draws([e["index"] for e in c["evaluations"]])[0].before
    c["evaluations"][worst].update(error=0.9, lower=0.9, upper=0.9)


@pytest.mark.parametrize(
    "tamper",
    [
        _smaller_epsilon,
        _smaller_share,
        _more_drawn,
        _none_trained_for_it,
        _no_doubt,
        _other_share_of_draws,
        _not_said,
        _judged_by_later_ones,
        _better_error_of_a_draw,
    ],
    ids=lambda f: f.__name__.strip("_"),
)
def test_forgeries_fail(tamper):
    content = certificate()
    tamper(content)
    content["digests"] = digests(content)
    assert verify(content)


def test_picks_cannot_be_passed_off_as_draws():
    question = Question(epsilon=0.02)
    known = searched(question=question)
    content = json.loads(json.dumps(certificate_of(CASE.problem, known, question=question)))
    content["question"]["spot_checks"] = 0.5
    content["claim"]["ledger"].append(stated(certificate()))
    content["digests"] = digests(content)
    assert any("ledger" in line for line in verify(content))
