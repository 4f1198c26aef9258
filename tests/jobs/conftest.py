import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from job_runners import WaitFor
from postgres import PROGRAMS

from bort.jobs import RUNNERS, JobRecord
from bort.storage import Store, open_store

# Everything in it needs a server, which `.ci/run` installs.
collect_ignore = [] if PROGRAMS else ["test_postgres.py"]

RUNNER_NAMES = (
    "count",
    "evaluate",
    "deaf",
    "deaf_and_stubborn",
    "mistaken",
    "broken",
    "starved",
    "starved_in_torch",
    "starved_on_a_gpu",
    "full",
    "interrupted",
    "leave",
    "not_json",
)


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Make Ctrl-C work, even if the tests run as a shell's background job, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def own_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests' trainings from waiting for other programs on this machine."""
    monkeypatch.setattr("bort.core.locks.lock_path", lambda: tmp_path / "measuring.lock")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A new store, with the runners from `job_runners` here and in worker processes."""
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.delenv("BORT_STORE", raising=False)
    folder = str(Path(__file__).parent)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", folder, prepend=os.pathsep)
    for name in RUNNER_NAMES:
        monkeypatch.setitem(RUNNERS, name, f"job_runners:{name}")
    with open_store() as store:
        yield store
        for job in store.jobs():  # leave no process behind, whatever failed
            if job.state.is_active and job.process and job.process.pid != os.getpid():
                with suppress(ProcessLookupError):
                    os.kill(job.process.pid, signal.SIGKILL)


@pytest.fixture
def wait_for(store: Store) -> WaitFor:
    """Wait until a job's row meets a condition, at most two minutes."""

    def wait(job_id: int, holds: Callable[[JobRecord], bool]) -> JobRecord:
        give_up = time.monotonic() + 120
        while not holds(job := store.job(job_id)):
            assert time.monotonic() < give_up, (
                job,
                job.log.read_text() if job.log.exists() else "",
            )
            time.sleep(0.02)
        return job

    return wait
