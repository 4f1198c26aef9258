"""The delete buttons: the question, a refusal, and what the page shows afterwards."""

from dataclasses import replace

import pytest
from made_up_models import add_model
from made_up_study import fill
from visits import Open, shown

from bort.jobs.runtime.process import this_process
from bort.latency.stored import keep_profile, named_profile
from bort.storage import JobState, Store
from bort.studies.answers import read_answer


@pytest.fixture
def pick(store: Store) -> str:
    fill(store, "reviews", budget=6)
    return read_answer(store, "reviews").front[0].id


def test_a_study(store: Store, visit: Open, pick: str) -> None:
    app = visit("pareto", study="reviews")
    assert "with 6 evaluations? This cannot be undone." in shown(app)
    app.button(key="delete-study").click().run()
    assert not app.exception
    assert "reviews" not in [study.name for study in store.studies()]


def test_a_model_keeps_its_study_until_it_is_deleted(store: Store, visit: Open, pick: str) -> None:
    add_model(store, "good", "reviews", pick)
    app = visit("pareto", study="reviews")
    assert "is still used by the model" in shown(app)
    assert "delete-study" not in [button.key for button in app.button]
    app = visit("models", model="good")
    app.button(key="delete-model").click().run()
    assert not app.exception
    assert store.models() == []
    assert "delete-study" in [button.key for button in visit("pareto", study="reviews").button]


def test_a_profile_that_studies_use_stays(store: Store, visit: Open, pick: str) -> None:
    profile = store.profiles()[0]
    keep_profile(store, replace(named_profile(store, profile.name), name="unused"))
    app = visit("machine", profile=profile.name)
    assert "is still used by the study" in shown(app)
    app.selectbox(key=f"profile-a:{profile.name}").select("unused").run()
    app.button(key="delete-profile").click().run()
    assert not app.exception
    assert [one.name for one in store.profiles()] == [profile.name]


@pytest.mark.parametrize(
    ("page", "kind", "key"),
    [
        ("search", "search", "delete"),
        ("models", "finetune", "model-delete-job"),
        ("machine", "latency", "machine-delete"),
    ],
)
def test_a_job_once_it_is_over(store: Store, visit: Open, page: str, kind: str, key: str) -> None:
    job = store.create_job(kind, {"space": {"name": "minilm"}})
    store.claim_job(job.id, 1, this_process())
    assert key not in [button.key for button in visit(page, job=str(job.id)).button]
    store.finish_job(job.id, 1, JobState.CANCELLED)
    app = visit(page, job=str(job.id))
    app.button(key=key).click().run()
    assert not app.exception
    assert store.jobs() == []
    assert not job.folder.exists()
