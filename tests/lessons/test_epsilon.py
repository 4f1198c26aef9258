"""Lesson 3: the recorded searches are today's, keep their promise, and miss the needle."""

import numpy as np
import pytest

from bort.lessons.epsilon import toy
from bort.lessons.epsilon.frames import fine, run
from bort.lessons.epsilon.numbers import numbers
from bort.lessons.recorded import read
from bort.search.loop import certified_search

RUNS = read("epsilon")["runs"]
NEEDLES = read("epsilon")["needles"]


def name(one: dict) -> str:
    return f"{one['epsilon']}-{'given' if one['given'] else 'estimated'}"


RECOMPUTED = [one for one in RUNS if len(one["picks"]) < 13]


@pytest.mark.parametrize("one", RECOMPUTED, ids=name)
def test_recorded_searches_are_those_of_today(one: dict) -> None:
    today = run(toy.question(one["epsilon"], is_given=one["given"]))
    assert today["picks"] == one["picks"]
    for here, there in zip(today["steps"], one["steps"], strict=True):
        for key in ("next", "why", "certifies", "bound", "covered"):
            assert here[key] == there[key]
        assert here["certified"] == pytest.approx(there["certified"], abs=1e-3)
        assert (here["lower"] is None) == (there["lower"] is None)
        if here["lower"] is not None:
            np.testing.assert_allclose(here["lower"], there["lower"], atol=2e-4)


def test_the_finer_toy_is_that_of_today() -> None:
    assert read("epsilon")["fine"] == fine()


@pytest.mark.parametrize("one", [one for one in RUNS if one["given"]], ids=name)
def test_with_the_true_lambda_every_step_is_true(one: dict) -> None:
    """Check by the plain definition: each witness is close enough, no error is below its bound."""
    problem, errors = toy.problem(), toy.errors()
    factor = (1 + one["epsilon"]) * (1 + 1e-9)
    for step in one["steps"]:
        for index, by in enumerate(step["covered"]):
            if by >= 0:
                assert problem.size[by] <= factor * problem.size[index]
                assert problem.latency[by] <= factor * problem.latency[index]
                assert errors[by] <= factor * errors[index]
        if step["lower"] is not None:
            assert (np.array(step["lower"]) <= errors + 1e-4).all()
    last = one["steps"][-1]
    assert -1 not in last["covered"]
    assert last["certified"] <= one["epsilon"]
    assert len(one["picks"]) <= last["bound"]


def test_the_known_lambda_is_the_smallest_true_one() -> None:
    problem, logs = toy.problem(), np.log(toy.errors())
    rows = np.arange(len(problem))
    gaps = np.abs(logs[:, None] - logs[None, :])
    for less in (0.0, 0.011):
        lipschitz = np.array(toy.true_lipschitz()) - less
        reach = problem.distance(rows, rows, lipschitz)
        assert (gaps <= reach + 1e-12).all() == (less == 0.0)


def beyond(needle: int, members: list[int]) -> list[int]:
    """The architectures without a member within 1+ε of them, by the plain definition."""
    problem, errors = toy.problem(), toy.errors(needle)
    factor = (1 + NEEDLES["epsilon"]) * (1 + 1e-9)
    costs = np.column_stack([problem.size, problem.latency, errors])
    fits = (costs[members][None, :, :] <= factor * costs[:, None, :]).all(axis=2)
    return np.flatnonzero(~fits.any(axis=1)).tolist()


def test_a_needle_that_the_search_never_trains_breaks_its_certificate() -> None:
    unseen = [i for i, place in enumerate(NEEDLES["places"]) if not place["seen"]]
    assert sorted({*unseen, *NEEDLES["picks"]}) == list(range(len(toy.SPACE)))
    for needle in unseen:
        assert NEEDLES["places"][needle]["uncovered"] == beyond(needle, NEEDLES["members"])
        assert needle in NEEDLES["places"][needle]["uncovered"]


def test_a_needle_that_the_search_trains_makes_it_careful() -> None:
    needle = NEEDLES["picks"][1]
    seen = toy.observe(needle)
    question = toy.question(NEEDLES["epsilon"], is_given=False)
    steps = list(certified_search(toy.problem(), seen.__getitem__, question=question))
    place = NEEDLES["places"][needle]
    assert place == {"seen": True, "evaluations": len(steps), "uncovered": []}
    assert len(steps) > len(NEEDLES["picks"])


def test_each_audit_draws_every_untrained_network_once() -> None:
    untrained = set(range(len(toy.SPACE))) - set(NEEDLES["picks"])
    assert len(untrained) == NEEDLES["population"]
    for order in NEEDLES["orders"]:
        assert len(order) == len(untrained)
        assert set(order) == untrained
    assert len({tuple(order) for order in NEEDLES["orders"]}) == len(NEEDLES["orders"])
    clean, one_failed = NEEDLES["at_most"]
    assert clean[-1] == 0
    assert one_failed[-1] == 1


def test_what_the_words_say() -> None:
    found = numbers()
    assert found["known"] < found["estimated"]
    assert found["fine"]["trained"] <= found["few"]["trained"] + 5
    assert found["needle"]["wrong"] == found["needle"]["hidden"]
