"""Measuring a space on a machine that exists only in the tests, and profiles as files."""

import contextlib
import json
from dataclasses import replace

import numpy as np
import pytest
from fake_machine import BUSY, QUIET, FakeMachine

from bort.core.errors import InvalidOptionError, InvalidProfileError
from bort.core.progress import Stage
from bort.core.serialise import from_json, to_json
from bort.core.study import LatencySpec
from bort.families import FamilySpace
from bort.latency import stored
from bort.latency.noise import Disturbance, Finding, Noise, NoiseReading, When
from bort.latency.profile import LatencyProfile, read_profile, write_profile
from bort.latency.space import measure
from bort.latency.stored import profile_key, study_profile
from bort.latency.timing import PATIENCE_SECONDS
from bort.storage import Thing, ThingKind, open_store

SPEC = LatencySpec(sequence_length=16, threads=1)


def measured(space, machine, spec=SPEC, count=24, **options):
    steps = list(measure(space, spec, count=count, instruments=machine.instruments, **options))
    return steps, steps[-1].result


def test_a_planted_machine_is_recovered(space, machine):
    machine.noise = 0.02
    steps, profile = measured(space, machine)
    assert [step.stage for step in steps[:2]] == ["building", "building"]
    assert [step.stage for step in steps].count("measuring") == 9
    assert steps[-1].stage == "done"
    assert (profile.model.fitted_on, profile.model.held_out) == (12, 12)
    assert profile.model.median_abs_percent_error < 3
    assert profile.model.rank_correlation > 0.98
    assert profile.noise.ok
    assert profile.complete
    assert profile.rounds == 9
    assert profile.noise.resolution < 0.03
    assert machine.closed == 1


def test_predictions_cover_the_space_with_an_interval(space, machine):
    _, profile = measured(space, machine)
    prediction = profile.predict(space)
    assert prediction.median_ms.shape == (len(space),)
    assert (prediction.low_ms <= prediction.median_ms).all()
    assert (prediction.median_ms <= prediction.high_ms).all()
    for one in profile.measurements:
        row = space.index(space.architecture(0).of(**one.architecture))
        assert prediction.median_ms[row] == pytest.approx(one.latency.median_ms, rel=1e-4)


def test_the_same_seed_measures_the_same_architectures(space):
    profiles = [measured(space, FakeMachine(), seed=seed)[1] for seed in (1, 1, 2)]
    chosen = [[m.id for m in profile.measurements] for profile in profiles]
    assert chosen[0] == chosen[1] != chosen[2]


def test_the_largest_is_built_first(space, machine):
    built = []
    prepare = machine.prepare
    machine.prepare = lambda blueprint: (built.append(blueprint.architecture), prepare(blueprint))[
        1
    ]
    measured(space, machine)
    sizes = [int(space.parameter_count[space.index(a)]) for a in built]
    assert sizes == sorted(sizes, reverse=True)


def test_stopping_keeps_what_was_measured(space, machine):
    rounds = []
    steps = []
    for step in measure(
        space,
        SPEC,
        count=12,
        should_stop=lambda: len(rounds) >= 3,
        instruments=machine.instruments,
    ):
        steps.append(step)
        if step.stage == "measuring":
            rounds.append(step)
    profile = steps[-1].result
    assert profile.rounds == 3
    assert not profile.complete
    assert profile.measurements[0].latency.runs == 9
    assert profile.noise.after.ratio_spread is None  # a stop is quick: no separate reading
    assert profile.noise.ok


def test_stopping_before_the_first_round_leaves_nothing(space, machine):
    steps, profile = measured(space, machine, should_stop=lambda: len(machine.ran) > 20)
    assert profile is None
    assert machine.closed == 1
    assert steps[-1].stage == "warming up"


def test_ceasing_to_listen_closes_the_runtime(space, machine):
    steps = measure(space, SPEC, count=12, instruments=machine.instruments)
    next(steps)
    steps.close()
    assert machine.closed == 1


