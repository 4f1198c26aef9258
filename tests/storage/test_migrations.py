"""Stores outlive versions: a store from an older bort can be read and continued."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bort.core.errors import StoreError
from bort.core.progress import Progress, Stage
from bort.storage import (
    Ending,
    EndingCode,
    EventCode,
    JobState,
    Thing,
    ThingKind,
    open_store,
    open_to_read,
    schema,
)
from bort.storage.migrations.versions import v0004_codes
from bort.studies.agora import read_run
from bort.studies.answers import read_answer

# Written by the last commit without store revisions; the comments in it are that commit's.
BEFORE = Path(__file__).parent / "store_before.sql"


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a store that this commit wrote."""
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    file = tmp_path / "old.db"
    connection = sqlite3.connect(file)
    connection.executescript(BEFORE.read_text(encoding="utf-8"))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return f"sqlite:///{file}"


def is_old(url: str) -> bool:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    return "alembic_version" not in names


def test_a_study_and_what_belongs_to_it(old: str) -> None:
    with open_store(old) as store:
        assert [(s.name, s.evaluation_count, s.profile) for s in store.studies()] == [
            ("before", 9, "made-up")
        ]
        answer = read_answer(store, "before")
        assert [p.id for p in answer.front] == [
            "1-2-64-64",
            "1-2-64-128",
            "2-2-64-64",
            "3-2-64-128",
            "1-2-128-64",
            "2-2-128-128",
            "3-2-128-64",
        ]
        shown = answer.as_json()
        assert shown["cover"] == ["1-2-64-64", "1-2-128-64"]
        assert shown["certified_epsilon"] == 0.43062370663613025
        assert shown["audit"]["drawn"] == ["2-2-64-128", "2-2-128-64"]
        assert [a.job for a in store.audits("before")] == [1]
        assert store.profile("made-up").profile["runtime"] == "torch-float32"
        assert store.record_faults("before") == []
        (model,) = store.models()
        assert (model.name, model.job_id, model.study) == ("before-model", 3, "before")


def test_an_agora_run(old: str) -> None:
    with open_store(old) as store:
        run = read_run(store, store.job(2))
        assert [summary.round for summary in run.summaries] == [0, 1]
        assert {row.point.verdict for row in run.points} == {
            "accepted",
            "outside-radius",
            "budget-spent",
        }


def test_jobs_in_every_state(old: str) -> None:
    with open_store(old) as store:
        endings = {job.id: (job.state, job.ending) for job in store.jobs()}
        progress = {job.id: job.progress for job in store.jobs()}
        metrics = store.metrics(3)
    cancelled = {
        4: Ending(EndingCode.CANCELLED),
        6: Ending(EndingCode.CANCELLED_BEFORE_START),
        7: Ending(EndingCode.INTERRUPTED),
        8: Ending(EndingCode.KILLED),
        9: Ending(EndingCode.SIGNALLED, signal="SIGTERM"),
        10: Ending(EndingCode.OVERTAKEN),
    }
    assert endings == {
        1: (JobState.DONE, None),
        2: (JobState.DONE, None),
        3: (
            JobState.FAILED,
            Ending(
                EndingCode.FAILED,
                message="the teacher has other labels (A, B); name another with --teacher",
            ),
        ),
        **{number: (JobState.CANCELLED, ending) for number, ending in cancelled.items()},
        5: (JobState.LOST, Ending(EndingCode.PROCESS_GONE, pid=4242)),
        11: (JobState.LOST, Ending(EndingCode.SILENT, host="another-machine", silent_s=75)),
        12: (
            JobState.FAILED,
            Ending(EndingCode.CRASHED, error="ZeroDivisionError", message="division by zero"),
        ),
        13: (JobState.QUEUED, None),
    }
    assert progress[3] == Progress(5, 40, Stage.FINETUNE, None, 12.5, {"loss": 0.512, "seed": 0})
    assert (progress[4].stage, progress[4].done) == (Stage.MEASURING, 3)
    assert progress[1] == Progress(1, 2, Stage.AUDITING)
    assert metrics["x"] == [(1, None)]


def test_a_profile_of_an_example_is_no_longer_reused(old: str) -> None:
    key = {"fingerprint_digest": "aa", "runtime": "torch-float32", "space_digest": "bb"}
    connection = sqlite3.connect(old.removeprefix("sqlite:///"))
    for name, value in key.items():
        connection.execute(f"UPDATE latency_profiles SET {name} = ?", (value,))
    connection.execute("UPDATE studies SET is_example = 1")
    connection.commit()
    connection.close()
    with open_store(old) as store:
        assert store.profile("made-up").key is None


def test_events(old: str) -> None:
    with open_store(old) as store:
        assert [(e.code, e.facts) for e in store.events(5)] == [
            (EventCode.ATTEMPT_BEGAN, {"attempt": 1}),
            (EventCode.WARNING, {"text": "its winners were not measured: busy"}),
            (EventCode.ENDED, {"state": "lost", "ending": {"code": "process gone", "pid": 4242}}),
        ]
        assert [e.code for e in store.events(4)] == [
            EventCode.ATTEMPT_BEGAN,
            EventCode.CANCEL_REQUESTED,
            EventCode.ENDED,
        ]


