"""`bort bench lessons`: the trainings of lesson 7, on a tiny source network."""

import json

import pytest
import tiny

from benchmarks.lessons.command import compact
from benchmarks.lessons.training import EVERY, Lab, curve, inheritance, lab


@pytest.fixture(scope="module")
def found(tmp_path_factory, module_home) -> Lab:
    place = tiny.write_all(tmp_path_factory.mktemp("lessons"))
    names = (place / name for name in ("reviews.csv", "tiny.toml", "source"))
    return lab(*map(str, names))


@pytest.fixture(scope="module")
def module_home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        tiny.use_home(patch, folder, lock=folder)
        yield


def test_a_curve_counts_wrong_texts_before_and_during_training(found: Lab) -> None:
    architecture = found.space.named("1-2-16-32")
    random, inherited = (
        curve(found, architecture, first, steps=2 * EVERY) for first in ("scratch", "inherit")
    )
    assert len(random) == len(inherited) == 3
    assert all(0 <= wrong <= len(found.task.dev) for wrong in [*random, *inherited])
    assert inherited[-1] < len(found.task.dev) / 4
    assert random == curve(found, architecture, "scratch", steps=2 * EVERY)


def test_the_largest_size_keeps_everything(found: Lab) -> None:
    kept = inheritance(found.donor, found.space)
    assert (kept["depth"], kept["heads"], kept["hidden"], kept["intermediate"]) == (2, 2, 16, 32)
    assert (len(kept["stream"]), kept["stream"][-1]) == (17, 1)
    assert kept["layers"] == {"1": [1], "2": [0, 1]}


def test_a_recording_has_a_line_for_each_entry() -> None:
    values = {"runs": {"a": [1, 2], "b": {"c": 0.5}}, "rounds": 5}
    text = compact(values)
    assert json.loads(text) == values
    assert text.count("\n") == 7
