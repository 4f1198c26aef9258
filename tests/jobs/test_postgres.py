"""All of it on PostgreSQL: a search through a restart, Agora, fine-tuning, pages, commands."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
import tiny
from click.testing import CliRunner
from made_up_study import made_up_profile
from postgres import PASSWORD, Server
from s3 import Bucket, s3_server
from streamlit.testing.v1 import AppTest
from visits import APP, shown

from bort.cli.main import bort
from bort.core.agora import TextSpec
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.progress import ignore
from bort.core.study import LatencySpec, SearchSpec, StudySpec, TaskSpec, TrainingSpec
from bort.export.predicting import Predictor, try_text
from bort.families import load_space
from bort.jobs import JobState, find_job, run_here
from bort.storage import ProcessIdentity, Store, open_store, read_log
from bort.storage.agora import has_places
from bort.training.fine_tuning import fine_tune
from bort.training.source import weights_digest
from bort.ui.kit import readings

PAGES = ("home", "search", "pareto", "agora", "models", "machine")
AWAY_S = 3.0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_all(tmp_path_factory.mktemp("postgres"))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def url(server: Server) -> str:
    return server.database("everything")


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with s3_server() as endpoint:
        yield Bucket(endpoint)


@pytest.fixture(autouse=True)
def home(place: Path, url: str, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.use_home(monkeypatch, place / "home", lock=place)
    bucket.use(monkeypatch)
    monkeypatch.setenv("BORT_STORE", url)


@pytest.fixture
def spec(place: Path) -> StudySpec:
    return StudySpec(
        name="tiny",
        space=load_space(str(place / "tiny.toml")).to_dict(),
        task=TaskSpec(task=str(place / "reviews.csv")),
        training=TrainingSpec(steps=20, source=str(place / "source"), device="cpu", threads=1),
        latency=LatencySpec(profile="made-up"),
        search=SearchSpec(budget=5),
    )


def search(store: Store, place: Path, spec: StudySpec, **options):
    profile = made_up_profile(load_space(str(place / "tiny.toml")))
    store.put_profile(profile.to_dict(), profile.name)
    return run_here(store, "search", spec.to_dict(), study=spec.name, **options)


def test_a_restart_in_the_middle_of_a_search_loses_nothing(server, place, spec, tmp_path):
    restarts = []

    def restart(progress):
        if progress.numbers.get("evaluations") == 2 and not restarts:
            server.stop()  # now nothing can be written; the next training runs meanwhile
            restarts.append(threading.Timer(AWAY_S, server.start))
            restarts[0].start()

    with open_store() as store:
        found = search(store, place, spec, on_step=restart)
        restarts[0].join()
        (job,) = store.jobs()
        assert (job.state, job.attempt) == (JobState.DONE, 1)
        assert store.record_faults("tiny") == []
    with open_store(f"sqlite:///{tmp_path / 'calm.db'}") as store:
        calm = search(store, place, spec)
    for key in ("evaluations", "front", "ranking", "certified_epsilon", "best"):
        assert found[key] == calm[key]
    assert found["evaluations"] == 5


def test_a_clock_that_is_fast_loses_no_job(server, monkeypatch):
    elsewhere = ProcessIdentity(host="elsewhere", pid=1, started=0.0, boot_id="other")
    with open_store(server.database("clocks")) as store:
        job = store.create_job("made-up", {})
        store.claim_job(job.id, 1, elsewhere)
        with monkeypatch.context() as patch:
            patch.setattr("time.time", lambda: 4e9)
            assert find_job(store, job.id).state is JobState.RUNNING
        with store.database.writing() as connection:
            connection.exec_driver_sql("UPDATE jobs SET heartbeat_at = heartbeat_at - 120")
        assert find_job(store, job.id).state is JobState.LOST


def test_agora_and_a_finetuning(place, spec):
    agora: TextSpec = tiny.agora_on_texts(place)
    with open_store() as store:
        run = run_here(store, "agora", agora.to_dict(), study="tiny")
        assert run["rounds"]
        store.create_study(spec)
        asked = FineTuneSpec(
            study="tiny",
            picks=("1-2-16-32",),
            tasks=(spec.task,),
            training=spec.training,
            latency=LatencySpec(sequence_length=16, threads=1),
            space=spec.space,
            recipe=Recipe(distil_steps=4, steps=4, copies=1, evaluations=2),
        )
        assert run_here(store, "finetune", asked.to_dict(), study="tiny")["models"]
        assert store.models()


@pytest.mark.parametrize("page", PAGES)
def test_pages_open_and_hide_the_password(page):
    st.cache_resource.clear()
    app = AppTest.from_file(str(APP), default_timeout=60)
    if page != "home":
        app.switch_page(f"pages/{page}.py")
    app.run()
    assert not app.exception
    readings.store().close()
    text = shown(app) + str([code.value for code in app.code])
    for secret in (PASSWORD, "w0rd", "very-secret"):
        assert secret not in text


def test_another_machine_has_everything_without_our_disk(place, tmp_path, monkeypatch):
    """It knows the URLs of the store and of the files, and nothing else."""
    told = "a wonderful film"
    with open_store() as store:
        jobs, logs = ours(store.jobs()), [read_log(job)[0] for job in ours(store.jobs())]
        drawn = [has_places(job, None) for job in jobs]
        model, *_ = ours(store.models())
        here = try_text(model, told, open_folder=Predictor)
    assert all("attempt 1 begins" in log for log in logs)
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "elsewhere"))
    with open_store() as store:
        assert [read_log(job)[0] for job in ours(store.jobs())] == logs
        assert [has_places(job, None) for job in ours(store.jobs())] == drawn
        there = try_text(store.model(model.name), told, open_folder=Predictor)
    assert there.model.scores == here.model.scores
    assert (tmp_path / "elsewhere" / "models" / model.folder_name / "config.json").is_file()
    # The teacher was trained once, for all machines.
    teacher, *_ = (place / "home" / "cache" / "teachers").glob("*/config.json")
    copy = tmp_path / "elsewhere" / "cache" / "teachers" / teacher.parent.name
    monkeypatch.setattr("bort.training.fine_tuning.run_stage", None)
    fine_tune(None, None, None, copy, device="cpu", on_step=ignore, should_stop=None)
    assert weights_digest(copy) == weights_digest(teacher.parent)


def ours(records):
    return [record for record in records if not record.is_example]


def test_commands_and_logs_hide_the_password(place):
    listed = CliRunner().invoke(bort, ["jobs", "list", "--json"], catch_exceptions=False)
    assert {job["state"] for job in json.loads(listed.output)["jobs"]} == {"done"}
    logs = "".join(file.read_text() for file in (place / "home").rglob("log.txt"))
    for secret in ("w0rd", "very-secret"):
        assert secret not in listed.output + logs
