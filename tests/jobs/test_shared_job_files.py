"""The files of jobs where two machines share a store and a folder; two homes stand for them."""

import shutil
from pathlib import Path

import pytest

from bort.core import shared_files
from bort.jobs import JobCancelledError, JobState, delete, resume, run_here
from bort.jobs.runtime import mirror
from bort.jobs.runtime.lifeline import Lifeline
from bort.jobs.runtime.mirror import Mirror
from bort.storage import Ending, EndingCode, EventCode, Thing, ThingKind, read_log


@pytest.fixture
def machine(tmp_path: Path, store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BORT_STORE", store.url)
    monkeypatch.setenv("BORT_FILES", str(tmp_path / "shared"))

    def at(name: str) -> Path:
        monkeypatch.setenv("BORT_HOME", str(tmp_path / name))
        return tmp_path / name

    at("a")
    return at


def count_and_cancel(store) -> int:
    def stop(progress):
        if progress.done == 3:
            store.request_cancel(store.jobs()[0].id)

    with pytest.raises(JobCancelledError):
        run_here(store, "count", {"to": 10_000, "pause": 0.05}, on_step=stop)
    return store.jobs()[0].id


def test_a_job_goes_on_on_another_machine(store, machine):
    job_id = count_and_cancel(store)
    counted = store.job(job_id).result["counted"]
    home = machine("b")
    log, _ = read_log(store.job(job_id))
    assert "attempt 1 begins" in log
    assert "cancelled" in log
    assert not (home / "runs").exists()  # only looked at

    def stop(progress):
        if progress.done == counted + 2:
            store.request_cancel(job_id)

    with pytest.raises(JobCancelledError):
        resume(store, job_id, detach=False, on_step=stop)
    assert store.job(job_id).result["counted"] > counted
    assert store.job(job_id).attempt == 2
    log, _ = read_log(store.job(job_id))
    assert "attempt 1 begins" in log
    assert "attempt 2 begins" in log
    machine("a")  # whose own files are now the older ones
    assert "attempt 2 begins" in read_log(store.job(job_id), at_once=True)[0]


def test_a_job_that_goes_on_here_keeps_its_own_files(store, machine):
    job_id = count_and_cancel(store)
    note = store.job(job_id).folder / "count.txt"
    note.write_text("9000")  # newer than what was pushed
    with pytest.raises(JobCancelledError):
        resume(store, job_id, detach=False, on_step=lambda p: store.request_cancel(job_id))
    assert store.job(job_id).result["counted"] > 9000


def test_files_are_pushed_while_a_job_works(store, machine, monkeypatch, tmp_path):
    monkeypatch.setattr(mirror, "PUSH_S", 0.01)
    seen = []

    def look(progress):
        (job,) = store.jobs()
        if shared_files.fetch(job.folder, only=["count.txt"], to=tmp_path / "seen"):
            seen.append((tmp_path / "seen" / "count.txt").exists())
            store.request_cancel(job.id)

    with pytest.raises(JobCancelledError):
        run_here(store, "count", {"to": 10_000, "pause": 0.05}, on_step=look)
    assert any(seen)


def test_a_job_that_was_overtaken_pushes_nothing(store, machine, tmp_path):
    job_id = count_and_cancel(store)
    shutil.rmtree(tmp_path / "shared")
    lifeline = Lifeline(store, store.job(job_id))
    lifeline.request_stop(Ending(EndingCode.OVERTAKEN))
    Mirror(store.job(job_id), lifeline).push()
    assert not (tmp_path / "shared").exists()


def test_a_job_is_done_even_if_its_files_cannot_be_pushed(store, machine, tmp_path):
    (tmp_path / "shared").write_text("no folder")
    assert run_here(store, "count", {"to": 2})["counted"] == 2
    (job,) = store.jobs()
    assert job.state is JobState.DONE
    (warning,) = [event for event in store.events(job.id) if event.level == "warning"]
    assert warning.code is EventCode.FILES_NOT_PUSHED
    assert "cannot be used" in warning.facts["message"]


def test_deleting_a_job_deletes_what_was_pushed(store, machine, tmp_path):
    job_id = count_and_cancel(store)
    assert [one for one in (tmp_path / "shared").rglob("*") if one.is_file()]
    delete(store, Thing(ThingKind.JOB, str(job_id)))
    assert not [one for one in (tmp_path / "shared").rglob("*") if one.is_file()]
