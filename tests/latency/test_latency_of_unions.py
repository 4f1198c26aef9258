"""Each family of a space has its own latency model, fitted to its own measurements."""

import json
from dataclasses import replace

import numpy as np
import pytest
from fake_machine import FakeMachine

from bort.core.study import LatencySpec
from bort.families import FamilySpace, UnionSpace
from bort.latency.model import fit
from bort.latency.profile import LatencyProfile
from bort.latency.space import measure, measure_front, search_count, shares
from bort.latency.stored import import_profile
from bort.storage import open_store

SPEC = LatencySpec(sequence_length=16, threads=1)


@pytest.fixture
def union(space):
    static = FamilySpace(
        "small", "static", {"vocabulary": (50, 100, 200), "hidden": (8, 16, 32, 64)}
    )
    return UnionSpace("both", (static, space))


def measured(union, machine=None, count=24):
    tools = (machine or FakeMachine()).instruments
    return list(measure(union, SPEC, count=count, instruments=tools))[-1].result


def test_each_family_is_measured_and_has_a_model_of_its_own(union):
    profile = measured(union)
    families = [next(iter(one.architecture)).split(".")[0] for one in profile.measurements]
    assert [families.count(name) for name in ("static", "bert")] == [12, 12]
    terms = profile.workload.terms(union)
    rows = [union.index(union.named(one.id)) for one in profile.measurements]
    medians = np.array([one.latency.median_ms for one in profile.measurements])
    is_fitted = np.array([one.fitted for one in profile.measurements])
    for part, place in zip(union.parts, range(2), strict=True):
        own = union.families[rows] == place
        alone = {
            name: values[np.array(rows)[own] - (len(union.parts[0]) if place else 0)]
            for name, values in profile.workload.terms(part).items()
        }
        model = fit(alone, medians[own], np.flatnonzero(is_fitted[own]))
        predicted = model.predict(profile.workload.terms(part))
        assert profile.predict(union).median_ms[union.families == place] == pytest.approx(predicted)
        assert profile.band >= model.band - 1e-12
    assert all(name.split(".")[0] in ("static", "bert") for name in terms)


def test_a_profile_of_a_union_survives_json_and_import(union, tmp_path):
    profile = measured(union)
    again = LatencyProfile.from_dict(json.loads(json.dumps(profile.to_dict())))
    assert again == profile
    assert again.predicted_ms() == pytest.approx(
        [
            profile.predict(union).median_ms[union.index(union.named(one.id))]
            for one in profile.measurements
        ]
    )
    assert not again.unknown_terms()
    with open_store(f"sqlite:///{tmp_path / 'bort.db'}") as store:
        assert import_profile(store, replace(profile, name="theirs")).name == "theirs"


def test_winners_of_both_families_are_timed_again(union):
    profile = measured(union)
    some = [union.named(name) for name in ("static-50-8", "bert-2-4-96-128", "static-200-64")]
    tools = FakeMachine().instruments
    steps = list(measure_front(union, profile, some, study="mine", instruments=tools))
    assert {one.id for one in steps[-1].result.measurements} == {a.id for a in some}


def test_families_share_what_is_measured(union, space):
    assert shares(union, 24) == [12, 12]
    assert shares(union, 40) == [12, 28]  # there are only 12 static networks
    assert search_count(union) == 12 + 24
    assert search_count(space) == 48


def test_a_family_measured_whole_is_judged_by_leaving_one_out(space):
    few = FamilySpace("few", "static", {"vocabulary": (50,), "hidden": (8, 16, 32)})
    profile = measured(UnionSpace("both", (few, space)), count=11)
    assert profile.model.fitted_on == 3 + 4
    assert np.isfinite(profile.band)