def test_a_busy_machine_is_said_to_be(space, machine):
    machine.readings = [QUIET, BUSY]
    _, profile = measured(space, machine)
    assert not profile.noise.ok
    assert profile.noise.before.ok
    assert {reason.when for reason in profile.noise.reasons} == {When.AFTER}
    assert profile.to_dict()["noise"]["ok"] is False


def test_others_work_throughout_is_noticed(space, machine):
    machine.others_share = 0.4
    _, profile = measured(space, machine)
    assert profile.noise.reasons == [Finding(Disturbance.OTHERS, When.THROUGHOUT, 0.4, 0.1)]


def test_little_drift_is_a_warning_and_much_or_a_coarse_resolution_a_reason():
    slower = NoiseReading(reference_ms=1.6, spread=0.4, others_share=0.0, ratio_spread=0.1)
    drifted = Noise(QUIET, slower, 0.0, resolution=0.02, drift=-0.08)
    assert drifted.ok
    assert drifted.warnings == [Finding(Disturbance.DRIFT, When.THROUGHOUT, -0.08, 0.1)]
    far = Noise(QUIET, slower, 0.0, resolution=0.02, drift=0.3)
    assert [reason.code for reason in far.reasons] == [Disturbance.DRIFT]
    assert not far.warnings
    assert Noise(QUIET, QUIET, 0.0, resolution=0.02, drift=0.2, models=48).ok
    assert not Noise(QUIET, QUIET, 0.0, resolution=0.02, drift=0.2, models=11).ok
    off = {"pace_change": 0.15, "pace_since": "2026-11-01"}
    assert Noise(QUIET, QUIET, 0.0, **off, pace_models=48).ok
    assert not Noise(QUIET, QUIET, 0.0, **off, pace_models=5).ok
    coarse = Noise(QUIET, QUIET, 0.0, resolution=0.2, drift=0.01)
    assert coarse.reasons == [Finding(Disturbance.RESOLUTION, When.THROUGHOUT, 0.2, 0.04)]
    assert not coarse.warnings
    assert Noise(QUIET, QUIET, 0.3).reasons[0].when is When.THROUGHOUT
    assert Noise(QUIET, QUIET, 0.0).ok


def test_noise_survives_its_dictionary_and_may_lack_what_was_not_read():
    noise = Noise(QUIET, BUSY, 0.02, 0.03, -0.01)
    assert from_json(Noise, noise.to_dict(), what="noise") == noise
    values = {**noise.to_dict(), "before": to_json(QUIET)}
    for key in ("resolution", "drift"):
        del values[key]
    del values["before"]["ratio_spread"]
    lacking = Noise(replace(QUIET, ratio_spread=None), BUSY, 0.02)
    assert from_json(Noise, values, what="noise") == lacking


