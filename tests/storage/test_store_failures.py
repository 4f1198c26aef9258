"""Every problem with a store is one line that says what to do; nothing is half-written."""

import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from store_contract import study_spec

from bort.cli.main import bort
from bort.core.errors import DiskFullError, StoreError
from bort.core.evaluation import Evaluation
from bort.storage import Store, check_store, open_store, open_to_read, schema
from bort.storage.database import Database
from bort.storage.urls import shown


def failure(url: str, *, read_only: bool = False) -> str:
    """Return the error message of opening a store."""
    with pytest.raises(StoreError) as caught:
        open_store(url, read_only=read_only)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("results.db", "'results.db' is not the URL of a store; use sqlite:///FILE"),
        ("", None),
        ("nosuch://ann:secret@host/x", "'nosuch://ann:***@host/x' is not the URL of a store"),
        ("postgresql://ann:secret@host:port/x", "'postgresql://ann:***@host:port/x' is not"),
        ("mysql://host/x", "mysql is not supported as a store; use sqlite:///FILE"),
        ("sqlite+nosuch:///x.db", "is not the URL of a store"),
        ("sqlite+aiosqlite:///x.db", "names a database driver"),
        ("sqlite://", "a store in memory would be lost when its process ends"),
        ("sqlite:///:memory:", "a store in memory would be lost when its process ends"),
        ("sqlite:///x.db?mode=ro", "has options after its '?'"),
        ("postgresql+psycopg2://ann:secret@127.0.0.1:1/x", "psycopg"),
    ],
)
def test_a_url_that_cannot_be_used(
    url: str, said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said is None:  # no URL: the default one
        monkeypatch.setenv("BORT_HOME", str(tmp_path))
        monkeypatch.delenv("BORT_STORE", raising=False)
        open_store(url)
        assert (tmp_path / "bort.db").exists()
        return
    message = failure(url)
    assert said in message
    assert "secret" not in message


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = failure(f"sqlite:///{tmp_path}/file/below/bort.db")
    assert "file/below for the store cannot be created (Not a directory)" in message


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    assert f"is a folder; name a file in it, for example {tmp_path}/bort.db" in failure(
        f"sqlite:///{tmp_path}"
    )


def test_a_missing_file_is_not_created_for_reading(tmp_path: Path) -> None:
    assert "there is no store at" in failure(f"sqlite:///{tmp_path}/x/bort.db", read_only=True)
    assert not (tmp_path / "x").exists()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Not a database at all. " * 100)
    before = file.read_bytes()
    assert f"{file} is not a database" in failure(f"sqlite:///{file}")
    assert f"{file} is not a database" in failure(f"sqlite:///{file}", read_only=True)
    assert file.read_bytes() == before


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE recipes (id INTEGER)")
    connection.close()
    before = file.read_bytes()
    assert "another program's database (it has the table 'recipes')" in failure(f"sqlite:///{file}")
    assert "is not a bort store" in failure(f"sqlite:///{file}", read_only=True)
    assert file.read_bytes() == before  # even its journal mode is what it was
    assert [path.name for path in tmp_path.iterdir()] == ["other.db"]


def test_a_newer_schema_is_refused(store: Store) -> None:
    with store.database.writing() as connection:
        connection.execute(schema.revision.update().values(version_num="0999"))
    for read_only in (False, True):
        message = failure(store.url, read_only=read_only)
        assert "written by a newer bort (schema 0999; this one reads" in message


def test_a_read_only_store_is_read_and_not_written(unprivileged: Path) -> None:
    file = unprivileged / "bort.db"
    with open_store(f"sqlite:///{file}") as store:
        store.create_study(study_spec())
    file.chmod(0o444)
    assert f"the store's file {file} is read-only" in failure(store.url)
    assert open_store(store.url, read_only=True).study("reviews").name == "reviews"
    unprivileged.chmod(0o555)
    assert open_store(store.url, read_only=True).study("reviews").name == "reviews"
    file.chmod(0o644)
    assert f"the store's folder {unprivileged} is read-only" in failure(store.url)


def test_a_store_that_becomes_read_only(unprivileged: Path) -> None:
    store = open_store(f"sqlite:///{unprivileged}/bort.db")
    (unprivileged / "bort.db").chmod(0o444)
    with pytest.raises(StoreError, match="is read-only; make the file and its folder writable"):
        store.create_study(study_spec())


def test_a_store_that_may_not_be_read(unprivileged: Path) -> None:
    store = open_store(f"sqlite:///{unprivileged}/bort.db")
    (unprivileged / "bort.db").chmod(0o000)
    assert "cannot be opened; check that the file exists and is readable" in failure(
        store.url, read_only=True
    )


def test_open_for_reading_means_reading(store: Store) -> None:
    with open_store(store.url, read_only=True) as reader:
        with pytest.raises(StoreError, match="open for reading only"):
            reader.create_study(study_spec())
        store.create_study(study_spec())
        assert reader.study("reviews") == store.study("reviews")


def test_a_full_disk_keeps_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = Database._connect

    def connect_to_small_disk(self: Database) -> sqlite3.Connection:
        connection = connect(self)
        connection.execute("PRAGMA max_page_count = 60")
        return connection

    monkeypatch.setattr(Database, "_connect", connect_to_small_disk)
    store = open_store(f"sqlite:///{tmp_path}/bort.db")
    study = store.create_study(study_spec())
    kept: list[str] = []

    def fill() -> None:
        for name in map(str, range(1000)):
            evaluation = Evaluation(0.1, 0.01, 100, wrong_items=bytes(2000))
            store.add_evaluation(study, name, {"depth": 1}, evaluation)
            kept.append(name)

    with pytest.raises(StoreError, match="the disk is full: nothing was written"):
        fill()
    assert list(store.evaluations(study)) == kept
    assert len(kept) > 3


def test_a_lock_is_waited_for_then_explained(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bort.db"
    patient, impatient = open_store(url), open_store(url, busy_timeout_s=0.1)
    with patient.database.writing():
        with pytest.raises(StoreError, match=r"locked by another process for more than 0\.1 s"):
            impatient.create_study(study_spec())
        assert impatient.studies() == []  # readers never wait
        waiting = threading.Thread(target=patient.create_study, args=(study_spec(),))
        waiting.start()
    waiting.join()
    assert [study.name for study in impatient.studies()] == ["reviews"]


def test_a_store_that_was_deleted_is_not_an_empty_one(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/bort.db")
    (tmp_path / "bort.db").unlink()
    with pytest.raises(StoreError, match="cannot be opened"):
        store.studies()


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def fail_half_way() -> None:
        with store.database.writing() as connection:
            connection.execute(schema.offered_examples.insert().values(file_name="half"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    with store.database.reading() as connection:
        assert connection.execute(schema.offered_examples.select()).all() == []


def test_a_home_without_room_for_jobs_stores_no_job(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blocked").touch()
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "blocked"))
    with pytest.raises(StoreError, match="choose another home folder with BORT_HOME"):
        store.create_job("search", {})
    assert store.jobs() == []


def test_a_place_is_checked_without_creating_anything(tmp_path: Path) -> None:
    check_store(f"sqlite:///{tmp_path}/x/y/bort.db")
    assert not (tmp_path / "x").exists()
    (tmp_path / "file").touch()
    for url, said in (
        (f"sqlite:///{tmp_path}/file/below/bort.db", "cannot be created"),
        (f"sqlite:///{tmp_path}", "is a folder; name a file in it"),
        ("results.db", "is not the URL of a store"),
    ):
        with pytest.raises(StoreError, match=said):
            check_store(url)


def test_a_place_that_cannot_be_written_is_found_before(unprivileged: Path) -> None:
    unprivileged.chmod(0o555)
    with pytest.raises(StoreError, match="is not a writable folder"):
        check_store(f"sqlite:///{unprivileged}/new/bort.db")
    unprivileged.chmod(0o755)


def test_who_only_reads_creates_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BORT_STORE", raising=False)
    with pytest.raises(StoreError, match="there is no store at"):
        open_to_read(f"sqlite:///{tmp_path}/missing/bort.db")
    assert list(tmp_path.iterdir()) == []
    assert open_to_read().studies() == []
    assert open_to_read().is_read_only
    assert list(tmp_path.iterdir()) == []
    open_store().close()
    assert [file.name for file in (tmp_path / "home").glob("*.db")] == ["bort.db"]
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_a_disk_that_is_full_at_once_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create(self: Database) -> None:
        (tmp_path / "bort.db").write_bytes(b"SQLite format 3")
        raise DiskFullError("the disk is full: nothing was written")

    monkeypatch.setattr(Database, "_create", create)
    assert "the disk is full" in failure(f"sqlite:///{tmp_path}/bort.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:p@ss:w0rd@host/x",
        "postgresql://host/x?user=ann&password=w0rd",
        "postgresql+psycopg://ann@host/x?sslmode=verify-ca&sslpassword=w0rd&connect_timeout=1",
        "postgresql://ann:@:w0rd@/x?host=/tmp",
    ],
)
def test_a_password_is_neither_taken_from_an_option_nor_shown(url: str) -> None:
    assert "w0rd" not in shown(url)
    for arguments in (["jobs", "list"], ["front"], ["verify", "certificate.json"]):
        done = CliRunner().invoke(bort, [*arguments, "--store", url])
        assert isinstance(done.exception, StoreError)
        told = str(done.exception)
        assert "PGPASSFILE" in told
        assert "BORT_STORE" in told
        assert "w0rd" not in told


def test_a_url_without_a_password_is_shown_whole() -> None:
    url = "postgresql://ann@host:5433/x?sslmode=require&passfile=pgpass"
    assert shown(url) == url
