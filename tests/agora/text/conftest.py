"""A tiny source network and a task with a pool, shared by all text tests of a run."""

from dataclasses import replace

import pytest
import tiny

from bort.tasks import load_task


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return tiny.write_all(tmp_path_factory.mktemp("agora"))


@pytest.fixture(autouse=True)
def home(place, monkeypatch):
    """Share one cache among all tests of a run: the teacher is trained once."""
    tiny.use_home(monkeypatch, place / "home", lock=place)
    return place / "home"


@pytest.fixture
def spec(place):
    return tiny.agora_on_texts(place)


@pytest.fixture
def task(spec):
    return load_task(spec.task)


@pytest.fixture
def without_pool(spec):
    return replace(spec, task=replace(spec.task, labelled=None))
