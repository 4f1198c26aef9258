"""`Agora` and `LatencyProfile` from Python."""

import pytest

from bort import Agora, LatencyProfile
from bort.core.errors import BortError, InvalidOptionError
from bort.families import load_space
from bort.latency.protocol import Protocol
from bort.storage import open_store

QUICK = {
    "labelled": 60,
    "rounds": 2,
    "points": 40,
    "steps": 15,
    "threads": 1,
    "architecture": "1-2-16-32",
    "verbose": False,
}


def test_agora_on_texts(home, place, given):
    run = Agora(**QUICK, source=place / "source", options={"points_per_round": 20}).fit(*given)
    assert run.rounds_.index.tolist() == list(range(len(run.rounds_)))
    assert run.rounds_["audit_error"].iloc[-1] == run.audit_error_
    accepted = run.points_[run.points_["verdict"] == "accepted"]
    assert len(accepted) == run.rounds_["accepted"].sum() > 0
    assert f"job {run.job_}" in run._repr_html_()
    assert run.summary_.startswith("Audit error")
    assert {trace.name for trace in run.plot().data} >= {"audit, never used"}
    with open_store() as store:
        assert store.job(run.job_).kind == "agora"


def test_agora_says_what_it_cannot_do(home):
    with pytest.raises(InvalidOptionError, match="is a parameter of Agora"):
        Agora(options={"rounds": 3}).fit()
    with pytest.raises(BortError, match="--labelled does not apply to the torus"):
        Agora(labelled=3).fit()
    with pytest.raises(InvalidOptionError, match="call fit first"):
        Agora().plot()
    assert "Not fitted" in Agora()._repr_html_()


def test_a_profile(params, place, tmp_path):
    profile = LatencyProfile.stored("made-up")
    again = LatencyProfile.load(profile.save(tmp_path / "profile.json"))
    predicted = again.predict(place / "tiny.toml")
    space = load_space(str(place / "tiny.toml"))
    assert len(predicted) == len(space)
    low, middle, high = (predicted[f"latency_{part}ms"] for part in ("low_", "", "high_"))
    assert (low < middle).all()
    assert (middle < high).all()
    assert profile.is_this_machine
    assert profile.is_quiet
    assert "made-up" in profile._repr_html_()
    with pytest.raises(BortError, match="no latency profile"):
        LatencyProfile.stored("nothing")


def test_this_machine_is_measured(home, place, monkeypatch):
    quick = Protocol(budget_seconds=0.3, limit_seconds=0.5)
    monkeypatch.setattr("bort.studies.measuring.Protocol", lambda: quick)
    profile = LatencyProfile.measure(
        place / "tiny.toml", count=8, sequence_length=8, threads=1, name="here", verbose=False
    )
    assert profile.name == "here"
    assert len(profile.measurements) == 8
    assert (profile.measurements["median_ms"] > 0).all()
    assert len(profile.plot().data) > 1
    assert profile.measurements.index[0] in profile._repr_html_()
    with open_store() as store:
        assert store.profile("here").name == "here"
    with pytest.raises(InvalidOptionError, match="no option 'speed'"):
        LatencyProfile.measure(speed=1)


def test_agora_survives_as_points(home, tmp_path):
    run = Agora(rounds=1, options={"learner": "knn"}, verbose=False).fit()
    assert len(run.rounds_) >= 1
    assert {"round", "label", "verdict"} <= set(run.points_.columns)
