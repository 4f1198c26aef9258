"""Taking turns at measuring, training and building, across threads and processes."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from bort.core import locks
from bort.core.errors import BusyError, StoreError
from bort.core.locks import (
    building,
    holder,
    lock_path,
    measuring,
    training_turn,
    wait_while_measuring,
    working_for,
)
from bort.core.progress import Stage
from bort.report.jobs import sentence

HOLD = """
import sys, time
from pathlib import Path
from bort.core.locks import measuring
with measuring("a test", path=Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "measuring.lock"


@pytest.fixture
def other_process(path):
    """Start another process that keeps the lock until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_told_who_measures(path, other_process):
    with (
        pytest.raises(BusyError, match=rf"process {other_process.pid} of .* \(a test\), since"),
        measuring("mine", path=path),
    ):
        pass
    seen = holder(path=path)
    assert seen is not None
    assert (seen.pid, seen.description) == (other_process.pid, "a test")


def test_a_killed_holder_frees_the_lock(path, other_process):
    other_process.kill()
    other_process.wait()
    assert path.stat().st_size > 0  # its note is still there
    assert holder(path=path) is None
    assert wait_while_measuring(path=path) == 0.0
    with measuring("mine", path=path):
        assert holder(path=path) is not None
    assert path.stat().st_size == 0


def test_a_training_waits_and_can_be_stopped(path, other_process):
    answers = iter([False, True])
    assert wait_while_measuring(lambda: next(answers), path=path) > 0.1


def test_waiting_ends_when_the_holder_does(path, other_process):
    asked = []

    def kill_then_go_on():
        asked.append(True)
        other_process.kill()
        return len(asked) > 50

    with measuring("mine", wait=True, should_stop=kill_then_go_on, path=path):
        assert len(asked) <= 50


def test_waiting_can_be_given_up(path, other_process):
    with (
        pytest.raises(BusyError),
        measuring("mine", wait=True, should_stop=lambda: True, path=path),
    ):
        pass


def test_an_error_inside_frees_the_lock(path):
    with pytest.raises(ZeroDivisionError), measuring("mine", path=path):
        _ = 1 / 0
    with measuring("again", path=path):
        pass


def test_a_link_is_not_followed(path, tmp_path):
    victim = tmp_path / "precious"
    victim.write_text("precious")
    path.symlink_to(victim)
    with pytest.raises(OSError, match=r"."), measuring("mine", path=path):
        pass
    path.unlink()
    os.link(victim, path)
    with pytest.raises(OSError, match="regular file"), measuring("mine", path=path):
        pass
    assert victim.read_text() == "precious"
    assert holder(path=path) is None


@pytest.mark.parametrize("note", ["{", "[]", '{"pid": "x"}', "\x00" * 50, "\x1b[31m"])
def test_a_scribbled_note_is_not_trusted(path, note):
    with measuring("mine", path=path):
        path.write_text(note)
        seen = holder(path=path)
        assert seen is not None
        assert str(seen).isprintable()


def test_no_other_user_can_open_a_lock(path):
    before = os.umask(0)
    try:
        with measuring("mine", path=path):
            assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
    assert lock_path().parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_somebody_else_made_is_passed_by(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(locks, "Path", lambda _: tmp_path)
    user = os.getuid()
    locks._lock_folder.cache_clear()
    try:
        for spoil in (lambda p: p.mkdir(mode=0o777), lambda p: p.symlink_to("/tmp"), Path.touch):
            place = tmp_path / f"bort-{user}"
            spoil(place)
            if place.is_dir() and not place.is_symlink():
                place.chmod(0o777)
            locks._lock_folder.cache_clear()
            assert lock_path() == tmp_path / "home" / "locks" / "bort-measuring.lock"
            with measuring("mine", path=lock_path()):
                assert holder(path=lock_path()) is not None
            place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink()
    finally:
        locks._lock_folder.cache_clear()


def test_asking_is_cheap(path):
    with measuring("mine", path=path):
        pass
    begin = time.perf_counter()
    for _ in range(1000):
        wait_while_measuring(path=path)
    assert time.perf_counter() - begin < 0.5  # 500 µs each would already be a broken fast path


def test_one_file_for_all_processes_of_a_user(monkeypatch):
    other = lock_path()
    for name in ("TMPDIR", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, "/elsewhere")
    locks._lock_folder.cache_clear()
    assert lock_path() == other


def test_one_place_for_all_cores_and_more_for_fewer_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "usable_cores", lambda: 4)
    tried = []

    def give_up() -> bool:
        tried.append(True)
        return True

    with (
        training_turn(2, give_up, folder=tmp_path),
        training_turn(2, give_up, folder=tmp_path),
    ):
        assert not tried
        with training_turn(None, give_up, folder=tmp_path):
            assert tried
    with training_turn(None, give_up, folder=tmp_path):
        assert len(tried) == 1


def test_places_are_counted_by_threads(monkeypatch):
    monkeypatch.setattr(locks, "usable_cores", lambda: 8)
    assert [locks.training_places(threads) for threads in (1, 2, 3, 16, None)] == [8, 4, 2, 1, 1]


def test_who_waits_goes_on_when_the_other_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "usable_cores", lambda: 2)
    order = []

    def second() -> None:
        with training_turn(2, lambda: False, folder=tmp_path):
            order.append("second")

    with training_turn(2, lambda: False, folder=tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        order.append("first")
    thread.join(timeout=10)
    assert order == ["first", "second"]


def test_who_waits_is_told_for_whom_and_how_long(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "usable_cores", lambda: 1)
    monkeypatch.setattr(locks, "TELL_SECONDS", 0.15)
    told = []
    with (
        working_for("job 3, reviews"),
        training_turn(1, lambda: False, on_step=told.append, folder=tmp_path),
    ):
        assert not told
        gives_up = lambda: len(told) == 2  # noqa: E731
        with training_turn(1, gives_up, on_step=told.append, folder=tmp_path):
            pass
        with (
            measuring("mine", path=tmp_path / "m"),
            pytest.raises(BusyError, match=r"\(job 3, reviews\), since"),
            measuring("second", path=tmp_path / "m"),
        ):
            pass
    assert [step.stage for step in told] == [Stage.WAITING_FOR_TRAINING] * 2
    assert all("(job 3, reviews), since" in step.subject for step in told)
    assert told[1].numbers["waited_s"] >= 0.15
    words = sentence(told[1])
    assert words.startswith(f"Waiting for another training to end: process {os.getpid()} of ")
    assert words.endswith("; waiting for 0 s")


def test_the_same_thing_is_built_once_at_a_time(tmp_path):
    order, file = [], tmp_path / "new" / "teacher.lock"

    def second() -> None:
        with building(file):
            order.append("second")

    with building(file):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.05)
        order.append("first")
    thread.join(timeout=10)
    assert order == ["first", "second"]


def test_where_nothing_can_be_locked_the_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="check BORT_HOME"), building(tmp_path / "file" / "lock"):
        pass
