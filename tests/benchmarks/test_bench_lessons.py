"""`bort bench lessons`: what lesson 7 shows, of a tiny source network and a made-up store."""

import json

import made_up_models
import pytest
import tiny
from made_up_study import fill

from benchmarks.lessons import finished
from benchmarks.lessons.command import compact
from benchmarks.lessons.training import EVERY, Lab, curve, inheritance, lab
from bort.core.errors import InvalidDataError
from bort.storage import open_store
from bort.studies.answers import read_answer


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


def test_a_finished_model_is_recorded_with_its_promise_and_its_stages(tmp_path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'bort.db'}") as store:
        fill(store, "mine", budget=6)
        with pytest.raises(InvalidDataError, match="bort finetune --best"):
            finished.record(store)
        point = read_answer(store, "mine").points[0]
        job = made_up_models.finished_job(store, "mine", point.id)
        own = {
            "stages": [
                {**made_up_models.STAGE, "stage": s, "seed": 0} for s in ("distil", "finetune")
            ],
            "exported": {"seed": 0, "dev_accuracy": 0.82, "audit_accuracy": 0.81},
        }
        for name in ("old", "new"):
            made_up_models.add_model(store, name, "mine", point.id, job_id=job.id, **own)
        made_up_models.add_model(store, "of-others", "mine", point.id)
        (one,) = finished.record(store)
    assert one["id"] == f"bert-{point.id}"
    assert (one["promised"], one["dev"]) == (round(point.error_rate, 5), 0.18)
    assert (one["audit"], one["interval"]) == (0.19, [0.17, 0.21])
    assert [stage["points"] for stage in one["stages"]] == [
        [(10, 0.3), (20, 0.24), (30, 0.2)],
        [(20, 0.15), (30, 0.12), (40, 0.1)],  # after the ten steps of distillation
    ]
