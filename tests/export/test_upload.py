"""`bort upload`, through the hub's own client to a local hub."""

import json
import os
import subprocess
import sys

import pytest
from made_up_model import write_model
from stub_hub import TOKEN, stub_hub

from bort.core.errors import ExportError
from bort.export.folder import export_huggingface
from bort.export.upload import files_to_upload
from bort.storage import open_store

RUN = "from bort.cli.main import main; main()"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.delenv("BORT_STORE", raising=False)
    with open_store() as store:
        export_huggingface(write_model(store, tmp_path), tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def hub():
    with stub_hub() as there:
        yield there


def run(hub, *arguments, token=TOKEN):
    without = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment = {
        **without,
        "HF_ENDPOINT": hub.endpoint,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HOME": os.environ["BORT_HOME"],
        "NO_PROXY": "127.0.0.1",
        **({"HF_TOKEN": token} if token else {}),
    }
    command = [sys.executable, "-c", RUN, "upload", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_every_file_arrives_as_it_was(folder, hub):
    done = run(hub, folder, "me/reviews", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    there = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert hub.files == there
    assert {file["name"] for file in answer["files"]} == set(there)
    assert hub.visibility == {"me/reviews": "private"}
    assert len(hub.messages) == 1


def test_public_only_when_asked_for(folder, hub):
    done = run(hub, folder, "me/reviews", "--public")
    assert done.returncode == 0, done.stderr
    assert hub.visibility == {"me/reviews": "public"}
    assert f"{hub.endpoint}/me/reviews" in done.stdout


def test_strangers_stay_here(folder, hub):
    (folder / ".env").write_text("SECRET=1", encoding="utf-8")
    (folder / "notes.pkl").write_bytes(b"")
    (folder / "more").mkdir()
    (folder / "link.json").symlink_to("/etc/hostname")
    done = run(hub, folder, "me/reviews", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["left_out"] == [".env", "link.json", "more", "notes.pkl"]
    assert not {".env", "notes.pkl", "link.json"} & hub.files.keys()


def test_a_plan_uploads_nothing(folder, hub):
    done = run(hub, folder, "me/reviews", "--plan", token=None)
    assert done.returncode == 0, done.stderr
    assert "model.safetensors" in done.stdout
    assert f"would go to {hub.endpoint}/me/reviews, private if it is new" in done.stdout
    assert not hub.visibility
    refused = run(hub, folder, "me/re views", "--plan", token=None)
    assert refused.returncode == 2
    assert "is not a repository" in refused.stderr


def test_a_linked_file_is_told(folder):
    (folder / "model.safetensors").rename(folder / "elsewhere")
    (folder / "model.safetensors").symlink_to(folder / "elsewhere")
    with pytest.raises(ExportError, match=r"no weights \(links are not followed"):
        files_to_upload(folder)


@pytest.mark.parametrize(
    ("token", "repository", "said"),
    [
        (None, "me/reviews", "hf auth login"),
        ("wrong", "me/reviews", "token"),
        (TOKEN, "reviews", "OWNER/NAME"),
        (TOKEN, "me/../reviews", "OWNER/NAME"),
    ],
)
def test_one_clear_line(folder, hub, token, repository, said):
    done = run(hub, folder, repository, token=token)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not hub.files


def test_a_hub_that_is_not_there(folder, hub):
    hub.endpoint = "http://127.0.0.1:9"
    done = run(hub, folder, "me/reviews")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("gone", ["config.json", "README.md", "model.safetensors"])
def test_only_what_was_exported(folder, gone):
    (folder / gone).unlink()
    with pytest.raises(ExportError, match="not an exported model"):
        files_to_upload(folder)


def test_weights_that_were_cut_off_stay_here(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ExportError, match="damaged or truncated"):
        files_to_upload(folder)


def test_no_folder(tmp_path):
    with pytest.raises(ExportError, match="does not exist"):
        files_to_upload(tmp_path / "nowhere")
