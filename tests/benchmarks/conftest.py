"""A tiny source network, task and space for the benchmarks that train."""

import pytest
import tiny


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return tiny.write_all(tmp_path_factory.mktemp("benchmarks"))


@pytest.fixture
def trained_home(place, monkeypatch):
    """Share a cache among these tests, so that the teacher is trained once."""
    tiny.use_home(monkeypatch, place / "home", lock=place)
    return place / "home"
