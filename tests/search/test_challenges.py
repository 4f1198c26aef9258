"""Challenges: what would break a claim first, if its estimated λ were too small, is trained."""

import functools
import json
from dataclasses import replace

import numpy as np
import pytest
from search_cases import bert_like, mixed_case, random_case

from bort.core.question import Question
from bort.search import SearchProblem, certified_search, solve
from bort.search.challenges import most_fragile
from bort.search.check.certificate import certificate_of, digests
from bort.search.check.verify import verify
from bort.search.observation import Observation

CASE = bert_like(noise=0.01)
ASKED = Question(epsilon=0.25, challenges=4)


def searched(case=CASE, question=ASKED, evaluate=None):
    steps = certified_search(case.problem, evaluate or case.evaluate, question=question)
    return {step.index: step.observation for step in steps}


def challenges(case, known, question=ASKED) -> int:
    ledger = solve(case.problem, known, question=question).ledger
    return next(f.challenges for f in ledger if f.code == "lambda-estimated")


def test_the_most_fragile_needs_the_least_larger_lambda():
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    problem = SearchProblem(("d",), x, np.ones(4), np.ones(4))
    seen = {0: Observation.of(0.2), 3: Observation.of(0.1)}
    found = most_fragile(
        problem,
        seen,
        lipschitz=np.array([0.1]),
        nugget=0.0,
        thresholds=np.log([0.05, 0.05, 0.04, 1.0]),
    )
    # 1: max(ln 4 / 0.1, ln 2 / 0.2) = 13.9; 2: max(ln 5 / 0.2, ln 2.5 / 0.1) = 9.2
    assert found == 2
    nothing = np.full(4, -np.inf)
    assert most_fragile(problem, seen, lipschitz=np.ones(1), nugget=0, thresholds=nothing) is None


def test_a_claim_is_challenged_before_it_is_made():
    known = searched()
    assert challenges(CASE, known) == 4
    steps = list(certified_search(CASE.problem, CASE.evaluate, question=ASKED))
    assert [step.done for step in steps[-4:]] == [False, False, False, True]
    answer = solve(CASE.problem, dict(list(known.items())[:-1]), question=ASKED)
    assert (answer.is_certified, answer.cover, answer.ending) == (False, None, None)


def test_a_given_lambda_is_not_challenged():
    given = Question(epsilon=0.25, lipschitz=0.15)
    assert list(searched(question=given)) == list(searched(question=replace(given, challenges=4)))


def test_a_challenge_that_breaks_the_claim_raises_lambda_and_the_search_goes_on():
    case = random_case(5, max_points=60, slack=0.3)
    known = searched(case)
    hidden = list(known)[-1]
    errors = case.errors.copy()
    errors[hidden] /= 3
    worse = replace(case, errors=errors)
    found = searched(worse)
    assert list(found)[: len(known)] == list(known)
    assert len(found) > len(known)
    assert verify(certificate_of(worse.problem, found, question=ASKED)) == []


@pytest.mark.parametrize("goal", ["cover", "best"])
@pytest.mark.parametrize("make", [random_case, mixed_case], ids=lambda f: f.__name__)
def test_verify_derives_the_challenges_again(make, goal):
    for seed in range(2):
        case = make(seed, max_points=30, slack=0.2)
        question = Question(epsilon=0.2, goal=goal, challenges=3)

        def evaluate(index, case=case):
            return Observation.excluded() if index % 11 == 5 else case.evaluate(index)

        known = searched(case, question, evaluate)
        assert verify(certificate_of(case.problem, known, question=question)) == []
        half = dict(list(known.items())[: len(known) // 2])
        assert verify(certificate_of(case.problem, half, question=question)) == []
        steps = certified_search(case.problem, evaluate, question=question, known=half)
        assert [*half, *(step.index for step in steps)] == list(known)


@functools.cache
def written() -> str:
    return json.dumps(certificate_of(CASE.problem, searched(), question=ASKED))


def _fact(c):
    return next(f for f in c["claim"]["ledger"] if f["code"] == "lambda-estimated")


def _without_the_last(c):
    c["evaluations"].pop()
    c["claim"]["evaluations"] -= 1


def _more_said(c):
    _fact(c)["challenges"] = 5


def _more_asked(c):
    c["question"]["challenges"] = 5
    _fact(c)["challenges"] = 5


def _none_asked(c):
    c["question"]["challenges"] = None


def _an_easy_one_instead(c):
    known = {row["index"] for row in c["evaluations"]}
    easy = next(i for i in range(c["space"]["count"]) if i not in known)
    error = float(CASE.errors[easy])
    c["evaluations"][-1].update(index=easy, label=str(easy), error=error, lower=error, upper=error)


def _a_later_envelope_without_slopes(c):
    c["assumptions"]["envelopes"][-1][1] = []


@pytest.mark.parametrize(
    "tamper",
    [
        _a_later_envelope_without_slopes,
        _without_the_last,
        _more_said,
        _more_asked,
        _none_asked,
        _an_easy_one_instead,
    ],
    ids=lambda f: f.__name__.strip("_"),
)
def test_forgeries_fail(tamper):
    content = json.loads(written())
    assert verify(content) == []
    tamper(content)
    content["digests"] = digests(content)
    assert verify(content)
