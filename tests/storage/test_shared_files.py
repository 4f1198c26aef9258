"""Files that machines share, in a folder and on an S3 server; two homes stand for two machines."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from s3 import Bucket, s3_server

from bort.cli.main import bort
from bort.core import shared_files
from bort.core.errors import InvalidOptionError, StoreError


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture(params=["folder", "fsspec", "s3"])
def shared(request, tmp_path, monkeypatch) -> str:
    if request.param == "folder":
        monkeypatch.setenv("BORT_FILES", str(tmp_path / "shared"))
        return str(tmp_path / "shared")
    if request.param == "fsspec":
        monkeypatch.setenv("BORT_FILES", f"fsspec+memory:/{tmp_path}")
        return f"fsspec+memory:/{tmp_path}"
    bucket = Bucket(request.getfixturevalue("endpoint"))
    bucket.use(monkeypatch)
    return bucket.url


@pytest.fixture
def machine(tmp_path, monkeypatch):
    def at(name: str) -> Path:
        monkeypatch.setenv("BORT_HOME", str(tmp_path / name))
        return tmp_path / name

    return at


def model(home: Path, *, weights: bytes = b"\x00\x01" * 50_000) -> Path:
    folder = home / "models" / "mine"
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / "parts" / "model.safetensors").write_bytes(weights)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    files = (one for one in folder.rglob("*") if one.is_file())
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in files}


def test_another_machine_fetches_what_was_pushed(shared, machine):
    there = model(machine("a"))
    (there / ".config.json.part-1234").write_text("half")
    shared_files.push(there)
    here = machine("b") / "models" / "mine"
    assert shared_files.fetch(here)
    (there / ".config.json.part-1234").unlink()
    assert content(here) == content(there)
    assert not shared_files.fetch(machine("b") / "models" / "other")


def test_only_what_has_changed_is_sent(shared, machine, monkeypatch):
    folder = model(machine("a"))
    sent = []
    write = shared_files._write
    monkeypatch.setattr(
        shared_files,
        "_write",
        lambda files, name, chunks: (sent.append(name), write(files, name, chunks)),
    )
    shared_files.push(folder)
    assert len(sent) == 3  # two files and their list
    shared_files.push(folder)
    assert len(sent) == 3
    with (folder / "config.json").open("a") as log:
        log.write("more\n")
    shared_files.push(folder)
    assert len(sent) == 5
    here = machine("b") / "models" / "mine"
    assert shared_files.fetch(here, only=["config.json"])
    assert content(here) == {"config.json": b"{}more\n"}


def test_a_push_that_is_killed_leaves_the_old_files(shared, machine, monkeypatch):
    folder = model(machine("a"))
    shared_files.push(folder)
    before = content(folder)
    model(machine("a"), weights=b"new")
    write = shared_files._write

    def killed(files, name, chunks):
        if name.endswith(".json"):
            raise KeyboardInterrupt
        write(files, name, chunks)

    with monkeypatch.context() as patch:
        patch.setattr(shared_files, "_write", killed)
        with pytest.raises(KeyboardInterrupt):
            shared_files.push(folder)
    here = machine("b") / "models" / "mine"
    assert shared_files.fetch(here)
    assert content(here) == before


def test_a_damaged_file_is_refused_and_no_folder_appears(shared, machine):
    folder = model(machine("a"))
    shared_files.push(folder)
    files = shared_files._files()
    place = shared_files._place(files, folder)
    sha256 = shared_files._list(files, place)["parts/model.safetensors"]
    shared_files._write(files, f"{place}/{sha256}", [b"forged"])
    here = machine("b") / "models" / "mine"
    with pytest.raises(StoreError, match="damaged: its SHA-256 is another"):
        shared_files.fetch(here)
    assert not here.exists()


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "parts/../../outside", ".hidden"])
def test_a_list_leads_nowhere_else(shared, machine, name):
    folder = model(machine("a"))
    shared_files.push(folder)
    files = shared_files._files()
    place = shared_files._place(files, folder)
    known = shared_files._list(files, place)
    known[name] = known.pop("config.json")
    shared_files._write(files, f"{place}.json", [json.dumps(known).encode()])
    here = machine("b") / "models" / "mine"
    with pytest.raises(StoreError, match="a list names the file"):
        shared_files.fetch(here)
    assert not list(machine("b").rglob("*outside*"))


def test_deleted_files_are_gone_there_too(shared, machine):
    folder = model(machine("a"))
    shared_files.push(folder)
    shared_files.remove(folder)
    assert not shared_files.fetch(machine("b") / "models" / "mine")


def test_a_single_file_is_shared_too(shared, machine):
    there = machine("a") / "texts" / "texts-1.parquet"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"rows")
    shared_files.push(there)
    here = machine("b") / "texts" / "texts-1.parquet"
    assert shared_files.fetch(here)
    assert here.read_bytes() == b"rows"


def test_nothing_is_shared_without_a_url(machine, monkeypatch):
    monkeypatch.delenv("BORT_FILES", raising=False)
    folder = model(machine("a"))
    shared_files.push(folder)
    assert not shared_files.fetch(folder)


def test_a_bucket_that_is_not_there_ends_with_one_line(endpoint, machine, monkeypatch):
    Bucket(endpoint).use(monkeypatch)
    monkeypatch.setenv("BORT_FILES", "s3://no-such-bucket/shared")
    folder = model(machine("a"))
    with pytest.raises(StoreError, match="s3://no-such-bucket/shared cannot be used") as failure:
        shared_files.push(folder)
    assert "\n" not in str(failure.value)
    assert "very-secret" not in str(failure.value)


@pytest.mark.parametrize("url", ["s3://ann:secret@bucket/x", "s3://secret@bucket", "ftps://x/y"])
def test_a_url_that_cannot_be_used_is_refused_without_its_secret(url, monkeypatch):
    monkeypatch.setenv("BORT_FILES", url)
    with pytest.raises(InvalidOptionError, match="BORT_FILES") as refusal:
        shared_files.check()
    assert "secret" not in str(refusal.value)


def test_doctor_says_where_files_are_shared(endpoint, machine, monkeypatch):
    bucket = Bucket(endpoint)
    bucket.use(monkeypatch)
    machine("a")
    said = CliRunner().invoke(bort, ["doctor"]).output
    assert f"shared with other machines in {bucket.url}" in " ".join(said.split())
