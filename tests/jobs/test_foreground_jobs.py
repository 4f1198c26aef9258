import dataclasses
import threading
import time

import pytest

from bort import jobs
from bort.core.errors import (
    BortError,
    BusyError,
    DiskFullError,
    InvalidDataError,
    InvalidOptionError,
    UnknownJobError,
)
from bort.core.progress import Progress, Stage
from bort.jobs import JobCancelledError, JobState
from bort.jobs.runtime import control
from bort.report.events import event_sentence
from bort.report.jobs import ending_reason, ending_sentence
from bort.storage import Ending, EndingCode, EventCode, Store, read_log


def test_a_foreground_job_returns_its_result_and_is_a_row(store: Store) -> None:
    seen: list[Progress] = []
    result = jobs.run_here(store, "count", {"to": 3}, study="s", on_step=seen.append)
    assert result == {"counted": 3, "attempt": 1}
    assert [step.done for step in seen] == [1, 2, 3]
    (job,) = jobs.list_jobs(store, study="s")
    assert (job.state, job.result, job.spec) == (JobState.DONE, result, {"to": 3})
    assert job.progress == Progress(3, 3, Stage.AUDITING, "3", numbers={"epsilon": 1 / 3})
    assert job.finished_at is not None
    assert [(event.code, event.facts) for event in store.events(job.id)] == [
        (EventCode.ATTEMPT_BEGAN, {"attempt": 1}),
        (EventCode.ENDED, {"state": "done", "ending": None}),
    ]


def test_a_result_is_what_json_holds(store: Store) -> None:
    assert jobs.run_here(store, "not_json", {}) == {"nan": None, "tuple": [1, 2]}


def test_an_unknown_kind_starts_nothing(store: Store) -> None:
    with pytest.raises(InvalidOptionError, match="there is no kind of job called 'os:system'"):
        jobs.run_here(store, "os:system", {})
    assert store.jobs() == []


def test_a_mistake_of_the_user_is_the_reason(store: Store) -> None:
    with pytest.raises(InvalidDataError, match="the column 'text' is missing"):
        jobs.run_here(store, "mistaken", {})
    (job,) = store.jobs()
    assert job.state is JobState.FAILED
    assert job.ending == Ending(
        EndingCode.FAILED,
        error="InvalidDataError",
        message="the column 'text' is missing; name it with --text",
    )
    assert "Traceback" not in read_log(job)[0]


@pytest.mark.parametrize(
    ("kind", "code", "error"),
    [
        ("broken", EndingCode.CRASHED, "ZeroDivisionError"),
        ("starved", EndingCode.OUT_OF_MEMORY, "MemoryError"),
        ("starved_in_torch", EndingCode.OUT_OF_MEMORY, "RuntimeError"),
        ("starved_on_a_gpu", EndingCode.OUT_OF_MEMORY, "OutOfMemoryError"),
        ("full", EndingCode.DISK_FULL, "DiskFullError"),
        ("leave", EndingCode.CRASHED, "SystemExit"),
    ],
)
def test_our_own_failure_is_one_line_and_its_traceback_is_in_the_log(
    store: Store, kind: str, code: EndingCode, error: str
) -> None:
    with pytest.raises(BortError) as caught:
        jobs.run_here(store, kind, {})
    (job,) = store.jobs()
    assert job.ending is not None
    assert (job.state, job.ending.code, job.ending.error) == (JobState.FAILED, code, error)
    if kind == "full":  # our own errors already say everything
        assert "Traceback" not in read_log(job)[0]
        return
    reason = ending_reason(job.ending)
    assert str(caught.value) == f"job {job.id} failed: {reason}; details: bort jobs logs {job.id}"
    assert "Traceback" in read_log(job)[0]
    assert all("Traceback" not in event_sentence(event) for event in store.events(job.id))


def test_a_full_disk_is_told_even_if_the_last_write_fails(store: Store) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DiskFullError("the disk is full: nothing was written; free some space")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(DiskFullError):  # noqa: PT012
        patch.setattr(type(store), "finish_job", refuse)
        patch.setattr("bort.jobs.runtime.context.append_log", refuse)
        jobs.run_here(store, "full", {})
    assert store.job(1).state is JobState.RUNNING  # nobody could write otherwise
    found = jobs.find_job(store, 1)
    assert (found.state, found.ending and found.ending.code) == (
        JobState.LOST,
        EndingCode.DISK_FULL,
    )
    assert ending_sentence(found) == (
        "The disk is full. Free some space and run `bort jobs resume 1`."
    )


def test_control_c_cancels_and_keeps_what_was_done(store: Store) -> None:
    with pytest.raises(JobCancelledError, match="bort jobs resume") as caught:
        jobs.run_here(store, "interrupted", {})
    assert caught.value.exit_code == 130
    (job,) = store.jobs()
    assert (job.state, job.ending, job.progress.done) == (
        JobState.CANCELLED,
        Ending(EndingCode.INTERRUPTED),
        1,
    )


def test_cancelled_from_elsewhere_and_resumed(store: Store) -> None:
    def cancel_soon(step: Progress) -> None:
        if step.done == 2:
            threading.Thread(target=jobs.cancel, args=(store, 1)).start()

    spec = {"to": 500, "pause": 0.02}
    with pytest.raises(JobCancelledError, match=r"stopped \(cancelled\)"):
        jobs.run_here(store, "count", spec, on_step=cancel_soon)
    job = store.job(1)
    assert job.state is JobState.CANCELLED
    assert job.result is not None
    (job.folder / "count.txt").write_text("499")
    result = jobs.resume(store, 1, detach=False)
    assert result == {"counted": 500, "attempt": 2}
    again = store.job(1)
    assert (again.state, again.attempt, again.cancel_requested) == (JobState.DONE, 2, False)
    assert again.seconds > job.seconds > 0
    assert read_log(again)[0].count("begins") == 2


