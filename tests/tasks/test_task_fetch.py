import hashlib
import importlib.util
import io
import os
import sys
import tarfile
from pathlib import Path

import pytest

from bort.core.errors import DownloadError
from bort.tasks import fetch
from bort.tasks.fetch import Distribution, check_hash, read_members


def archive(members: dict[str, bytes], *, links: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return buffer.getvalue()


@pytest.fixture
def sdist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Distribution:
    """Put a package whose setup.py would leave a trace in the only place where pip looks."""
    setup = f"open({str(tmp_path / 'executed')!r}, 'w').close()\n".encode()
    content = archive({"bortprobe-1.0/setup.py": setup, "bortprobe-1.0/PKG-INFO": b"Name: x\n"})
    links = tmp_path / "links"
    links.mkdir()
    (links / "bortprobe-1.0.tar.gz").write_bytes(content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return Distribution("bortprobe", "1.0", hashlib.sha256(content).hexdigest())


def test_fetching_executes_nothing_of_what_it_fetches(sdist: Distribution, tmp_path: Path) -> None:
    content = fetch.fetch(sdist)
    assert hashlib.sha256(content).hexdigest() == sdist.sha256
    assert not (tmp_path / "executed").exists()


def test_a_wrong_hash_is_refused(sdist: Distribution, tmp_path: Path) -> None:
    wrong = Distribution("bortprobe", "1.0", "0" * 64)
    with pytest.raises(DownloadError, match="does not have the expected SHA-256"):
        fetch.fetch(wrong)
    assert not (tmp_path / "executed").exists()


def test_what_cannot_be_found_is_said_in_one_line(sdist: Distribution) -> None:
    with pytest.raises(DownloadError, match="check the network connection") as caught:
        fetch.fetch(Distribution("bortprobe", "9.9", sdist.sha256))
    assert "\n" not in str(caught.value)


def test_pip_is_found_where_the_environment_has_none(
    sdist: Distribution, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        fetch, "find_spec", lambda name: None if name == "pip" else importlib.util.find_spec(name)
    )
    assert fetch._pip() != [sys.executable, "-m", "pip"]
    content = fetch.fetch(sdist)
    assert hashlib.sha256(content).hexdigest() == sdist.sha256


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("/usr/bin/python: No module named pip", "uv pip install pip"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "the disk is full"),
        ("", "no reason given"),
    ],
)
def test_reasons_are_named(output: str, expected: str) -> None:
    assert expected in fetch._reason(Distribution("x", "1", "0"), output)


def test_a_temporary_folder_that_cannot_be_written(
    sdist: Distribution, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_where: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch, "temporary", full)
    with pytest.raises(DownloadError, match="No space left on device; free some space"):
        fetch.fetch(sdist)


def test_check_hash() -> None:
    check_hash(b"x", hashlib.sha256(b"x").hexdigest(), what="x")
    with pytest.raises(
        DownloadError, match=r"y has the SHA-256 .* expected 0000; nothing was kept"
    ):
        check_hash(b"y", "0000", what="y")


def test_members_are_read_in_memory_whatever_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = archive({"../../outside": b"1", "/absolute": b"2", "a/b": b"3"})
    found = read_members(content, ["a/b", "../../outside"], what="it")
    assert found == {"a/b": b"3", "../../outside": b"1"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"not an archive", "not a readable"),
        (archive({"a": b"1" * 1000})[:-30], "not a readable"),
        (archive({"b": b"1"}), "does not contain a"),
        (archive({}, links={"a": "/etc/passwd"}), "does not contain a"),
    ],
    ids=["text", "cut off", "another member", "a link"],  # the bytes contain their creation time
)
def test_archives_that_are_not_what_they_should_be(content: bytes, expected: str) -> None:
    with pytest.raises(DownloadError, match=expected):
        read_members(content, ["a"], what="it")


def test_an_oversized_member_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "LARGEST_MEMBER", 10)
    with pytest.raises(DownloadError, match="larger than expected"):
        read_members(archive({"a": b"1" * 11}), ["a"], what="it")
