"""A tiny source network and task with a pool, shared by the text tests of one run."""

from dataclasses import replace

import pytest
import tiny

from bort.agora.text.spec import small_space
from bort.core.agora import TextSpec
from bort.core.study import TaskSpec, TrainingSpec
from bort.tasks import load_task


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agora")
    tiny.write_source(folder / "source")
    tiny.write_task(folder / "reviews.csv")
    return folder


@pytest.fixture(autouse=True)
def home(place, monkeypatch):
    """One cache for all tests of a run: the teacher is trained once."""
    monkeypatch.setenv("BORT_HOME", str(place / "home"))
    monkeypatch.delenv("BORT_STORE", raising=False)
    # Nobody who measures this machine's latency meanwhile shall hold the tests up.
    monkeypatch.setattr("bort.core.locks.lock_path", lambda: place / "measuring.lock")
    return place / "home"


@pytest.fixture
def spec(place):
    """A run of seconds: 60 labelled texts, 360 in the pool."""
    return TextSpec(
        study="tiny",
        task=TaskSpec(task=str(place / "reviews.csv"), labelled=60),
        space=small_space("1-2-16-32", {"vocab_size": len(tiny.VOCABULARY)}).to_dict(),
        architecture="1-2-16-32",
        training=TrainingSpec(
            steps=15, initialise="scratch", source=str(place / "source"), threads=1
        ),
        rounds=2,
        points_per_round=40,
        patience=None,
    )


@pytest.fixture
def task(spec):
    return load_task(spec.task)


@pytest.fixture
def without_pool(spec):
    return replace(spec, task=replace(spec.task, labelled=None))
