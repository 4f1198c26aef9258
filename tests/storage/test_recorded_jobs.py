"""Finished jobs as files: everything but weights comes back, once, and marked as an example."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bort.core.errors import InvalidOptionError, StoreError
from bort.jobs.runtime.process import this_process
from bort.storage import (
    EventCode,
    JobState,
    Store,
    Thing,
    ThingKind,
    ensure_example_jobs,
    export_job,
    open_store,
)
from bort.storage.agora import read_places, write_places

ARCHITECTURE = {"depth": 1, "heads": 2, "hidden": 8, "intermediate": 16}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    with open_store(f"sqlite:///{tmp_path / 'a.db'}") as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'b.db'}") as opened:
        yield opened


@pytest.fixture
def folder(store: Store, tmp_path: Path) -> Path:
    """Record a job that has everything, and return the folder with its file."""
    job = store.create_job("agora", {"task": "torus"}, study="mine")
    store.claim_job(job.id, job.attempt, this_process())
    store.add_agora_round(job.id, 0, {"number": 0, "points": []}, {"round": 0})
    store.add_metrics(job.id, 1, {"loss": 0.5})
    store.log_event(job.id, EventCode.DATA_FLAW, {"rows": 3}, level="warning")
    store.log_event(job.id, EventCode.ATTEMPT_BEGAN, {"host": "secret"})
    write_places(job, None, {"pca": np.zeros((2, 2))})
    store.add_model(
        "small",
        job_id=job.id,
        study="mine",
        task="t",
        architecture=ARCHITECTURE,
        realised={"latency_ms": 1.0},
        evidence={},
    )
    with pytest.raises(InvalidOptionError, match="only jobs that are done"):
        export_job(store, job.id)
    store.finish_job(job.id, 1, JobState.DONE, result={"found": 1})
    recorded = tmp_path / "jobs"
    recorded.mkdir()
    (recorded / "one.json").write_text(json.dumps(export_job(store, job.id)))
    return recorded


def test_everything_comes_back_marked_as_an_example(other: Store, folder: Path) -> None:
    (job_id,) = ensure_example_jobs(other, folder)
    job = other.job(job_id)
    assert (job.kind, job.study, job.state, job.result) == (
        *("agora", "mine", JobState.DONE),
        {"found": 1},
    )
    assert job.is_example
    assert other.agora_rounds(job_id)[0].round == {"number": 0, "points": []}
    assert other.metrics(job_id) == {"loss": [(1, 0.5)]}
    assert [event.facts for event in other.events(job_id)] == [{"rows": 3}]
    places = read_places(job, None)
    assert places is not None
    assert places["pca"].shape == (2, 2)
    (model,) = other.models(job_id=job_id)
    assert (model.name, model.is_example, model.is_imported) == ("small", True, False)
    assert other.jobs(examples=False) == []


def test_a_deleted_one_stays_deleted(other: Store, folder: Path) -> None:
    (job_id,) = ensure_example_jobs(other, folder)
    assert ensure_example_jobs(other, folder) == []
    place = other.job(job_id).folder
    other.delete(Thing(ThingKind.JOB, str(job_id)))
    other.delete(Thing(ThingKind.MODEL, "small"))
    assert not place.exists()
    assert ensure_example_jobs(other, folder) == []
    assert other.jobs() == []
    assert other.models() == []


def test_a_model_of_that_name_stays(other: Store, folder: Path) -> None:
    other.add_model(
        "small",
        job_id=None,
        study="own",
        task="t",
        architecture=ARCHITECTURE,
        realised={},
        evidence={},
    )
    ensure_example_jobs(other, folder)
    (model,) = other.models()
    assert (model.study, model.is_example) == ("own", False)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "bort-job-0"},
        {"spec": None, "kind": None, "created_at": None},
        {"files": {"../../out": "AA=="}},
        {"models": [{}]},
        {"rounds": 3},
    ],
)
def test_a_damaged_file_is_one_line_and_leaves_nothing(
    other: Store, folder: Path, change: dict[str, object]
) -> None:
    file = folder / "one.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(StoreError, match=r"one\.json"):
        ensure_example_jobs(other, folder)
    assert other.jobs() == []
