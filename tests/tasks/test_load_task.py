import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bort.core.errors import DownloadError, InvalidFieldError, StoreError, UnknownTaskError
from bort.core.progress import Progress, Stage
from bort.core.study import TaskSpec
from bort.tasks import (
    DataFlaw,
    DataWarning,
    anchored,
    list_tasks,
    load_task,
    named,
    prepare,
    resolve,
)
from bort.tasks.corpora import CORPORA, Corpus
from bort.tasks.table import table_path

Write = Callable[[str, list[dict[str, Any]]], str]
Rows = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Replace the network with made-up files in the published form; record requests."""
    asked: list[list[str]] = []

    def made_up(corpus: Corpus) -> bytes:
        lines = []
        for row in range(corpus.published):
            identity = f"{row // 12 + 1}_{row % 12 + 1}" if corpus.cut_from_documents else row + 1
            rating = 0 if row < corpus.neutral else (-1.5, 2.25)[row % 2]
            lines.append(f"{identity}\t{rating}\talpha{row} beta{row} gamma{row}\r\n")
        return "".join(lines).encode()

    def fetch_members(wanted: list[Corpus]) -> dict[str, bytes]:
        asked.append([corpus.name for corpus in wanted])
        return {corpus.member: made_up(corpus) for corpus in wanted}

    monkeypatch.setattr(named, "_fetch_members", fetch_members)
    return asked


def test_prepare_fetches_once_and_tells_what_it_does(downloads: list[list[str]]) -> None:
    told: list[Progress] = []
    infos = prepare(["tweets", "edit"], on_step=told.append)
    assert [info.name for info in infos] == ["tweets", "editorials"]
    assert told[0] == Progress(0, 3, Stage.FETCHING, "vaderSentiment==3.3.2")
    assert told[-1] == Progress(3, 3, Stage.DONE)
    prepare(["tweets", "product-reviews", "editorials", "tweets"])
    prepare(["tweets", "product-reviews", "editorials"])
    assert downloads == [["tweets", "editorials"], ["product-reviews"]]
    prepare(["tweets"], force=True)
    assert downloads[-1] == ["tweets"]


def test_listing_downloads_nothing_and_knows_what_is_there(downloads: list[list[str]]) -> None:
    assert not any(info.prepared for info in list_tasks())
    assert downloads == []
    prepare(["product-reviews"])
    by_name = {info.name: info for info in list_tasks()}
    assert [name for name, info in by_name.items() if info.prepared] == ["product-reviews"]
    info = by_name["product-reviews"]
    assert info.rows == 3610
    assert info.dropped == {"rating 0": 98}
    assert info.documents == (3708 + 11) // 12 - 98 // 12
    assert info.splits is not None
    assert sum(info.splits.values()) == info.rows


def test_a_task_that_is_not_there_is_prepared(downloads: list[list[str]]) -> None:
    first = load_task(TaskSpec(task="tweets"))
    again = load_task(TaskSpec(task="tweets"))
    assert downloads == [["tweets"]]
    assert first.digest == again.digest
    assert first.class_names == ("negative", "positive")
    assert first.report.rows.dropped == {"rating 0": 4}


def test_documents_stay_together(downloads: list[list[str]]) -> None:
    task = load_task(TaskSpec(task="editorials", seed=5))
    documents = [
        {int(text.split()[0].removeprefix("alpha")) // 12 for text in split.texts}
        for split in (task.train, task.dev, task.audit)
    ]
    assert not documents[0] & documents[1]
    assert not documents[0] & documents[2]
    assert not documents[1] & documents[2]


def test_another_seed_gives_other_splits_and_each_is_kept(downloads: list[list[str]]) -> None:
    tasks = [load_task(TaskSpec(task="tweets", seed=seed)) for seed in (0, 1, 0, 1)]
    assert tasks[0].digest == tasks[2].digest != tasks[1].digest == tasks[3].digest
    assert set(tasks[0].audit.texts) != set(tasks[1].audit.texts)


@pytest.mark.parametrize("damage", [b"", b"PAR1 broken", None])
def test_a_damaged_cache_is_made_again(downloads: list[list[str]], damage: bytes | None) -> None:
    digest = load_task(TaskSpec(task="tweets")).digest
    path = table_path(named.folder("tweets"))
    if damage is None:  # damaged in the middle; the header is still readable
        content = bytearray(path.read_bytes())
        content[100:2000] = bytes(1900)
        path.write_bytes(content)
    else:
        path.write_bytes(damage)
    assert load_task(TaskSpec(task="tweets")).digest == digest
    assert len(downloads) == 2


def test_what_was_published_is_checked(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    member = CORPORA["tweets"].member
    monkeypatch.setattr(named, "_fetch_members", lambda _wanted: {member: b"1\t0.5\tx\r\n"})
    with pytest.raises(DownloadError, match="has 1 rows"):
        prepare(["tweets"])
    assert not home.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_home_is_one_line(downloads: list[list[str]], home: Path) -> None:
    home.mkdir(mode=0o500)
    with pytest.raises(StoreError, match="set BORT_HOME"):
        prepare(["tweets"])


def test_a_full_disk_leaves_nothing_behind(
    downloads: list[list[str]], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: str, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bort.core.files.os.replace", full)
    with pytest.raises(StoreError, match=r"\(No space left on device\); free some space"):
        prepare(["tweets"])
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_a_home_that_is_a_file_is_one_line(downloads: list[list[str]], home: Path) -> None:
    home.write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be written"):
        prepare(["tweets"])


def test_a_users_file_needs_no_cache(write: Write, rows: Rows, home: Path) -> None:
    home.write_text("not a folder")
    path = write("data.csv", rows(40))
    assert load_task(TaskSpec(task=path)).digest == load_task(TaskSpec(task=path)).digest


def test_a_changed_file_is_another_task(write: Write, rows: Rows, home: Path) -> None:
    data = rows(40)
    before = load_task(TaskSpec(task=write("data.csv", data)))
    assert load_task(TaskSpec(task=write("data.csv", data))).digest == before.digest
    data[7]["label"] = "good" if data[7]["label"] == "bad" else "bad"
    assert load_task(TaskSpec(task=write("data.csv", data))).digest != before.digest
    assert len(list(home.rglob("table.parquet"))) == 2


def test_labelled_texts_and_pool_are_the_training_split(write: Write, rows: Rows) -> None:
    path = write("data.csv", rows(100))
    whole = load_task(TaskSpec(task=path))
    scarce = load_task(TaskSpec(task=path, labelled=10))
    assert scarce.pool is not None
    assert np.bincount(scarce.train.labels).tolist() == [5, 5]
    assert set(scarce.pool.labels) == {-1}
    assert not set(scarce.train.texts) & set(scarce.pool.texts)
    assert set(scarce.train.texts) | set(scarce.pool.texts) == set(whole.train.texts)
    assert scarce.audit.texts == whole.audit.texts
    assert scarce.digest != whole.digest
    assert load_task(TaskSpec(task=path, labelled=len(whole.train))).pool is None
    with pytest.raises(InvalidFieldError, match="choose 2 to 68"):
        load_task(TaskSpec(task=path, labelled=69))


def test_labels_cannot_be_changed_by_accident(write: Write, rows: Rows) -> None:
    task = load_task(TaskSpec(task=write("data.csv", rows(40))))
    with pytest.raises(ValueError, match="read-only"):
        task.train.labels[0] = 0


def test_a_template_and_a_rare_class_are_reported(write: Write, rows: Rows) -> None:
    data = [{"text": f"a good film number {i}", "label": "good"} for i in range(40)]
    data += [{"text": f"one bad play of year {i}", "label": "bad"} for i in range(40)]
    data += [{"text": "zebra crossing here", "label": "rare"}] * 2
    template, *absent = load_task(TaskSpec(task=write("data.csv", data))).warnings
    assert template == DataWarning(DataFlaw.TEMPLATED, rows=80)
    flaws = {DataFlaw.CLASSES_ABSENT, DataFlaw.CLASSES_SCARCE}
    assert {(one.code, one.classes) for one in absent} == {(flaw, ("rare",)) for flaw in flaws}
    assert {one.split for one in absent} == {"dev", "audit", None}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("movie-reviews", "movie-reviews"),
        ("Product_Reviews", "product-reviews"),
        ("tw", "tweets"),
        ("hub:org/set", "hub:org/set"),
        ("absent.csv", "absent.csv"),
    ],
)
def test_names(given: str, expected: str) -> None:
    assert resolve(given) == expected


@pytest.mark.parametrize("given", ["tw", "hub:org/set", "absent.csv", "here.csv"])
def test_a_task_has_one_name_in_all_folders(given: str, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "here.csv").touch()
    monkeypatch.chdir(tmp_path)
    names = {"tw": "tweets", "here.csv": str(tmp_path / "here.csv")}
    asked = TaskSpec(task=given, labelled=7)
    assert anchored(asked) == TaskSpec(task=names.get(given, given), labelled=7)


def test_unknown_names_are_met_with_the_closest() -> None:
    with pytest.raises(UnknownTaskError, match=r"did you mean movie-reviews\?"):
        resolve("moviereviews")
    with pytest.raises(UnknownTaskError, match="needs no preparation"):
        prepare(["absent.csv"])
