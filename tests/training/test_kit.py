"""A kit carries everything that a worker needs to train as we do, and shows what differs."""

import shutil
from dataclasses import replace

import pytest

from bort.core.errors import WorkerError
from bort.core.origin import Origin, check_worker
from bort.core.study import TrainingSpec
from bort.training.kit import unpack
from bort.training.oracle import ErrorOracle


@pytest.fixture
def oracle(task, space, place):
    spec = TrainingSpec(steps=4, source=str(place / "source"), device="cpu", threads=1)
    return ErrorOracle(task, spec, space, seed=0)


@pytest.fixture
def kit(oracle, tmp_path):
    folder = tmp_path / "there"
    for name, _, path in oracle.kit(tmp_path / "here"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    return folder


def worker(oracle, kit, wanted=None):
    task, source, teacher = unpack(kit)
    return ErrorOracle(
        task,
        replace(oracle.spec, source="/nowhere"),
        oracle.space,
        seed=0,
        continues=wanted or oracle.origin,
        check=check_worker,
        source=source,
        teacher=teacher,
    )


def test_a_worker_trains_to_the_same_digit(oracle, kit, tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    there = worker(oracle, kit)
    assert there.origin == oracle.origin
    architecture = oracle.space.architecture(3)
    here, found = (one.evaluate(architecture, 0) for one in (oracle, there))
    assert replace(found, seconds=0.0) == replace(here, seconds=0.0)
    assert not (tmp_path / "home" / "cache" / "teachers").exists()


@pytest.mark.parametrize("part", ["teacher", "source"])
def test_damaged_weights_are_refused(oracle, kit, part):
    file = kit / part / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(WorkerError, match=rf"cannot train: {part}.* in the job, .* there"):
        worker(oracle, kit)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"torch": "1.0"}, r"torch 1\.0 in the job, \d"),
        ({"device": "cuda"}, "device cuda in the job, cpu there"),
        ({"threads": 3}, "CPU threads 3 in the job, 1 there"),
        ({"processor": "sse"}, "processor sse in the job, "),
    ],
)
def test_another_numeric_kind_is_refused(oracle, kit, other, told):
    with pytest.raises(WorkerError, match=told):
        worker(oracle, kit, replace(oracle.origin, **other))


def test_another_host_is_none():
    check_worker(Origin(torch="2", host="one"), Origin(torch="2", host="two"))
