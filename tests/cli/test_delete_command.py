"""`bort delete`: asks first, deletes everything that belongs together, refuses with a reason."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from made_up_study import fill

from bort.cli import delete as delete_module
from bort.cli.main import bort
from bort.core.errors import BusyError, InvalidFieldError, InvalidOptionError, UnknownStudyError
from bort.storage import JobState, Store, open_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.delenv("BORT_STORE", raising=False)
    with open_store() as store:
        fill(store, "reviews", budget=4)
        yield store


def run(*words: str, input: str | None = None) -> Result:
    return CliRunner().invoke(bort, ["delete", *words], input=input)


def deleted(*words: str) -> dict[str, Any]:
    result = run(*words, "--yes", "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_one_after_the_other(store: Store) -> None:
    job = store.create_job("search", {}, study="reviews")
    refused = run("study", "reviews", "--yes").exception
    assert isinstance(refused, BusyError)
    assert f"bort jobs cancel {job.id}" in str(refused)
    store.finish_job(job.id, 1, JobState.DONE)
    assert isinstance(run("profile", "made-up", "--yes").exception, BusyError)
    assert deleted("study", "reviews") == {"kind": "study", "name": "reviews", "deleted": True}
    assert deleted("profile", "made-up")["kind"] == "profile"
    assert deleted("job", str(job.id))["name"] == str(job.id)
    assert (store.studies(), store.profiles(), store.jobs()) == ([], [], [])


def test_a_job_whose_process_is_gone_does_not_keep_a_study(store: Store) -> None:
    job = store.create_job("search", {}, study="reviews")
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE jobs SET created_at = created_at - 600")
    deleted("study", "reviews")
    assert store.job(job.id).state is JobState.LOST


def test_nobody_to_ask(store: Store) -> None:
    refused = run("study", "reviews").exception
    assert isinstance(refused, InvalidOptionError)
    assert "--yes" in str(refused)
    assert store.studies()


@pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("y\n", 0)])
def test_a_question_first(
    store: Store, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    monkeypatch.setattr(delete_module, "_can_ask", lambda: True)
    result = run("study", "reviews", input=answer)
    assert "with 4 evaluations? This cannot be undone." in result.stderr
    assert len(store.studies()) == left


def test_what_there_is_not(store: Store) -> None:
    assert isinstance(run("study", "nope", "--yes").exception, UnknownStudyError)
    assert isinstance(run("job", "reviews", "--yes").exception, InvalidFieldError)
