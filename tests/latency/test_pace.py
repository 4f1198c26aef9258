"""On a machine that changes its speed, measurements stay comparable."""

from dataclasses import replace

import numpy as np
import pytest
from fake_machine import BUSY, FakeMachine

from bort.core.study import LatencySpec
from bort.families import load_space
from bort.latency.noise import Disturbance
from bort.latency.pace import Pace, PaceFiles, references_for
from bort.latency.space import measure
from bort.latency.workload import Blueprint, Workload

SPEC = LatencySpec(sequence_length=16, threads=1)
FAST, SLOW = {"a": 1.0, "b": 4.0, "c": 16.0}, {"a": 2.0, "b": 6.0, "c": 20.0}


class Book:
    def __init__(self):
        self.kept = None

    def usual(self, runtime, workload):
        return self.kept

    def keep(self, pace, runtime, workload):
        self.kept = pace


@pytest.fixture
def book():
    return Book()


def measured(space, book, *, slower=1.0, reading=None):
    machine = FakeMachine(noise=0.01, paces=book)
    machine.planted_ms = {name: ms * slower for name, ms in machine.planted_ms.items()}
    if reading is not None:
        machine.readings = [reading]
    *_, last = measure(space, SPEC, count=24, instruments=machine.instruments)
    return last.result


def medians(profile):
    return np.array([one.latency.median_ms for one in profile.measurements])


def test_a_slower_machine_gives_the_same_milliseconds(space, book):
    first = measured(space, book)
    second = measured(space, book, slower=1.07)
    assert medians(second) == pytest.approx(medians(first), rel=0.02)
    assert second.noise.pace_change == pytest.approx(0.07, abs=0.015)
    assert second.noise.ok
    (warning,) = second.noise.warnings
    assert warning.code is Disturbance.PACE
    assert warning.value == second.noise.pace_change
    assert not first.noise.warnings
    assert first.noise.pace_change is None


def test_a_much_slower_machine_is_refused(space, book):
    measured(space, book)
    second = measured(space, book, slower=1.3)
    assert not second.noise.ok
    assert second.noise.reasons[0].code is Disturbance.PACE


def test_a_busy_machine_leaves_no_usual_pace(space, book):
    measured(space, book, reading=BUSY)
    assert book.kept is None
    measured(space, book)
    assert book.kept is not None


def test_small_and_large_models_change_by_their_own_factors():
    now, usual = Pace(SLOW, "now"), Pace(FAST, "then")
    found = now.factors_to(usual, [1.0, 2.0, 6.0, 20.0, 90.0])
    assert found == pytest.approx([0.51, 0.51, 0.64, 0.82, 0.82], abs=0.01)
    assert found[0] == found[1]
    assert found[3] == found[4]
    assert now.change(usual) == pytest.approx(0.5)


def test_many_models_say_more_about_the_pace_than_each_of_them():
    rng = np.random.default_rng(0)
    ms = np.geomspace(1, 30, 48)
    noise = np.exp(rng.normal(0, 0.02, size=(2, 48)))
    slower = 1.1 * ms**0.02
    names = [f"model-{number}" for number in range(48)]
    usual = Pace(dict(zip(names, ms * noise[0], strict=True)), "then")
    now = Pace(dict(zip(names, ms * slower * noise[1], strict=True)), "now")
    factors = now.factors_to(usual, ms * slower)
    assert factors == pytest.approx(1 / slower, rel=0.02)


def test_new_references_join_at_the_usual_pace():
    usual, now = Pace({"a": 1.0}, "then"), Pace({"a": 2.0, "b": 6.0}, "now")
    extended = usual.extended(now)
    assert extended.reference_ms == pytest.approx({"a": 1.0, "b": 3.0})
    assert extended.measured_at == "then"
    assert usual.extended(Pace({"a": 9.0}, "now")) is usual
    assert usual.shared_with(now) == 1
    assert usual.shared_with(Pace({"c": 1.0}, "now")) == 0


def test_references_are_no_larger_than_what_they_stand_beside(space):
    small = Blueprint(space.family, space.architecture(0), space.fixed)
    assert len(references_for([small])) == 1
    minilm = load_space("minilm")
    largest = minilm.architecture(int(minilm.parameter_count.argmax()))
    everything = references_for([small, Blueprint(minilm.family, largest, minilm.fixed)])
    assert len(everything) == 5
    assert everything[-1].architecture.id == "6-12-384-1536"


def test_a_pace_is_kept_in_a_file_and_damage_counts_as_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    work, files = Workload(1, 16, 1), PaceFiles()
    assert files.usual("torch-float32", work) is None
    files.keep(Pace(FAST, "then"), "torch-float32", work)
    assert files.usual("torch-float32", work) == Pace(FAST, "then")
    assert files.usual("torch-float32", replace(work, sequence_length=32)) is None
    assert files.usual("onnx-float32", work) is None
    assert PaceFiles(is_new=True).usual("torch-float32", work) is None
    (kept,) = (tmp_path / "paces").iterdir()
    for damage in ("{", "[]", '{"reference_ms": [1], "measured_at": "x"}', '{"reference_ms": {}}'):
        kept.write_text(damage)
        assert files.usual("torch-float32", work) is None


def test_a_refused_measurement_adds_no_references(space, book):
    measured(space, book)
    (first, *others), when = book.kept.reference_ms.items(), book.kept.measured_at
    assert others
    book.kept = fewer = Pace(dict([first]), when)
    measured(space, book, slower=1.3)
    assert book.kept is fewer
    measured(space, book)
    assert book.kept.reference_ms.keys() == {first[0], *(name for name, _ in others)}
