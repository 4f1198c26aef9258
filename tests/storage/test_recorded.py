import json
import threading
import time
from pathlib import Path

import pytest
from store_contract import KEY, study_spec

from bort.core.errors import StoreError, StudyConflictError
from bort.core.evaluation import Evaluation
from bort.storage import (
    Store,
    Thing,
    ThingKind,
    ensure_examples,
    export_study,
    import_study,
    open_store,
)


@pytest.fixture
def recorded(store: Store) -> dict[str, object]:
    """A finished study with its profile, recorded from another store."""
    study = store.create_study(study_spec("example"), profile="laptop")
    store.put_profile({"median_ms": [1.5, 2.5]}, "laptop", key=KEY)
    for i in range(3):
        evaluation = Evaluation(0.1 * i, 0.01, 100, seed=i, wrong_items=bytes([i, 255]))
        store.add_evaluation(study, "1-96", {"depth": 1, "hidden": 96}, evaluation)
    return export_study(store, "example")


@pytest.fixture
def folder(recorded: dict[str, object], tmp_path: Path) -> Path:
    folder = tmp_path / "recorded"
    folder.mkdir()
    (folder / "example.json").write_text(json.dumps(recorded, allow_nan=False))
    return folder


@pytest.fixture
def fresh(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path}/fresh.db")


def test_a_study_survives_the_round_trip(
    store: Store, fresh: Store, recorded: dict[str, object]
) -> None:
    study = import_study(fresh, json.loads(json.dumps(recorded)))
    assert study.is_example
    assert (study.spec, study.profile) == (study_spec("example"), "laptop")
    assert fresh.evaluation_records(study) == store.evaluation_records("example")
    assert fresh.profile("laptop").profile == {"median_ms": [1.5, 2.5]}
    assert fresh.find_profile(KEY) is None  # it was measured on another machine
    assert export_study(fresh, "example") == recorded


def test_an_example_cannot_be_continued_and_takes_no_name(
    fresh: Store, recorded: dict[str, object]
) -> None:
    import_study(fresh, recorded)
    with pytest.raises(StudyConflictError, match="recorded example"):
        fresh.create_study(study_spec("example"))
    with pytest.raises(StudyConflictError, match="there is already a study"):
        import_study(fresh, recorded)
    assert fresh.study("example").evaluation_count == 3


def test_examples_are_offered_once(fresh: Store, folder: Path) -> None:
    assert ensure_examples(fresh, folder) == ["example"]
    assert ensure_examples(fresh, folder) == []
    fresh.delete(Thing(ThingKind.STUDY, "example"))
    assert ensure_examples(fresh, folder) == []
    assert fresh.studies() == []


def test_an_example_that_another_process_stores_in_between_is_there_once(
    fresh: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_examples(fresh, folder)
    monkeypatch.setattr("bort.storage.recorded._offered", lambda connection: set())
    assert ensure_examples(fresh, folder) == []
    assert [study.name for study in fresh.studies()] == ["example"]


def test_offering_nothing_new_is_fast(fresh: Store, folder: Path) -> None:
    ensure_examples(fresh, folder)
    begun = time.process_time()
    for _ in range(10):
        ensure_examples(fresh, folder)
    assert (time.process_time() - begun) / 10 < 0.05


def test_a_study_of_the_user_is_never_replaced(fresh: Store, folder: Path) -> None:
    fresh.create_study(study_spec("example", epsilon=0.5))
    assert ensure_examples(fresh, folder) == []
    assert fresh.study("example").spec.search.question.epsilon == 0.5


def test_two_sessions_offer_an_example_once(fresh: Store, folder: Path) -> None:
    offered: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: offered.append(ensure_examples(fresh, folder)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(offered) == [[], [], [], ["example"]]


def test_no_folder_and_read_only_stores_are_left_alone(
    fresh: Store, folder: Path, tmp_path: Path
) -> None:
    assert ensure_examples(fresh, tmp_path / "none") == []
    assert ensure_examples(open_store(fresh.url, read_only=True), folder) == []
    assert fresh.studies() == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:100],
        lambda text: "[]",
        lambda text: text.replace("bort-study-1", "bort-study-9"),
        lambda text: text.replace('"error_rate": 0.1', '"error_rate": 7'),
        lambda text: text.replace('"spec"', '"spook"'),
    ],
)
def test_a_damaged_record_is_named_and_stores_nothing(
    fresh: Store, folder: Path, damage: object
) -> None:
    file = folder / "example.json"
    file.write_text(damage(file.read_text()))  # type: ignore[operator]
    with pytest.raises(StoreError, match=r"example\.json"):
        ensure_examples(fresh, folder)
    assert fresh.studies() == []