def test_it_is_written_on(old: str) -> None:
    with open_store(old) as store:
        resumed = store.requeue_job(5, is_detached=False)
        assert (resumed.state, resumed.attempt, resumed.ending) == (JobState.QUEUED, 2, None)
        assert store.create_job("search", {}).id == 14
        store.log_event(14, EventCode.CANCEL_REQUESTED)
        store.delete(Thing(ThingKind.JOB, str(3)))  # its events go, the model stays
        assert store.events(3) == []
        assert store.models()[0].job_id == 3


def test_both_ways_lead_to_the_same_tables(old: str, tmp_path: Path) -> None:
    shapes = []
    for url in (old, f"sqlite:///{tmp_path / 'new.db'}"):
        open_store(url).close()
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            assert compare_metadata(context, schema.metadata) == []
            found = sa.inspect(connection)
            shapes.append(
                {
                    table: sorted(
                        (c["name"], str(c["type"]), c["nullable"], c["default"])
                        for c in found.get_columns(table)
                    )
                    for table in found.get_table_names()
                }
            )
            assert connection.scalar(sa.text("SELECT version FROM bort_schema")) == 4
        engine.dispose()
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("version", [1, 2])
def test_the_oldest_stores_get_what_they_lack(old: str, version: int) -> None:
    connection = sqlite3.connect(old.removeprefix("sqlite:///"))
    connection.executescript("DROP TABLE audits" + ("; DROP TABLE models" if version == 1 else ""))
    connection.execute(f"UPDATE bort_schema SET version = {version}")
    connection.commit()
    connection.close()
    with open_store(old) as store:
        assert len(store.models()) == version - 1
        assert store.audits("before") == []


def test_processes_that_upgrade_at_once(old: str) -> None:
    code = "from bort.storage import open_store as o; import sys; print(len(o(sys.argv[1]).jobs()))"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    found = [subprocess.Popen([sys.executable, "-c", code, old], **pipes) for _ in range(3)]
    assert [process.communicate() for process in found] == [("13\n", "")] * 3


def test_the_same_on_every_database(old: str, backend_url: str) -> None:
    """Copy the old store's tables and rows unchanged."""
    tables = sa.MetaData()
    source, target = sa.create_engine(old), sa.create_engine(backend_url)
    with source.connect() as rows, target.begin() as copy:
        tables.reflect(rows)
        for column in (column for table in tables.sorted_tables for column in table.columns):
            column.type = column.type.as_generic()  # not every database has BLOB
        tables.drop_all(copy)
        tables.create_all(copy)
        for table in tables.sorted_tables:
            if found := rows.execute(table.select()).mappings().all():
                copy.execute(table.insert(), [dict(row) for row in found])
    source.dispose()
    target.dispose()
    with open_store(old) as here, open_store(backend_url) as there:
        assert here.jobs() == there.jobs()
        for job in here.jobs():
            assert here.events(job.id) == there.events(job.id)
            assert here.agora_rounds(job.id) == there.agora_rounds(job.id)
        assert read_answer(here, "before").as_json() == read_answer(there, "before").as_json()
    open_store(backend_url).close()


def test_an_upgrade_that_fails_changes_nothing(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(_message: str, _level: str) -> None:
        raise ZeroDivisionError

    before = Path(old.removeprefix("sqlite:///")).read_bytes()
    monkeypatch.setattr("re.fullmatch", break_down)
    with pytest.raises(ZeroDivisionError):
        open_store(old)
    monkeypatch.undo()
    assert is_old(old)
    assert Path(old.removeprefix("sqlite:///")).read_bytes() == before


def test_whoever_only_reads_brings_it_up_to_date_too(
    old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BORT_HOME", str(Path(old.removeprefix("sqlite:///")).parent))
    with pytest.raises(StoreError, match="written by an older bort"):
        open_store(old, read_only=True)
    assert is_old(old)
    with open_to_read(old) as store:
        assert store.is_read_only
        assert len(store.jobs()) == 13


def test_a_place_that_cannot_be_written_is_told(old: str, unprivileged: Path) -> None:
    connection = sqlite3.connect(unprivileged / "bort.db")
    connection.executescript(BEFORE.read_text(encoding="utf-8"))
    connection.close()
    unprivileged.chmod(0o555)
    (unprivileged / "bort.db").chmod(0o444)
    with pytest.raises(StoreError, match=r"written by an older bort.*; make it writable, or copy"):
        open_to_read(f"sqlite:///{unprivileged}/bort.db")


def test_a_sentence_that_nobody_knows_is_kept() -> None:
    assert v0004_codes.ending("a whim", "lost") == {"code": "unknown", "message": "a whim"}
    assert v0004_codes.event("its winners: 3", "info") == ("note", {"text": "its winners: 3"})
