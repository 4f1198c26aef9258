"""`bort finetune`: what it refuses and plans; a process that is killed."""

import json
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
from click.testing import CliRunner

from bort.cli.finetune import finetune
from bort.core.errors import BortError
from bort.core.finetune import Recipe
from bort.core.study import TaskSpec
from bort.finetuning.cost import check_disk_space, estimate_finetune
from bort.finetuning.request import best_pick, check_finetune, named_tasks
from bort.finetuning.setup import prepare
from bort.finetuning.stages import StageKind
from bort.jobs import JobState, find_job, resume, run_here, start_detached
from bort.studies.answers import Limits, read_answer

SMALL, LARGE = "1-2-8-16", "2-2-16-32"
QUICK = ("--distil-steps", "6", "--steps", "6", "--copies", "1", "--log", "none")


def answer_of(*arguments):
    done = CliRunner().invoke(finetune, [*arguments, "--json"])
    if done.exception is not None:
        raise done.exception
    return json.loads(done.stdout)


def test_the_best_point_is_trained(store, fake_latency):
    answer = answer_of("--best", *QUICK, "--no-compare")
    assert answer["architecture_id"] in (SMALL, LARGE)
    assert answer["study"] == "tiny"
    assert store.model(answer["model"]).architecture_id == answer["architecture_id"]


def test_several_picks_are_trained_and_listed(store, fake_latency):
    answer = answer_of("--pick", f"{SMALL},{LARGE}", *QUICK, "--no-compare")
    assert [row["architecture_id"] for row in answer["models"]] == [SMALL, LARGE]
    again = answer_of("--pick", SMALL, *QUICK, "--no-compare")
    assert again["model"].endswith("-2")


