"""Lesson 2: the recorded family is that of the recorded table, and its front is right."""

import csv

import numpy as np
import pytest

from bort.families import SearchSpace
from bort.lessons.costs import family
from bort.lessons.costs.frames import HEADS, LANDMARKS, TABLE, frames
from bort.lessons.costs.numbers import numbers
from bort.lessons.recorded import read


@pytest.fixture(scope="module")
def found() -> dict:
    return numbers()


def test_the_recorded_frames_are_those_of_today() -> None:
    today = frames()
    assert TABLE.is_file()
    assert LANDMARKS.is_file()
    for name, value in read("costs").items():
        if name == "intervals":
            np.testing.assert_allclose(today[name], value, atol=1e-5)
        else:
            assert today[name] == value, name


def test_the_family_has_the_values_of_the_table(found: dict) -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = {
            f"{row['depth']}-{row['hidden']}-{row['intermediate']}": row
            for row in csv.DictReader(file)
            if row["heads"] == str(HEADS)
        }
    assert {one["id"] for one in found["networks"]} == rows.keys()
    for one in found["networks"]:
        row = rows[one["id"]]
        assert one["error"] == float(row["error_mean"])
        assert one["error"] == pytest.approx(np.mean(one["seeds"]), abs=2e-6)
        assert one["latency_low_ms"] <= one["latency_ms"] <= one["latency_high_ms"]


def test_what_is_trained_afresh_is_the_family(found: dict) -> None:
    spec = family.study()
    space = SearchSpace.from_dict(spec.space)
    sizes = [space.architecture(index).as_dict() for index in range(len(space))]
    assert {one.pop("heads") for one in sizes} == {HEADS}
    assert {"-".join(map(str, one.values())) for one in sizes} == {
        one["id"] for one in found["networks"]
    }
    assert spec.training.steps == found["steps"]


def test_the_front_grows_by_the_plain_definition(found: dict) -> None:
    costs = np.array([[n["parameters"], n["latency_ms"], n["error"]] for n in found["networks"]])
    for step, front in enumerate(found["fronts"]):
        alive = [
            i for i in range(step) if not any(i in found["beats"][j] for j in range(step) if j != i)
        ]
        assert front == alive
    for i, beaten in enumerate(found["beats"]):
        for j in range(len(costs)):
            is_beaten = (costs[i] <= costs[j]).all() and (costs[i] < costs[j]).any()
            assert (j in beaten) == is_beaten


def test_the_pairs_are_as_surprising_as_the_words_say(found: dict) -> None:
    by_code = {pair["code"]: pair for pair in found["pairs"]}
    networks = found["networks"]
    for pair in by_code.values():
        a, b = (networks[i] for i in pair["shown"])
        fast = networks[pair["faster"]]
        assert fast["latency_ms"] == min(a["latency_ms"], b["latency_ms"])
    larger = by_code["larger"]
    a, b = (networks[i] for i in larger["shown"])
    assert b["parameters"] > 2 * a["parameters"]
    assert b["latency_ms"] < a["latency_ms"]
    assert by_code["alike"]["times"] > 2
    assert by_code["double"]["times"] < 1.05


def test_more_examples_make_shorter_bars(found: dict) -> None:
    widths = np.ptp(np.array(found["intervals"]), axis=2)
    assert (np.diff(widths, axis=0) < 0).all()
    errors = np.array([one["error"] for one in found["networks"]])
    low, high = np.moveaxis(np.array(found["intervals"]), 2, 0)
    assert (low < errors).all()
    assert (errors < high).all()