@pytest.mark.parametrize(
    ("spec", "count", "message"),
    [
        (replace(SPEC, sequence_length=65), 12, "65 is more than the 64 positions"),
        (replace(SPEC, threads=10_000), 12, "10000 threads"),
        (replace(SPEC, runtime="tflite"), 12, "unknown runtime 'tflite'"),
        (SPEC, 7, "7 architectures are too few"),
        (SPEC, 0, "too few"),
        (SPEC, 73, "has 72"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_once(space, machine, spec, count, message):
    with pytest.raises(InvalidOptionError, match=message):
        measure(space, spec, count=count, instruments=machine.instruments)
    assert not machine.ran


def test_a_profile_survives_its_file(space, machine, tmp_path):
    machine.noise = 0.1
    _, profile = measured(space, machine, name="here")
    path = tmp_path / "here.json"
    write_profile(profile, path)
    again = read_profile(path)
    assert again == profile
    assert (again.predict(space).median_ms == profile.predict(space).median_ms).all()
    assert path.stat().st_size < 50_000
    assert [p.name for p in tmp_path.iterdir()] == ["here.json"]


@pytest.fixture
def good(space, machine):
    return measured(space, machine)[1].to_dict()


def write(path, text):
    path.write_text(text)
    return path


def test_a_file_cut_in_half_is_refused(good, tmp_path):
    text = json.dumps(good)
    for length in (0, 1, len(text) // 2, len(text) - 1):
        with pytest.raises(InvalidProfileError, match="truncated"):
            read_profile(write(tmp_path / "p.json", text[:length]))


def test_binary_and_missing_files_are_refused(tmp_path):
    (tmp_path / "p.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidProfileError, match="not JSON"):
        read_profile(tmp_path / "p.json")
    with pytest.raises(InvalidProfileError, match="no profile file"):
        read_profile(tmp_path / "q.json")
    with pytest.raises(InvalidProfileError, match="cannot be read"):
        read_profile(tmp_path)
    with pytest.raises(InvalidProfileError, match="truncated"):
        read_profile(write(tmp_path / "deep.json", "[" * 200_000))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version 2"),
        ({"version": "1"}, "version '1'"),
        ({"format": "other"}, "not a latency profile"),
        ({"model": {}}, "cannot be read"),
        ({"model": None}, "cannot be read"),
        ({"architectures": [{}]}, "damaged"),
        ({"architectures": 3}, "damaged"),
        ({"fingerprint": {"cpu": "x"}}, "cannot be read"),
        ({"noise": []}, "cannot be read"),
        ({"batch_size": "one"}, "cannot be read"),
        ({"batch_size": 0}, "nothing can be measured"),
        ({"sequence_length": 65}, "texts of 65 tokens in models of 64 positions"),
        ({"runtime": "cuda"}, "unknown runtime 'cuda'"),
    ],
)
def test_a_damaged_profile_is_refused_in_one_line(good, change, message):
    with pytest.raises(InvalidProfileError, match=message) as caught:
        LatencyProfile.from_dict({**good, **change})
    assert "\n" not in str(caught.value)


def test_a_profile_whose_verdict_is_written_in_words_is_read(good):
    said = {"reasons": ["after: it was noisy"], "warnings": ["the whole machine became slower"]}
    noise = {**good["noise"], **said, "after": {**good["noise"]["after"], "reasons": ["noisy"]}}
    assert LatencyProfile.from_dict({**good, "noise": noise}) == LatencyProfile.from_dict(good)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), "x"])
def test_impossible_coefficients_are_refused(good, value):
    model = {**good["model"], "coefficients_ms": {"constant": value}}
    with pytest.raises(InvalidProfileError, match="cannot be read"):
        LatencyProfile.from_dict({**good, "model": model})


@pytest.mark.parametrize("values", [None, [], 3, "x", {}])
def test_other_json_is_no_profile(values):
    with pytest.raises(InvalidProfileError, match="not a latency profile"):
        LatencyProfile.from_dict(values)


def test_another_family_is_not_predicted(space, good):
    other = LatencyProfile.from_dict({**good, "space": {**good["space"], "family": "mlp"}})
    with pytest.raises(InvalidProfileError, match="is for the family 'mlp'"):
        other.predict(space)
    model = {**good["model"], "coefficients_ms": {"warp": 1.0}}
    with pytest.raises(InvalidProfileError, match="warp"):
        LatencyProfile.from_dict({**good, "model": model}).predict(space)


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'bort.db'}") as store:
        yield store


def test_a_search_measures_once(space, machine, monkeypatch, store):
    monkeypatch.setattr(stored, "search_count", lambda _: 12)
    steps, options = [], {"instruments": machine.instruments}
    first = study_profile(store, space, SPEC, on_step=steps.append, **options)
    runs = len(machine.ran)
    assert steps[-1].result == first
    assert study_profile(store, space, SPEC, **options) == first
    assert len(machine.ran) == runs
    study_profile(store, space, replace(SPEC, runtime="torch-int8"), **options)
    assert len(machine.ran) > runs
    assert len(store.profiles()) == 2


def test_a_refused_profile_is_nobodys_default(space, monkeypatch, store):
    monkeypatch.setattr(stored, "search_count", lambda _: 12)
    busy = FakeMachine(readings=[BUSY])
    first = study_profile(store, space, SPEC, instruments=busy.instruments)
    assert not first.noise.ok
    assert store.find_profile(profile_key(space, SPEC)) is None
    older = replace(first, name="older").to_dict()
    store.put_profile(older, "older", key=profile_key(space, SPEC))
    store.delete(Thing(ThingKind.PROFILE, first.name))  # a name has seconds, and these are quick
    quiet = study_profile(store, space, SPEC, instruments=FakeMachine().instruments)
    assert quiet.noise.ok
    assert study_profile(store, space, SPEC, instruments=busy.instruments) == quiet