def test_people_read_a_table(store, fake_latency):
    done = CliRunner().invoke(finetune, ["--best", *QUICK, "--no-compare"])
    assert done.exit_code == 0, done.output
    assert "teacher" in done.output
    assert "bort export" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--study", "nobody", "--best"], "there is no study 'nobody'"),
        ([], "either --best or --pick"),
        (["--best", "--pick", SMALL], "either --best or --pick"),
        (["--pick", "9-9-9-9"], "has no architecture '9-9-9-9'"),
        (["--pick", "1-2"], "has no architecture '1-2'"),
        (["--best", "--max-latency-ms", "1e-9"], "no trained architecture meets the limits"),
        (["--best", "--max-parameters", "0"], "--max-parameters must be above 0, got 0"),
        (["--pick", SMALL, "--max-latency-ms", "1"], "leave them out with --pick"),
        (["--pick", "x"], "has no architecture 'x'"),
        (["--best", "--stages", "bake"], "stages must be one or more of distil, finetune, agora"),
        (["--best", "--stages", ""], "stages must be one or more of distil, finetune, agora"),
        (["--best", "--seeds", "0"], "seeds must be a whole number of 1 or more"),
        (["--best", "--epochs", "-1"], "epochs must be a number between 0 and 1000"),
        (["--best", "--hard", "2"], "hard must be a number from 0 to 1"),
        (["--best", "--learning-rates", "7"], "learning rates must be numbers between 0 and 1"),
        (["--best", "--runtimes", "abacus"], "unknown runtime 'abacus'"),
        (["--best", "--log", "diary"], "log must be one or more of tensorboard, mlflow, wandb"),
        (["--best", "--task", "nothing.csv"], "there is no file"),
        (["--best", "--parallel", "0"], "parallel must be a whole number from 1 to 64"),
        (["--best", "--workers", "spark"], "workers must be ray, or ray:HOST:PORT"),
        (["--best", "--distil-from", "dreams"], "distil from must be one of teacher, source"),
    ],
)
def test_mistakes_are_told_in_one_line(store, arguments, message):
    with pytest.raises(BortError) as caught:
        answer_of(*arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert store.jobs() == []


def test_a_source_network_that_is_no_bert_is_refused(spec, place, tmp_path):
    shutil.copytree(place / "source", tmp_path / "gpt")
    config = json.loads((tmp_path / "gpt" / "config.json").read_text())
    (tmp_path / "gpt" / "config.json").write_text(json.dumps(config | {"model_type": "gpt2"}))
    asked = spec()
    asked = replace(asked, training=replace(asked.training, source=str(tmp_path / "gpt")))
    with pytest.raises(
        BortError, match="is a model of type gpt2, but the source network must be a BERT"
    ):
        check_finetune(asked)


def test_a_tokenizer_without_padding_token_is_refused(spec, place, tmp_path, home):
    shutil.copytree(place / "source", tmp_path / "unpadded")
    words = (tmp_path / "unpadded" / "vocab.txt").read_text().replace("[PAD]", "[GAP]")
    (tmp_path / "unpadded" / "vocab.txt").write_text(words)
    asked = spec()
    asked = replace(asked, training=replace(asked.training, source=str(tmp_path / "unpadded")))
    with pytest.raises(BortError, match="has no padding token"):
        check_finetune(asked)


def test_a_label_that_training_never_shows_is_refused(spec, home, study_spec):
    from bort.finetuning.request import check_labels
    from bort.tasks import load_task

    task = load_task(study_spec.task)
    report = replace(task.report, classes_absent={"train": ["rare"]})
    with pytest.raises(BortError, match="no training text has the label 'rare'"):
        check_labels(replace(task, report=report))


def test_a_plan_is_told_before_anything_starts(store):
    estimate = answer_of(
        "--best", "--plan", "--seeds", "3", "--steps", "10", "--distil-steps", "20"
    )
    assert estimate["trainings"] == 5  # distilled once, three seeds, the plain student
    assert estimate["steps"] == 20 + 3 * 10 + 10
    assert estimate["memory_bytes"] > 0
    assert estimate["disk_bytes"] > 0
    assert [stage["work"] for stage in estimate["stages"]] == ["prepare", "students", "winners"]
    assert store.jobs() == []


def test_limits_choose_the_best_point_within_them(store):
    answer = read_answer(store, "tiny")
    front = sorted(answer.front, key=lambda point: point.parameter_count)
    assert best_pick(store, "tiny", Limits(max_parameters=front[0].parameter_count)) == front[0].id
    within = Limits(max(point.latency_ms for point in answer.points), 10**9)
    assert best_pick(store, "tiny", within) == min(front, key=lambda point: point.error_rate).id
    assert best_pick(store, "tiny") == answer.best.id


def test_a_larger_batch_takes_more_memory(store, spec):
    memory = [
        estimate_finetune(store, asked, check_finetune(asked)).memory_bytes
        for asked in (spec(batch_size=32), spec(batch_size=4096))
    ]
    assert memory[1] > memory[0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--stages", "finetune", "--distil-steps", "5"), "applies to the distil stage"),
        (("--steps", "5", "--epochs", "1"), "both set the length"),
        (("--threads", "9999"), "9999 threads were requested"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(store, given, message):
    with pytest.raises(BortError, match=message):
        answer_of("--best", "--plan", *given)


def test_a_plan_counts_other_tasks_only_where_they_lie(store, spec, monkeypatch):
    from types import SimpleNamespace

    from bort.finetuning import cost

    def steps(*, prepared):
        info = SimpleNamespace(name="tweets", prepared=prepared, splits={"train": 4200})
        monkeypatch.setattr(cost, "list_tasks", lambda: [info])
        asked = spec(distil_steps=None, copies=1, steps=1, compare=False)
        return estimate_finetune(store, asked, check_finetune(asked)).steps

    few, many = steps(prepared=False), steps(prepared=True)
    assert few == round(2 * 420 / 32) + 1
    assert many == round((2 * 420 + 4200) / 32) + 1


def test_a_plan_counts_the_texts_without_labels(store, spec, monkeypatch):
    from bort.finetuning import cost

    monkeypatch.setattr(cost, "list_tasks", list)
    task = replace(spec().tasks[0], labelled=100)
    asked = spec(tasks=(task,), distil_steps=None, copies=2, steps=1, compare=False)
    [loaded] = check_finetune(asked)
    planned = estimate_finetune(store, asked, [loaded]).steps
    assert planned == steps_of(prepare(loaded, asked))
    assert planned == round(3 * 420 / 32) + 1  # the copies of all 420 training texts


def test_a_plan_counts_the_teachers_answers_once(store, spec):
    from bort.finetuning.cost import _must_label

    asked = spec(recipe=Recipe(texts="all"))
    [task] = asked.tasks
    assert _must_label(store, asked, task)
    job = store.create_job("finetune", asked.to_dict(), study="tiny")
    store.finish_job(job.id, job.attempt, JobState.DONE)
    assert not _must_label(store, replace(asked, picks=(LARGE,)), task)
    assert _must_label(store, replace(asked, recipe=Recipe(texts="all", copies=2)), task)
    assert _must_label(store, asked, replace(task, labelled=100))


def steps_of(setup):
    return setup.steps_of(StageKind.DISTIL) + setup.steps_of(StageKind.FINETUNE)


def test_a_disk_without_room_is_refused(store, spec, monkeypatch):
    asked = spec()
    estimate = estimate_finetune(store, asked, check_finetune(asked))
    check_disk_space(estimate)
    with pytest.raises(BortError, match="MiB are free"):
        check_disk_space(replace(estimate, free_bytes=1))


def test_another_task_can_be_named(store, fake_latency, tmp_path):
    tiny.write_task(tmp_path / "other.csv", rows=300, seed=5)
    answer = answer_of("--best", "--task", str(tmp_path / "other.csv"), *QUICK, "--no-compare")
    assert answer["task"] == str(tmp_path / "other.csv")


def test_the_studys_own_file_keeps_its_split_and_its_rows(tmp_path):
    path = tiny.write_task(tmp_path / "mine.csv")
    own = TaskSpec(task=str(path), split_column="part", where=("lang=en",), labelled=200)
    assert named_tasks(own, str(path)) == (own,)
    (changed,) = named_tasks(own, str(path), where=("lang=de",))
    assert (changed.split_column, changed.where) == ("part", ("lang=de",))
    (other,) = named_tasks(own, str(tiny.write_task(tmp_path / "other.csv")))
    assert (other.split_column, other.where, other.labelled) == (None, (), None)
    (hub,) = named_tasks(own, "hub:somebody/reviews", ["text"], "label")
    assert (hub.text, hub.label) == (("text",), "label")


def test_a_job_that_is_killed_ends_with_the_same_result(store, spec, fake_latency):
    """After SIGKILL, which no handler sees, it always continues from the last checkpoint."""
    recipe = Recipe(distil_steps=150, steps=150, copies=1, evaluations=4)
    asked = spec(recipe=recipe, compare=False)
    whole = run_here(store, "finetune", asked.to_dict(), study="tiny")
    job_id = start_detached(store, "finetune", asked.to_dict(), study="tiny")
    _kill_in(store, job_id, "finetune")
    assert store.models(job_id=job_id) == []
    resumed = resume(store, job_id, detach=False)
    for key in ("dev", "audit", "exported"):
        assert resumed[key] == whole[key]
    weights = [
        Path(store.model(answer["model"]).folder / "model.safetensors").read_bytes()
        for answer in (whole, resumed)
    ]
    assert weights[0] == weights[1]


def _kill_in(store, job_id, stage):
    job = _wait_for_stage(store, job_id, stage)
    assert job.process is not None
    os.kill(job.process.pid, signal.SIGKILL)
    give_up = time.monotonic() + 30
    while (job := find_job(store, job_id)).state is not JobState.LOST:
        assert time.monotonic() < give_up, job
        time.sleep(0.05)


def _wait_for_stage(store, job_id, stage):
    give_up = time.monotonic() + 240
    while True:
        job = find_job(store, job_id)
        if job.progress.stage == stage and job.progress.numbers.get("loss") is not None:
            return job
        assert job.state.is_active, (job.ending, job.log.read_text())
        assert time.monotonic() < give_up, (job, job.log.read_text())
        time.sleep(0.02)
