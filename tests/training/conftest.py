"""A tiny source network, task and space, shared by all training tests of a run."""

import pytest
import tiny

from bort.core.study import TaskSpec
from bort.families import load_space
from bort.tasks import load_task
from bort.training.source import source_network
from bort.training.tokens import encode_task


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return tiny.write_all(tmp_path_factory.mktemp("training"))


@pytest.fixture(autouse=True)
def home(place, monkeypatch):
    """Share one cache among all tests of a run: the teacher is trained once."""
    tiny.use_home(monkeypatch, place / "home", lock=place)
    return place / "home"


@pytest.fixture
def task(place):
    return load_task(TaskSpec(task=str(place / "reviews.csv")))


@pytest.fixture
def space(place):
    return load_space(str(place / "tiny.toml"))


@pytest.fixture
def source(place):
    return source_network(str(place / "source"))


@pytest.fixture
def encoded(task, source):
    return encode_task(task, source.folder, digest=source.digest, max_length=None, longest=32)
