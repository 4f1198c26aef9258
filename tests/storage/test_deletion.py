"""Deleting removes everything that belongs together, and nothing that is still used."""

import pytest
from store_contract import study_spec

from bort.core.errors import (
    InvalidProfileError,
    StoreError,
    UnknownJobError,
    UnknownModelError,
    UnknownStudyError,
)
from bort.core.evaluation import Evaluation
from bort.storage import JobState, StillUsedError, Store, Thing, ThingKind, models_folder

STUDY = Thing(ThingKind.STUDY, "reviews")
PROFILE = Thing(ThingKind.PROFILE, "laptop")
MODEL = Thing(ThingKind.MODEL, "good")


@pytest.fixture
def full(store: Store) -> Store:
    """A study with a profile, an evaluation, a finished job and a model."""
    store.put_profile({"a": 1}, "laptop")
    study = store.create_study(study_spec(), profile="laptop")
    store.add_evaluation(study, "1", {"depth": 1}, Evaluation(0.1, 0.01, 100))
    job = store.create_job("finetune", {}, study="reviews")
    store.finish_job(job.id, 1, JobState.DONE)
    store.add_model(
        "good",
        job_id=job.id,
        study="reviews",
        task="tweets",
        architecture={"depth": 1, "heads": 1, "hidden": 8, "intermediate": 8},
        realised={},
        evidence={},
    )
    (models_folder() / "good").mkdir(parents=True)
    (models_folder() / "good" / "config.json").write_text("{}")
    return store


def refusal(store: Store, thing: Thing) -> tuple[Thing, ...]:
    assert store.deletion(thing).used_by
    with pytest.raises(StillUsedError) as caught:
        store.delete(thing)
    return caught.value.deletion.used_by


def test_what_is_used_stays_until_its_users_are_gone(full: Store) -> None:
    assert refusal(full, PROFILE) == (STUDY,)
    assert refusal(full, STUDY) == (MODEL,)
    assert full.profiles()
    assert full.evaluations("reviews")
    assert full.delete(MODEL).folder == models_folder() / "good"
    assert not (models_folder() / "good").exists()
    assert full.delete(STUDY).contents == {"evaluations": 1, "audits": 0}
    full.delete(PROFILE)
    assert (full.models(), full.studies(), full.profiles()) == ([], [], [])
    assert len(full.jobs()) == 1


def test_jobs_that_wait_or_run_use_what_they_work_on(full: Store) -> None:
    full.delete(MODEL)
    waiting = full.create_job("search", {"latency": {"profile": "laptop"}}, study="reviews")
    job = Thing(ThingKind.JOB, str(waiting.id))
    assert refusal(full, STUDY) == (job,)
    assert refusal(full, PROFILE) == (STUDY, job)
    assert refusal(full, job) == (job,)
    full.request_cancel(waiting.id)
    full.delete(job)
    assert not waiting.folder.exists()


def test_a_run_that_is_replayed_stays(store: Store) -> None:
    first = store.create_job("agora", {})
    store.finish_job(first.id, 1, JobState.DONE)
    store.add_agora_round(first.id, 0, {}, {})
    again = store.create_job("agora", {"replay": {"job": first.id, "corrections": []}})
    thing = Thing(ThingKind.JOB, str(first.id))
    assert refusal(store, thing) == (Thing(ThingKind.JOB, str(again.id)),)
    store.request_cancel(again.id)
    assert store.delete(thing).contents == {"rounds": 1}


@pytest.mark.parametrize(
    ("thing", "error"),
    [
        (STUDY, UnknownStudyError),
        (PROFILE, InvalidProfileError),
        (MODEL, UnknownModelError),
        (Thing(ThingKind.JOB, "7"), UnknownJobError),
    ],
)
def test_what_there_is_not(store: Store, thing: Thing, error: type[Exception]) -> None:
    for ask in (store.deletion, store.delete):
        with pytest.raises(error, match=thing.name):
            ask(thing)


def test_a_name_from_elsewhere_leads_to_no_other_folder(full: Store) -> None:
    with full.database.writing() as connection:
        connection.exec_driver_sql("UPDATE models SET folder_name = '..'")
    assert full.delete(MODEL).folder is None
    assert (models_folder() / "good" / "config.json").exists()


def test_files_that_cannot_be_removed_are_named(
    full: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_folder: object) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("shutil.rmtree", fail)
    with pytest.raises(StoreError, match=r"models/good could not be removed \(Permission denied\)"):
        full.delete(MODEL)
    assert full.models() == []  # no incomplete model is stored