def test_a_slow_cancel_leaves_the_next_attempt_alone(store: Store) -> None:
    def interrupt(step: Progress) -> None:
        if step.done == 1:
            raise KeyboardInterrupt

    def look_again(step: Progress) -> None:
        if step.done == 2:
            control._stop(store, cancelled, grace_s=0.0)

    with pytest.raises(JobCancelledError):
        jobs.run_here(store, "count", {"to": 4}, on_step=interrupt)
    cancelled = store.job(1)
    result = jobs.resume(store, 1, detach=False, on_step=look_again)
    assert (result["counted"], result["attempt"]) == (4, 2)


def test_what_is_done_or_unknown_cannot_be_resumed_or_cancelled(store: Store) -> None:
    jobs.run_here(store, "count", {"to": 1})
    with pytest.raises(InvalidOptionError, match="job 1 is done"):
        jobs.resume(store, 1, detach=False)
    with pytest.raises(BusyError, match="job 1 is already done"):
        jobs.cancel(store, 1)
    with pytest.raises(UnknownJobError, match="no job 7"):
        jobs.resume(store, 7, detach=True)
    with pytest.raises(UnknownJobError, match="no job 7"):
        jobs.cancel(store, 7)


def test_a_study_that_another_job_searches_is_not_searched_twice(store: Store) -> None:
    ended = store.create_job("search", {}, study="reviews")
    jobs.cancel(store, ended.id)
    other = store.create_job("search", {}, study="reviews")
    with pytest.raises(BusyError, match=f"job {other.id} is already searching .*reviews"):
        jobs.resume(store, ended.id, detach=True)
    assert store.job(ended.id).state is JobState.CANCELLED


def test_a_waiting_job_is_cancelled_at_once(store: Store) -> None:
    job = store.create_job("count", {"to": 1})
    assert jobs.cancel(store, job.id).state is JobState.CANCELLED


def test_progress_is_written_at_most_four_times_a_second(store: Store) -> None:
    written = 0
    beat = store.heartbeat

    def counted(*given: object) -> object:
        nonlocal written
        written += 1
        return beat(*given)  # type: ignore[arg-type]

    store.heartbeat = counted  # type: ignore[method-assign,assignment]
    begun = time.monotonic()
    jobs.run_here(store, "count", {"to": 100, "pause": 0.005})
    assert 2 <= written <= 2 + 4 * (time.monotonic() - begun)
    assert store.job(1).progress.done == 100


def test_a_job_outlives_a_locked_database(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bort.jobs.runtime.lifeline.HEARTBEAT_S", 0.05)
    with jobs_store_with_timeout(store, 0.05) as impatient:
        blocker = store.database.writing()

        def lock_a_while(step: Progress) -> None:
            if step.done == 2:
                blocker.__enter__()
            if step.done == 20:
                blocker.__exit__(None, None, None)

        jobs.run_here(impatient, "count", {"to": 25, "pause": 0.02}, on_step=lock_a_while)
    assert store.job(1).state is JobState.DONE


def jobs_store_with_timeout(store: Store, seconds: float) -> Store:
    from bort.storage import open_store

    return open_store(store.url, busy_timeout_s=seconds)


def test_an_overtaken_attempt_stops_and_writes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bort.jobs.runtime.lifeline.HEARTBEAT_S", 0.05)

    def overtake(step: Progress) -> None:
        if step.done == 2:
            store.mark_lost(store.job(1), Ending(EndingCode.UNKNOWN))
            with store.database.writing() as connection:
                connection.exec_driver_sql("UPDATE jobs SET attempt = 2, state = 'queued'")

    with pytest.raises(JobCancelledError, match="continues elsewhere"):
        jobs.run_here(store, "count", {"to": 1000, "pause": 0.01}, on_step=overtake)
    assert (store.job(1).state, store.job(1).attempt) == (JobState.QUEUED, 2)


def test_a_live_job_taken_for_lost_comes_back(store: Store) -> None:
    seen: list[JobState] = []

    def take_for_lost(step: Progress) -> None:
        job = store.job(1)
        if step.done == 1:
            while not store.mark_lost(store.job(1), Ending(EndingCode.UNKNOWN)):
                pass
        seen.append(job.state)

    jobs.run_here(store, "count", {"to": 150, "pause": 0.02}, on_step=take_for_lost)
    assert seen[-1] is JobState.RUNNING
    assert store.job(1).ending is None


def test_a_silent_job_of_another_machine_is_lost_after_its_lease(store: Store) -> None:
    job = store.create_job("count", {"to": 1})
    elsewhere = jobs_identity("elsewhere")
    assert store.claim_job(job.id, 1, elsewhere)
    assert jobs.find_job(store, job.id).state is JobState.RUNNING
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE jobs SET heartbeat_at = heartbeat_at - 120")
    found = jobs.find_job(store, job.id)
    assert found.state is JobState.LOST
    assert found.ending is not None
    assert (found.ending.code, found.ending.host) == (EndingCode.SILENT, "elsewhere")


def test_a_process_is_known_by_start_and_boot(store: Store) -> None:
    from bort.jobs.runtime.process import is_alive, send_signal, this_process

    me = this_process()
    assert is_alive(me)
    for stranger in (
        dataclasses.replace(me, started=me.started - 5),
        dataclasses.replace(me, boot_id="another"),
        dataclasses.replace(me, pid=2**22 + 1),
    ):
        assert not is_alive(stranger)
        assert not send_signal(stranger, 9, group=False)  # type: ignore[arg-type]


def jobs_identity(host: str):  # type: ignore[no-untyped-def]
    from bort.jobs.runtime.process import this_process

    return dataclasses.replace(this_process(), host=host)
