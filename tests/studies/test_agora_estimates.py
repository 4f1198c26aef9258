"""The plan of a run of Agora: everything that takes time is in it."""

import json
from dataclasses import replace

import pytest
import tiny
from click.testing import CliRunner

from bort.agora.text.spec import small_space
from bort.cli.main import bort
from bort.core.agora import TextSpec
from bort.core.files import write_atomically, write_json_atomically
from bort.core.progress import Progress, Stage
from bort.core.study import TaskSpec, TrainingSpec
from bort.jobs.runtime.process import this_process
from bort.report.plan import estimate_plan, plan_basis
from bort.storage import EventCode, JobState, Store, open_store
from bort.studies import agora_estimates
from bort.studies.agora_estimates import estimate_agora
from bort.studies.estimates import Planned, Work, queue_seconds
from bort.studies.speeds import FORWARD_SHARE, Speed, source_work, task_size
from bort.training.fit import BATCH_SIZE
from bort.training.source import source_network

CONFIG = {
    "model_type": "bert",
    "vocab_size": 30,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 128,
    "max_position_embeddings": 32,
}
SPEED = Speed(per_step=0.01, per_operation=40.0, count=9)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.setattr(agora_estimates, "training_speed", lambda *_: SPEED)
    with open_store(f"sqlite:///{tmp_path / 'bort.db'}") as opened:
        yield opened


@pytest.fixture
def spec(tmp_path) -> TextSpec:
    source = str(tmp_path / "source")  # only its sizes matter
    write_atomically(tmp_path / "source" / "model.safetensors", b"")
    write_json_atomically(tmp_path / "source" / "config.json", CONFIG)
    return TextSpec(
        study="run",
        task=TaskSpec(task=str(tiny.write_task(tmp_path / "reviews.csv", rows=400))),
        space=small_space("1-2-16-32", source_network(source).config).to_dict(),
        architecture="1-2-16-32",
        training=TrainingSpec(steps=100, source=source, learning_rates=(0.001, 0.003)),
        labeler="sklearn:LogisticRegression",
        representation="words",
        sampler="edits",
        closing_steps=400,
        rounds=3,
        points_per_round=16,
    )


def stages(store: Store, spec: TextSpec, **more: object) -> dict[Work, float | None]:
    return dict(estimate_agora(store, {**spec.to_dict(), **more}).stages)


def test_the_rounds_count_every_training_and_every_new_text(store, spec) -> None:
    cost = estimate_agora(store, spec.to_dict())
    assert cost.steps == (2 + 1 + 1 + 1) * 100 + 400  # the first round drops a learning rate
    assert cost.new_texts == 3 * 16
    alone = stages(store, spec)[Work.ROUNDS]
    work = source_work(spec.training)
    assert work is not None
    read = FORWARD_SHARE * 48 / BATCH_SIZE * work * SPEED.per_operation
    labelled = stages(store, replace(spec, labeler="teacher"))[Work.ROUNDS]
    assert labelled == pytest.approx(alone + read)
    # Where distances need the source network, it reads each new text as well.
    assert stages(store, replace(spec, representation="source"))[Work.ROUNDS] == labelled
    assert stages(store, spec, seeds=2)[Work.ROUNDS] == pytest.approx(2 * 5 * alone)  # five arms
    limited = stages(store, replace(spec, minutes=alone / 600))[Work.ROUNDS]
    assert limited == pytest.approx(alone / 10 + alone * 400 / 900)  # the last student is trained


def test_texts_of_the_pool_are_answered_only_once(store, spec) -> None:
    task = replace(spec.task, labelled=60)
    shares = {"retrieval": 0, "mix": 0, "mixture": 2, "edits": 48}
    for sampler, count in shares.items():
        asked = replace(spec, task=task, sampler=sampler)
        assert estimate_agora(store, asked.to_dict()).new_texts == count


