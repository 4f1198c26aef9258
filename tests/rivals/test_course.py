"""Where a comparison is, and how long the rest may take."""

from types import SimpleNamespace

import pytest

from bort.core.progress import Progress, Stage
from bort.core.rivals import RivalKind
from bort.rivals.course import MAKE_S, MODEL_S, OPEN_S, TIMING_S, Course, Teaching, expected_seconds


def test_the_seconds_left_are_those_of_what_is_not_made():
    teaching = Teaching(100.0, is_done=False)
    kinds = {RivalKind.TFIDF: True, RivalKind.SOURCE: False, RivalKind.FEWER_LAYERS: False}
    expected = expected_seconds(["mine"], kinds, teaching)
    assert expected == {
        "mine": MODEL_S,
        "tfidf": OPEN_S,
        "source": OPEN_S + MAKE_S[RivalKind.SOURCE] + 100,
        "fewer-layers": OPEN_S + MAKE_S[RivalKind.FEWER_LAYERS] + 50,
    }
    assert expected_seconds(["mine"], kinds, None) is None
    beside = expected_seconds([], kinds, teaching, ahead=[RivalKind.FEWER_LAYERS], at_once=2)
    assert beside == {"tfidf": OPEN_S, "source": expected["source"], "fewer-layers": OPEN_S}
    steps = []
    Course([*expected], expected, steps.append).begin("source", Stage.MAKING_RIVAL)
    assert (steps[0].done, steps[0].total) == (2, 5)
    rest = expected["source"] + expected["fewer-layers"] + TIMING_S
    assert steps[0].eta_s == pytest.approx(rest, abs=1)


def test_what_takes_longer_than_expected_is_estimated_by_its_pace(monkeypatch):
    clock, steps = [0.0], []
    monkeypatch.setattr("bort.rivals.course.time", SimpleNamespace(monotonic=lambda: clock[-1]))
    told = Course(["setfit"], {"setfit": 100.0}, steps.append)
    told.begin("setfit", Stage.MAKING_RIVAL)
    for now, done in ((30.0, 10), (130.0, 60), (330.0, 160)):
        clock.append(now)
        told.tell(Progress(done, 210, Stage.MAKING_RIVAL, RivalKind.SETFIT))
    assert [step.eta_s - TIMING_S for step in steps] == [100, 70, 300, 100]
    clock.append(350.0)
    told.tell(Progress(0, 50, Stage.EXPORTING))  # another count begins
    told.tell(Progress(0, 50, Stage.EXPORTING, eta_s=7.0))
    assert [step.eta_s - TIMING_S for step in steps[4:]] == [0, 7]
    assert expected_seconds([], {RivalKind.SETFIT: False}, Teaching(9.0, False, 100.0)) == {
        "setfit": OPEN_S + MAKE_S[RivalKind.SETFIT] + 100
    }
