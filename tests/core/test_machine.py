"""Fingerprints: what a latency was measured on, and how machines differ, in words."""

import json
from dataclasses import replace

import pytest

from bort.core import machine
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


CPUINFO = {
    "graviton 3": "processor : 0\nFeatures : asimd i8mm bf16\nCPU implementer : 0x41\n"
    "CPU architecture: 8\nCPU variant : 0x1\nCPU part : 0xd40\n\n",
    "ampere one": "processor : 0\nFeatures : asimd i8mm bf16\nCPU implementer : 0xc0\n"
    "CPU architecture: 8\nCPU variant : 0x0\nCPU part : 0xac3\n\n",
}


@pytest.mark.parametrize("name", CPUINFO)
def test_arm_servers_are_told_apart(name, monkeypatch):
    def read(path, *_options, **_more):
        return CPUINFO[name]

    monkeypatch.setattr(machine.Path, "read_text", read)
    monkeypatch.setattr(machine.platform, "system", lambda: "Linux")
    _, details = machine._cpu.__wrapped__()
    wanted = {"graviton 3": "0x41 8 0x1 0xd40", "ampere one": "0xc0 8 0x0 0xac3"}[name]
    assert details == f"{wanted} asimd bf16 i8mm"


def test_an_m1_is_no_m4(monkeypatch):
    found = set()
    for chip, family in (("Apple M1", "458787763"), ("Apple M4", "1976872121")):
        values = {
            "machdep.cpu.brand_string": chip,
            "hw.cpufamily": family,
            "hw.optional.AdvSIMD": "1",
            "hw.optional.arm.FEAT_BF16": "1" if chip == "Apple M4" else "0",
        }
        monkeypatch.setattr(machine, "_sysctl_value", lambda key, v=values: v.get(key, ""))
        monkeypatch.setattr(machine.platform, "system", lambda: "Darwin")
        machine._sysctl.cache_clear()
        found.add(machine._cpu.__wrapped__())
    machine._sysctl.cache_clear()
    assert found == {("Apple M1", "458787763 asimd"), ("Apple M4", "1976872121 asimd bf16")}
