"""Fingerprints: what a latency was measured on, and how machines differ, in words."""

import json
from dataclasses import replace

import pytest

from bort.core.machine import Fingerprint, differences, this_machine, usable_cores
from bort.core.serialise import from_json


@pytest.fixture
def here():
    return this_machine(["numpy", "no-such-library"], threads=1)


def test_the_facts_of_this_machine(here):
    import numpy

    assert here.libraries == {"numpy": numpy.__version__, "no-such-library": "absent"}
    assert here.cpu
    assert 1 <= usable_cores() <= here.logical_cpus
    assert here.memory_gib >= 1


def test_a_fingerprint_survives_json(here):
    again = from_json(
        Fingerprint, json.loads(json.dumps({**here.to_dict(), "digest": "x"})), what="this machine"
    )
    assert again == here
    assert again.digest == here.digest


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"cpu": "Other"}, "cpu"),
        ({"threads": 2}, "threads"),
        ({"memory_gib": 999_999}, "memory_gib"),
        ({"libraries": {"numpy": "0.1"}}, "numpy"),
    ],
)
def test_what_matters_changes_the_digest_and_is_found(here, change, fact):
    other = replace(here, **change)
    assert other.digest != here.digest
    (found,) = [one for one in differences(here, other) if one.fact == fact]
    assert found.b == change.get(fact, "0.1")
    assert differences(here, here) == []


def test_a_new_kernel_does_not_void_a_profile(here):
    other = replace(here, os_release="99.9", python="3.99")
    assert other.digest == here.digest
    assert differences(here, other) == []