def test_a_search_waits_for_a_quiet_machine(space, monkeypatch, store):
    monkeypatch.setattr(stored, "search_count", lambda _: 12)
    steps, machine = [], FakeMachine(others_share=0.5)

    def on_step(step):
        steps.append(step)
        machine.others_share = 0.5 if len(steps) < 3 else 0.02

    found = study_profile(store, space, SPEC, on_step=on_step, instruments=machine.instruments)
    assert [s.stage for s in steps[:4]] == [Stage.WAITING_FOR_QUIET] * 3 + [Stage.BUILDING]
    assert steps[0].numbers["share"] == 0.5
    assert 0 < steps[2].eta_s < steps[0].eta_s <= PATIENCE_SECONDS
    assert found.noise.ok


@pytest.mark.parametrize(("is_told", "looks"), [(False, PATIENCE_SECONDS / 22), (True, 0)])
def test_it_does_not_wait_for_ever_or_if_told_so(space, monkeypatch, store, is_told, looks):
    monkeypatch.setattr(stored, "search_count", lambda _: 12)
    steps, machine = [], FakeMachine(others_share=0.5)
    profile = study_profile(
        store,
        space,
        SPEC,
        on_step=steps.append,
        measure_anyway=lambda: is_told,
        instruments=machine.instruments,
    )
    waited = [s for s in steps if s.stage is Stage.WAITING_FOR_QUIET]
    assert len(waited) == np.ceil(looks)
    assert not profile.noise.ok


def test_two_searches_at_once_measure_once(space, machine, store):
    other = measured(space, FakeMachine(), count=12)[1]

    @contextlib.contextmanager
    def lock_held_by_the_other(should_stop, wait, on_step):
        assert wait
        stored.keep_profile(store, other, profile_key(space, SPEC))  # it ends as we wait
        yield

    tools = replace(machine.instruments, hold=lock_held_by_the_other)
    assert study_profile(store, space, SPEC, instruments=tools) == other
    assert not machine.ran


def test_a_stopped_search_stores_nothing(space, machine, store):
    found = study_profile(
        store,
        space,
        SPEC,
        should_stop=lambda: len(machine.ran) > 1500,
        instruments=machine.instruments,
    )
    assert found is None
    assert not store.profiles()


def test_another_machine_space_or_workload_has_another_key(space, monkeypatch):
    key = profile_key(space, SPEC)
    assert key == profile_key(space, SPEC)
    assert key != profile_key(space, replace(SPEC, batch_size=2))
    other = FamilySpace("x", "bert", {**space.dimensions, "depth": (1,)}, space.fixed)
    assert key != profile_key(other, SPEC)


def test_a_small_space_is_measured_whole(machine):
    tiny = FamilySpace(
        "tiny",
        "bert",
        {"depth": (1, 2), "heads": (2,), "hidden": (64,), "intermediate": (64, 128)},
        {"positions": 64},
    )
    _, profile = measured(tiny, machine, count=4)
    assert len(profile.measurements) == 4
    assert profile.model.held_out == 0
    assert np.isfinite(profile.predict(tiny).median_ms).all()


def test_a_study_uses_the_profile_that_it_names(space, machine, store):
    _, named = measured(space, FakeMachine(), count=12, name="mine")
    store.put_profile(named.to_dict(), "mine")
    options = {"instruments": machine.instruments}
    assert study_profile(store, space, replace(SPEC, profile="mine"), **options) == named
    assert not machine.ran
    with pytest.raises(InvalidProfileError, match="there is no latency profile 'other'"):
        study_profile(store, space, replace(SPEC, profile="other"), **options)
    layers = FamilySpace("l", "mlp", {"depth": (1, 2), "hidden": (8, 16)})
    with pytest.raises(InvalidProfileError, match="belongs to the family 'mlp'"):
        study_profile(store, layers, replace(SPEC, profile="mine"), **options)
