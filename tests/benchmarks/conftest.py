"""A tiny source network, task and space for the benchmarks that train."""

import pytest
import tiny


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmarks")
    tiny.write_source(folder / "source")
    tiny.write_space(folder / "tiny.toml")
    tiny.write_task(folder / "reviews.csv")
    return folder


@pytest.fixture
def trained_home(place, monkeypatch):
    """A cache that these tests share, so that the teacher is trained once."""
    monkeypatch.setenv("BORT_HOME", str(place / "home"))
    monkeypatch.delenv("BORT_STORE", raising=False)
    # A latency measured on this machine meanwhile does not hold the tests up.
    monkeypatch.setattr("bort.core.locks.lock_path", lambda: place / "measuring.lock")
    return place / "home"
