"""Look at a data set of the hub: on local files, which `datasets` loads as it loads the hub's."""

import io
import json
import sys
from pathlib import Path

import pytest

from bort.core.errors import InvalidDataError
from bort.core.serialise import from_json
from bort.core.study import TaskSpec
from bort.studies import hub_look
from bort.studies.data_look import DataLook, FirstRows
from bort.tasks.hub import HubData

datasets = pytest.importorskip("datasets")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as on the hub: a file per split; 40 texts to train on, 20 to test on."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    place = tmp_path / "published"
    place.mkdir()
    for split, size in (("train", 40), ("test", 20)):
        rows = [
            {
                "n": n,
                "review": f"{split}alpha{n} {split}beta{n} {split}gamma{n}",
                "stars": "ab"[n % 2],
            }
            for n in range(size)
        ]
        (place / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return place


def test_first_rows_and_columns(folder: Path) -> None:
    found = hub_look.first_rows(f"hub:{folder}", 5)
    assert found.columns == ("n", "review", "stars")
    assert (found.count, found.text, found.label) == (60, "review", "stars")
    assert {name: len(cells) for name, cells in found.rows.items()} == dict.fromkeys(
        found.columns, 5
    )
    assert found.rows["stars"] == ["a", "b", "a", "b", "a"]


def test_classes_have_names_and_pictures_are_no_columns(monkeypatch) -> None:
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["no", "yes"]),
            "tags": datasets.Sequence(datasets.Value("string")),
        }
    )
    cells = {"text": ["x" * 999, "b", "c"], "label": [1, 0, -1], "tags": [["t"], [], []]}
    rows = datasets.Dataset.from_dict(cells, features=features)
    monkeypatch.setattr("bort.tasks.hub.load", lambda task: HubData(task, {"train": rows}))
    found = hub_look.first_rows("hub:made/up", 5)
    assert found.columns == ("text", "label")
    assert found.rows["label"] == ["yes", "no", None]
    assert len(found.rows["text"][0]) == hub_look.LONGEST_CELL


def test_the_process_answers_in_json(folder: Path, monkeypatch, capsys) -> None:
    def asked(request: dict) -> object:
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(request)))
        assert hub_look.main() == 0
        return json.loads(capsys.readouterr().out)

    spec = TaskSpec(task=f"hub:{folder}", text=("review",), label="stars").to_dict()
    rows = from_json(FirstRows, asked({"task": spec, "count": 2}), what="it")
    look = from_json(DataLook, asked({"task": spec}), what="it")
    assert rows.columns == ("n", "review", "stars")
    assert look.classes == {"a": 30, "b": 30}
    assert look.sizes["audit"] == 20


def test_what_cannot_be_loaded_is_one_line_from_a_process(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    request = {"task": TaskSpec(task="hub:nobody-at-all/nothing-there").to_dict(), "count": 5}
    with pytest.raises(InvalidDataError, match=r"nothing-there.*check the id") as caught:
        hub_look.ask(request, FirstRows)
    assert "\n" not in str(caught.value)
