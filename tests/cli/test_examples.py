"""The finished example, without the dashboard ever having been opened."""

import json

import pytest
from click.testing import CliRunner

from bort.cli.delete import delete
from bort.cli.front import front
from bort.core import paths
from bort.core.errors import StoreError, UnknownStudyError
from bort.storage import open_store


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BORT_STORE", raising=False)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(front, [*arguments, "--json"], catch_exceptions=False)


@pytest.mark.parametrize("is_new", [True, False])
def test_the_terminal_knows_the_finished_example(is_new):
    if not is_new:
        open_store().close()
    (name,) = paths.example_names()
    found = json.loads(run("--study", name).stdout)
    assert found["study"] == name
    assert found["front"]


def test_without_a_study_the_example_is_named():
    with pytest.raises(UnknownStudyError, match="--study movie-reviews-small"):
        run()


def test_a_deleted_example_stays_deleted_and_no_store_is_made(home):
    (name,) = paths.example_names()
    run("--study", name)
    done = CliRunner().invoke(delete, ["study", name, "--yes"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with pytest.raises(UnknownStudyError):
        run("--study", name)
    with pytest.raises(StoreError):
        run("--study", name, "--store", f"sqlite:///{home}/none.db")
    assert not (home / "none.db").exists()
