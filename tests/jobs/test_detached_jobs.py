import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import psutil
import pytest
from job_runners import WaitFor

from bort import jobs
from bort.core.errors import BortError, BusyError
from bort.core.study import StudySpec
from bort.jobs import JobState
from bort.jobs.runtime import worker
from bort.jobs.runtime.process import identify, is_alive
from bort.storage import Ending, EndingCode, Store, open_store, read_log


def test_a_detached_job_runs_in_a_session_of_its_own(store: Store, wait_for: WaitFor) -> None:
    job_id = jobs.start_detached(store, "count", {"to": 100, "pause": 0.05}, study="s")
    running = wait_for(job_id, lambda job: job.progress.done > 1)
    assert running.state is JobState.RUNNING
    assert running.is_detached
    assert running.process is not None
    assert os.getsid(running.process.pid) == running.process.pid
    # A store's URL may contain a password, and everyone can read a command line.
    assert store.url not in " ".join(psutil.Process(running.process.pid).cmdline())
    with pytest.raises(BusyError, match="is running"):
        jobs.resume(store, job_id, detach=True)
    done = wait_for(job_id, lambda job: job.state.is_final)
    assert (done.state, done.result) == (JobState.DONE, {"counted": 100, "attempt": 1})
    assert "".join(jobs.follow_log(store, job_id)) == read_log(done)[0]


def test_killed_then_lost_then_resumed(store: Store, wait_for: WaitFor) -> None:
    study = store.create_study(StudySpec(name="s", space={}))
    job_id = jobs.start_detached(
        store, "evaluate", {"to": 6, "pause": 0.5, "hold_at": 2}, study="s"
    )
    wait_for(job_id, lambda job: len(store.evaluations(study)) >= 2)
    process = store.job(job_id).process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    give_up = time.monotonic() + 60
    while (lost := jobs.find_job(store, job_id)).state is JobState.RUNNING:
        assert time.monotonic() < give_up
    assert lost.state is JobState.LOST
    assert lost.process is not None
    assert lost.ending == Ending(EndingCode.PROCESS_GONE, pid=lost.process.pid)
    kept = store.evaluations(study)
    assert len(kept) >= 2

    winners: list[int] = []
    losers: list[BortError] = []

    def resume() -> None:
        try:
            with open_store(store.url) as mine:
                jobs.resume(mine, job_id, detach=True)
            winners.append(1)
        except BusyError as error:
            losers.append(error)

    threads = [threading.Thread(target=resume) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(winners), len(losers)) == (1, 3)
    done = wait_for(job_id, lambda job: job.state.is_final)
    assert (done.state, done.attempt) == (JobState.DONE, 2)
    after = store.evaluations(study)
    assert len(after) == 6
    assert {id: after[id] for id in kept} == kept


def test_sigterm_stops_gracefully(store: Store, wait_for: WaitFor) -> None:
    job_id = jobs.start_detached(store, "count", {"to": 1000, "pause": 0.02})
    running = wait_for(job_id, lambda job: job.progress.done > 1)
    assert running.process is not None
    os.kill(running.process.pid, signal.SIGTERM)
    job = wait_for(job_id, lambda job: job.state.is_final)
    assert (job.state, job.ending) == (
        JobState.CANCELLED,
        Ending(EndingCode.SIGNALLED, signal="SIGTERM"),
    )
    assert job.result == {"counted": job.progress.done, "attempt": 1}


@pytest.mark.parametrize(
    ("kind", "code"),
    [("deaf", EndingCode.CANCELLED), ("deaf_and_stubborn", EndingCode.KILLED)],
)
def test_who_does_not_listen_is_terminated_then_killed(
    store: Store, wait_for: WaitFor, monkeypatch: pytest.MonkeyPatch, kind: str, code: EndingCode
) -> None:
    monkeypatch.setattr("bort.jobs.runtime.control.TERMINATE_S", 10.0 if kind == "deaf" else 1.0)
    job_id = jobs.start_detached(store, kind, {})
    running = wait_for(job_id, lambda job: job.progress.subject == "deaf")
    # The worker must notice the cancellation before the signal, as with a real grace period.
    job = jobs.cancel(store, job_id, grace_s=6.0)
    assert (job.state, job.ending) == (JobState.CANCELLED, Ending(code))
    assert running.process is not None
    give_up = time.monotonic() + 60
    while is_alive(running.process):
        assert time.monotonic() < give_up


def test_cancelling_without_waiting(store: Store, wait_for: WaitFor) -> None:
    job_id = jobs.start_detached(store, "count", {"to": 1000, "pause": 0.02})
    wait_for(job_id, lambda job: job.progress.done > 1)
    assert jobs.cancel(store, job_id, wait=False).cancel_requested
    job = wait_for(job_id, lambda job: job.state.is_final)
    assert (job.state, job.ending) == (JobState.CANCELLED, Ending(EndingCode.CANCELLED))


def test_a_failing_worker_says_why(store: Store, wait_for: WaitFor) -> None:
    job_id = jobs.start_detached(store, "broken", {})
    job = wait_for(job_id, lambda job: job.state.is_final)
    assert (job.state, job.ending) == (
        JobState.FAILED,
        Ending(EndingCode.CRASHED, error="ZeroDivisionError", message="division by zero"),
    )
    log = "".join(jobs.follow_log(store, job_id))
    assert "before the end" in log
    assert "Traceback" in log


def test_a_worker_that_cannot_begin_is_lost(store: Store, wait_for: WaitFor) -> None:
    job = store.create_job("count", {"to": 1}, is_detached=True)
    gone = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(9)"])
    identity = identify(gone.pid)
    assert identity is not None
    store.note_process(job.id, 1, identity)
    assert jobs.find_job(store, job.id).state is JobState.QUEUED
    gone.kill()
    gone.wait()
    assert jobs.find_job(store, job.id).state is JobState.LOST


OLD_ATTEMPT = ("--attempt", "1", "--runner", "job_runners:count")


def test_an_older_attempt_cannot_claim_the_job(store: Store) -> None:
    job = store.create_job("count", {"to": 1})
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE jobs SET attempt = 2")
    late = subprocess.run(
        [*f"{sys.executable} -P -m bort.jobs.runtime.worker {job.id}".split(), *OLD_ATTEMPT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert late.returncode == 2
    assert "is no longer queued" in late.stderr
    assert store.job(job.id).state is JobState.QUEUED


def test_a_stopped_process_is_late_but_alive(store: Store, wait_for: WaitFor) -> None:
    job_id = jobs.start_detached(store, "deaf", {})
    running = wait_for(job_id, lambda job: job.progress.subject == "deaf")
    assert running.process is not None
    os.kill(running.process.pid, signal.SIGSTOP)
    with sqlite3.connect(store.url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE jobs SET heartbeat_at = heartbeat_at - 1000")
    connection.close()
    assert jobs.find_job(store, job_id).state is JobState.RUNNING


def test_a_job_in_the_background_gives_way_to_pages_unless_it_measures(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    gave_way: list[int] = []
    monkeypatch.setattr(worker, "run_attempt", lambda *_: None)
    monkeypatch.setattr("os.nice", gave_way.append)
    for kind in ("search", "latency"):
        job = store.create_job(kind, {})
        assert worker.main([f"{job.id}", *OLD_ATTEMPT, "--store", store.url]) == 0
    assert gave_way == [worker.NICENESS]
