"""Lesson 7: what was recorded is what the product's parts do, and the words are true."""

import csv

import pytest

from bort.core.paths import examples
from bort.latency.profile import read_profile
from bort.lessons.model.numbers import numbers, promises, tops
from bort.lessons.recorded import read


@pytest.fixture(scope="module")
def found() -> dict:
    return numbers()


def test_inheritance_keeps_more_with_every_size(found: dict) -> None:
    kept = found["inheritance"]
    assert len(kept["stream"]) == kept["hidden"] + 1
    assert len(kept["neurons"]) == kept["depth"]
    for curve in (kept["stream"], *kept["neurons"]):
        assert curve == sorted(curve)
        assert (curve[0], curve[-1]) == (0, 1)
    assert all(layers[-1] == kept["depth"] - 1 for layers in kept["layers"].values())


def test_layers_and_heads_are_the_searchs_choice() -> None:
    from bort.training.inheritance import head_choice, layer_choice

    kept = read("model")["inheritance"]
    for depth, layers in kept["layers"].items():
        assert layers == layer_choice(int(depth), kept["depth"])
    for heads, groups in kept["head_groups"].items():
        assert groups == [own for own, _ in head_choice(int(heads), kept["heads"])]


def test_inherited_weights_are_ahead_in_the_end(found: dict) -> None:
    for student in found["students"]:
        random, inherited = (
            found["errors"][f"{student} {name}"] for name in ("scratch", "inherit")
        )
        assert len(random) == len(inherited) == found["steps"] // found["every"] + 1
        assert inherited[-1] < random[-1]
    assert found["mean"]["inherited"] < found["mean"]["teacher"]


def test_latencies_are_those_of_the_recorded_profile(found: dict) -> None:
    profile = read_profile(examples() / "profiles" / "minilm-torch-float32-32.json")
    measured = {one.id: one.latency.median_ms for one in profile.measurements if not one.fitted}
    assert {one["id"]: one["realised"] for one in found["latencies"]["pairs"]} == measured
    assert found["off"] < profile.band
    assert found["inside"] > 0.8 * found["held_out"]


def test_the_finished_models_are_as_the_words_say(found: dict) -> None:
    kept = found["kept"]
    for one in found["finished"]:
        assert one["parameters"] == one["promised_parameters"]  # "the sizes came true exactly"
        low, high = one["interval"]
        assert low < one["audit"] < high
        distil, tune = one["stages"]
        assert distil["points"][-1][0] == distil["steps"] < tune["points"][0][0]
        assert tune["points"][-1][0] <= distil["steps"] + tune["steps"]
        evaluated = [error for stage in one["stages"] for _, error in stage["points"]]
        # "Of all evaluations the best is kept"; in the end its answers are computed in float32.
        assert one["dev"] <= min(evaluated) + 2 / one["texts"]
    assert kept["lower_dev"] >= kept["lower_audit"] > kept["count"] / 2
    assert min(kept["gain"], kept["luck"]) > 0


def test_promises_compare_with_what_came_true() -> None:
    both = {"promised": 0.2, "dev": 0.1, "promised_ms": 1.0}
    models = [
        {**both, "task": "a", "audit": 0.15, "ms": 2.0, "is_quiet": True},
        {**both, "task": "b", "audit": 0.25, "ms": 1.0, "is_quiet": False},
    ]
    assert promises(models) == {
        "count": 2,
        "tasks": 2,
        "lower_dev": 2,
        "lower_audit": 1,
        "gain": pytest.approx(10),
        "luck": pytest.approx(10),
        "off": pytest.approx(0.5),
        "noisy": 1,
    }


def test_the_luck_of_the_best_averages_out(found: dict) -> None:
    with (examples() / "movie-reviews-minilm-96.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [one["predicted"] for one in found["seeds"]] == [
        float(row["error_seed0"]) for row in rows
    ]
    first, last = found["tops"][0], found["tops"][-1]
    assert first["realised"] - first["predicted"] > 2 * abs(last["realised"] - last["predicted"])


def test_tops_are_means_of_the_best() -> None:
    seeds = [{"predicted": 0.2, "realised": 0.1}, {"predicted": 0.1, "realised": 0.3}]
    assert tops(seeds) == [
        {"predicted": 0.1, "realised": 0.3},
        {"predicted": pytest.approx(0.15), "realised": pytest.approx(0.2)},
    ]
