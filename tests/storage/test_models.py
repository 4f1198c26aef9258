"""Trained models in the store, and stores that are older than models."""

import pytest

from bort.core.errors import UnknownModelError
from bort.storage import Thing, ThingKind, open_store

ROW = {
    "job_id": 1,
    "study": "reviews",
    "task": "movie-reviews",
    "architecture": {"depth": 1, "hidden": 8},
    "realised": {"audit": {"accuracy": 0.8}},
    "evidence": {},
}


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    return f"sqlite:///{tmp_path / 'bort.db'}"


def test_a_model_is_read_as_it_was_stored(url):
    with open_store(url) as store:
        stored = store.add_model("one", **ROW)
        assert store.model("one") == stored
        assert stored.architecture_id == "1-8"
        assert not stored.is_imported
        assert store.free_model_name("one") == "one-2"
        assert [m.name for m in store.models(job_id=1)] == ["one"]
        again = store.add_model("one", **{**ROW, "task": "tweets"})  # the same job, resumed
        assert [m.task for m in store.models()] == [again.task] == ["tweets"]
        store.delete(Thing(ThingKind.MODEL, "one"))
        with pytest.raises(UnknownModelError, match="none is stored yet"):
            store.model("one")
