"""Fingerprints: what a latency was measured on, and what differs, in words."""

import json
from dataclasses import replace

import pytest

from bort.core.machine.cores import usable_cores
from bort.core.machine.fingerprint import Fingerprint, differences, this_machine


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
    again = Fingerprint.from_dict(json.loads(json.dumps({**here.to_dict(), "digest": "x"})))
    assert again == here
    assert again.digest == here.digest


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"cpu": "Other"}, "CPU"),
        ({"threads": 2}, "threads 1 against 2"),
        ({"memory_gib": 999_999}, "memory"),
        ({"libraries": {"numpy": "0.1"}}, "numpy"),
    ],
)
def test_what_matters_changes_the_digest_and_is_told(here, change, phrase):
    other = replace(here, **change)
    assert other.digest != here.digest
    assert any(phrase in found for found in differences(here, other))
    assert differences(here, here) == []


def test_a_new_kernel_does_not_void_a_profile(here):
    other = replace(here, os_release="99.9", python="3.99")
    assert other.digest == here.digest
    assert differences(here, other) == []
