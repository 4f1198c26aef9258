import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bort.core.errors import BortError, InvalidDataError, MissingExtraError
from bort.core.study import TaskSpec
from bort.tasks import load_task
from bort.tasks.hub import HubData, build

Rows = Callable[..., list[dict[str, Any]]]

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.fixture
def folder(tmp_path: Path, rows: Rows) -> Callable[..., Path]:
    """Write a folder as on the hub: one file per published split."""
    import json

    def make(**sizes: int) -> Path:
        place = tmp_path / "published"
        place.mkdir()
        data = iter(rows(sum(sizes.values())))
        for split, size in sizes.items():
            lines = [json.dumps(next(data)) for _ in range(size)]
            (place / f"{split}.jsonl").write_text("\n".join(lines))
        return place

    return make


def test_published_splits_are_kept(folder: Callable[..., Path]) -> None:
    place = folder(train=60, validation=20, test=30)
    task = load_task(TaskSpec(task=f"hub:{place}"))
    assert [len(s) for s in (task.train, task.dev, task.audit)] == [60, 20, 30]
    assert task.class_names == ("bad", "good")
    assert load_task(TaskSpec(task=f"hub:{place}")).digest == task.digest


def test_a_single_split_is_divided(folder: Callable[..., Path]) -> None:
    task = load_task(TaskSpec(task=f"hub:{folder(train=100)}"))
    assert [len(s) for s in (task.train, task.dev, task.audit)] == [68, 16, 16]


def made(labels: dict[str, list[int]], texts: dict[str, list[str]] | None = None) -> dict[str, Any]:
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])}
    )
    splits = {}
    for split, values in labels.items():
        given = (texts or {}).get(split)
        column = given or [f"{split}{i} alpha{i} beta{i}" for i in range(len(values))]
        splits[split] = datasets.Dataset.from_dict(
            {"text": column, "label": values}, features=features
        )
    return splits


def test_hidden_labels_count_as_absent_and_class_names_are_known() -> None:
    data = HubData("hub:x", made({"train": [0, 1] * 30, "test": [-1] * 20}))
    table = build(data, ("text",), "label")
    assert len(table.texts) == 60
    assert table.preset is None
    assert table.class_names == ("no", "yes")


def test_without_training_rows_everything_is_pooled() -> None:
    table = build(HubData("hub:x", made({"test": [0, 1] * 20})), ("text",), "label")
    assert table.preset is None
    table = build(
        HubData("hub:x", made({"test": [0, 1] * 20, "validation": [0, 1] * 20})), ("text",), "label"
    )
    assert table.preset is None


def test_training_texts_close_to_published_test_texts_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = {"test": [f"train{i} alpha{i} OTHER{i}" for i in range(5)] + ["w1 w2", "w3 w4"]}
    data = HubData("hub:x", made({"train": [0, 1] * 30, "test": [0, 1, 0, 1, 0, 1, 0]}, texts))
    monkeypatch.setattr("bort.tasks.hub.load", lambda _name: data)
    task = load_task(TaskSpec(task="hub:x"))
    assert len(task.audit) == 7
    assert task.report.parted_from_published_split == 5
    assert not {f"train{i} alpha{i} beta{i}" for i in range(5)} & set(task.train.texts)


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("hub:", "does not name a data set"),
        ("hub:csv", "hub:csv is a file format"),
        ("hub:nobody-at-all/nothing-there", "nothing-there"),
    ],
)
def test_what_cannot_be_loaded_is_one_line(task: str, expected: str) -> None:
    with pytest.raises(BortError, match=expected) as caught:
        load_task(TaskSpec(task=task))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_missing_columns_and_unknown_splits(folder: Callable[..., Path]) -> None:
    place = folder(train=30)
    with pytest.raises(InvalidDataError, match="no column 'review', found: 'text', 'label'"):
        load_task(TaskSpec(task=f"hub:{place}", text=("review",)))


def test_a_broken_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "train.jsonl").write_text("{not json")
    with pytest.raises(InvalidDataError, match=r"check that datasets\.load_dataset can"):
        load_task(TaskSpec(task=f"hub:{tmp_path / 'broken'}"))


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        load_task(TaskSpec(task="hub:some/set"))
