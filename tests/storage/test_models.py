"""Trained models in the store, and stores that are older than models."""

import signal
import subprocess
import sys

import pytest

from bort.core.errors import UnknownModelError
from bort.storage import Store, Thing, ThingKind, models_folder, open_store

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


DIES = """
import os, signal, sys
from bort.storage import open_store
url, is_stored, row = sys.argv[1], sys.argv[2] == "True", eval(sys.argv[3])
with open_store(url) as store, store.placing_model("one") as folder:
    folder.mkdir()
    (folder / "weights").touch()
    if is_stored:
        store.add_model("one", **row)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_model_whose_process_was_killed_is_whole_or_gone(url, tmp_path, is_stored):
    done = subprocess.run([sys.executable, "-c", DIES, url, str(is_stored), str(ROW)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(models_folder().iterdir())) == 2  # the folder, and whose it is
    with open_store(f"sqlite:///{tmp_path / 'other.db'}") as other:  # of the same home
        assert other.free_model_name("one") == "one-2"
    with open_store(url) as store:
        assert store.free_model_name("one") == ("one-2" if is_stored else "one")
        left = [path.name for path in models_folder().rglob("*")]
        assert sorted(left) == (["one", "weights"] if is_stored else [])


def test_the_folder_of_a_model_that_could_not_be_stored_is_removed(url):
    with open_store(url) as store:
        with pytest.raises(KeyboardInterrupt):
            _stop_while_placing(store)
        assert list(models_folder().iterdir()) == []
        store.add_model("one", **ROW)
        with pytest.raises(KeyboardInterrupt):
            _stop_while_placing(store)  # the job again: its row is there, so the files stay
        assert [path.name for path in models_folder().iterdir()] == ["one"]


def _stop_while_placing(store: Store) -> None:
    with store.placing_model("one") as folder:
        folder.mkdir()
        raise KeyboardInterrupt
