"""The finished example, without the dashboard ever having been opened."""

import json

import pytest
from click.testing import CliRunner

from bort.cli.delete import delete
from bort.cli.front import front
from bort.cli.search import _search_space
from bort.core import paths
from bort.core.errors import StoreError, UnknownStudyError
from bort.core.study import StudySpec
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
    with pytest.raises(UnknownStudyError, match=r"--preset quick$"):  # and is no longer named
        run()
    with pytest.raises(StoreError):
        run("--study", name, "--store", f"sqlite:///{home}/none.db")
    assert not (home / "none.db").exists()


def test_the_first_search_does_not_take_the_example_s_name(monkeypatch):
    monkeypatch.setattr("bort.studies.checks.check_study", lambda spec, **_: spec)
    monkeypatch.setattr("bort.studies.checks.check_profile", lambda *_: ())
    monkeypatch.setattr("bort.jobs.start_detached", lambda *_, **__: 7)
    (name,) = paths.example_names()
    recorded = json.loads((paths.examples() / f"{name}.json").read_text())
    same = StudySpec.from_dict(recorded["spec"])
    started = _search_space(same, {}, is_named=False, detach=True, store_url=None)
    assert started.study == f"{name}-2"
    assert json.loads(run("--study", name).stdout)["front"]


def test_the_example_is_counted_in_bytes():
    (name,) = paths.example_names()
    found = json.loads(run("--study", name, "--size", "bytes-int8").stdout)
    assert found["size_unit"] == "bytes-int8"
    assert all(point["size"] > 13_069 for point in found["front"])  # the smallest tokenizer's