def test_what_is_done_once_is_listed_by_what_the_run_uses(store, spec, tmp_path) -> None:
    assert list(stages(store, spec)) == [Work.PREPARE, Work.TEACHER, Work.ROUNDS]
    near = replace(spec, representation="source")
    assert list(stages(store, near)) == [Work.PREPARE, Work.TEACHER, Work.VECTORS, Work.ROUNDS]
    given = replace(spec, labeler=str(tmp_path / "source"))
    found = stages(store, given)
    assert list(found) == [Work.PREPARE, Work.LABELER, Work.ROUNDS]
    size, work = task_size(spec.task), source_work(spec.training)
    assert size is not None
    assert work is not None
    assert found[Work.LABELER] == pytest.approx(
        SPEED.per_operation * work * FORWARD_SHARE * size.texts / BATCH_SIZE
    )
    on_the_hub = estimate_agora(store, replace(spec, labeler="ann/labeler").to_dict())
    assert on_the_hub.total_minutes is None
    assert estimate_plan(on_the_hub).endswith("In all not known yet.")
    torus = estimate_agora(store, {"task": "torus", "rounds": 8})
    assert torus.stages == (Planned(Work.ROUNDS, 7.5),)


def test_an_earlier_run_tells_how_long_a_step_takes(store, spec) -> None:
    job = store.create_job("agora", spec.to_dict())
    store.claim_job(job.id, job.attempt, this_process())
    # It ended after two of its rounds: 2 + 1 trainings of 100 steps, and 400 in the end.
    result = {"rounds": [{}, {}], "seconds": 140.0}
    store.finish_job(job.id, job.attempt, JobState.DONE, result=result)
    cost = estimate_agora(store, replace(spec, rounds=1).to_dict())
    assert plan_basis(cost) == f"as job {job.id} took per step"
    assert cost.stages == (Planned(Work.PREPARE, 15.0), Planned(Work.ROUNDS, 140.0))
    other = estimate_agora(store, replace(spec, sampler="mix").to_dict())
    assert other.like_job is None
    assert Work.TEACHER not in dict(other.stages)  # the earlier run had it


def test_a_job_before_its_first_training_is_waited_for_by_its_plan(store) -> None:
    job = store.create_job("search", {})
    store.claim_job(job.id, job.attempt, this_process())
    store.log_event(job.id, EventCode.PLANNED, {"stages": [], "minutes": 10.0})
    store.heartbeat(job.id, job.attempt, Progress(stage=Stage.TRAINING_TEACHER, eta_s=20.0))
    assert queue_seconds(store) == pytest.approx(600, abs=5)
    store.heartbeat(job.id, job.attempt, Progress(0, 7, Stage.AGORA_ROUND))  # the first round
    assert queue_seconds(store) == pytest.approx(600, abs=5)
    store.heartbeat(job.id, job.attempt, Progress(1, 9, Stage.TRAINING_CANDIDATES, eta_s=80.0))
    assert queue_seconds(store) == 80.0


def test_others_waiting_and_other_machines_are_not_waited_for(store) -> None:
    job = store.create_job("search", {})
    store.claim_job(job.id, job.attempt, this_process())
    stages = [[Work.QUEUE, 300.0], [Work.ROUNDS, 300.0]]
    store.log_event(job.id, EventCode.PLANNED, {"stages": stages, "minutes": 10.0})
    assert queue_seconds(store) == pytest.approx(300, abs=5)
    away = store.create_job("search", {})
    store.claim_job(away.id, away.attempt, replace(this_process(), host="elsewhere"))
    store.log_event(away.id, EventCode.PLANNED, {"stages": [], "minutes": 90.0})
    assert queue_seconds(store) == pytest.approx(300, abs=5)


def test_the_command_plans_and_starts_nothing(store, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BORT_STORE", store.url)
    said = CliRunner().invoke(bort, ["agora", "run", "--task", "torus", "--plan"])
    assert said.stdout == (
        "Plan: train, sample and label in rounds, at most (about 8 s). "
        "In all about 8 s, on a quiet core.\n"
    )
    assert store.jobs() == []
    (tmp_path / "file").touch()
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "file"))  # a plan needs no place to write to
    monkeypatch.delenv("BORT_STORE")
    said = CliRunner().invoke(bort, ["agora", "run", "--task", "torus", "--plan", "--json"])
    assert json.loads(said.stdout)["total_minutes"] == 7.5 / 60
