"""A fine-tuning with several trainings at once: the same as in one process, whoever is killed."""

import os
import signal
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from bort.core.architecture import Architecture
from bort.core.errors import WorkerError
from bort.core.files import write_json_atomically
from bort.core.finetune import Recipe
from bort.finetuning import cost
from bort.finetuning.request import check_finetune
from bort.finetuning.stages import StageKind, curves_of, in_turn_of
from bort.finetuning.students import Training
from bort.jobs import JobState, find_job, resume, run_here, start_detached
from bort.jobs.kinds import trainings
from bort.jobs.kinds.stages import Part, Stages
from bort.jobs.workers.messages import training_in
from bort.training.execution import TrainingStoppedError
from bort.training.source import weights_digest

SMALL, LARGE = "1-2-8-16", "2-2-16-32"


def weights(store, answer):
    return {
        model["task"]: weights_digest(store.model(model["model"]).folder)
        for model in answer["models"]
    }


def dev_errors(store, job_id, without=()):
    """By task and stage, the dev error after each step."""
    return {
        stage: dict(curve.points)
        for curve in curves_of(store.metrics(job_id))
        if curve.quantity == "dev_error"
        and (stage := (Path(curve.task).name, curve.stage)) not in without
    }


def test_workers_that_are_killed_with_their_job_end_as_one_process_does(
    store, spec, study_spec, fake_latency, monkeypatch, tmp_path
):
    lines = Path(study_spec.task.task).read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "others.csv").write_text("".join(lines[:-40]), "utf-8")
    tasks = (study_spec.task, replace(study_spec.task, task=str(tmp_path / "others.csv")))
    recipe = Recipe(distil_steps=20, steps=100, copies=1, evaluations=4)
    one = spec(recipe=recipe, tasks=tasks, compare=False)
    whole = run_here(store, "finetune", one.to_dict(), study="tiny")
    several = replace(one, parallel=2)
    job_id = start_detached(store, "finetune", several.to_dict(), study="tiny")
    job = find_job(store, job_id)
    work = job.folder / "work"
    until(store, job_id, lambda job: finished(work))
    assert (job.folder / "workers.log").exists()
    os.kill(find_job(store, job_id).process.pid, signal.SIGKILL)
    until(store, job_id, lambda job: job.state is JobState.LOST)
    there = finished(work)
    monkeypatch.setattr(trainings, "training_places", lambda threads: 1)  # go on in this process
    resumed = resume(store, job_id, detach=False)
    assert weights(store, resumed) == weights(store, whole)
    again = finished(work)
    assert len(again) == 4
    assert {path: again[path] for path in there} == there  # nothing that was finished
    # The last steps of a finished stage may have been told to a job that was just killed.
    without = {(path.parts[-4].split("_")[-1], path.parts[-2].split("-")[0]) for path in there}
    expected = dev_errors(store, whole["job"], without)
    assert dev_errors(store, job_id, without) == expected
    assert len(expected) == 4 - len(there)


class MadeUpPool:
    """Finishes every training at once, but those named in `fails`."""

    count = 2

    def __init__(self, fails=()):
        self.fails, self.asked = fails, []

    def submit(self, message, on_steps):
        name = training_in(message).name
        self.asked.append(name)
        future = Future()
        if name in self.fails:
            future.set_exception(WorkerError("the loss became nan"))
        else:
            on_steps([[1, 2, 0.5, 0.1, 9.0, None], [2, 2, 0.4, 0.1, 9.0, 0.25]])
            finish(Path(message["folder"]))
            future.set_result({"files": []})
        return future


def finish(folder):
    result = {"steps": 2, "seconds": 1.0, "dev_error": 0.25, "chosen_step": 2, "curve": []}
    write_json_atomically(folder / "stage.json", {"result": result, "sha256": ""})


def chain_of(pick):
    """A distillation, two seeds after it, nothing, and one more."""
    architecture = Architecture.of(depth=1, heads=2, hidden=8, intermediate=pick)

    def asks(kind, *seeds, begins=None):
        return [Training(kind, architecture, seed, 0.01, begins) for seed in seeds]

    [first] = yield asks(StageKind.DISTIL, 0)
    found = yield asks(StageKind.FINETUNE, 0, 1, begins=first)
    assert (yield []) == []
    [last] = yield asks(StageKind.AGORA, 0, begins=found[0])
    return pick, last.name


def followed(folder, pool, *, stop_after=99):
    heard = []
    listener = SimpleNamespace(
        part=None,
        steps=lambda setup, training, steps: heard.extend((training.name, s.step) for s in steps),
        end=lambda setup, training, result: heard.append((training.name, result.dev_error)),
    )
    context = SimpleNamespace(should_stop=lambda: len(heard) > stop_after)
    stages = Stages(context, [Part(None, folder)], listener, pool)
    return stages.follow([(0, chain_of(16)), (0, chain_of(32))]), heard


def test_chains_go_on_beside_each_other(tmp_path):
    pool = MadeUpPool()
    ends, heard = followed(tmp_path, pool)
    assert ends == [(16, "agora-seed0-lr0.01"), (32, "agora-seed0-lr0.01")]
    kinds = [name.split("/")[1].split("-")[0] for name in pool.asked]
    assert kinds == ["distil"] * 2 + ["finetune"] * 4 + ["agora"] * 2
    for name in pool.asked:
        assert [what for one, what in heard if one == name] == [1, 2, 0.25]
    again = MadeUpPool()
    assert followed(tmp_path, again)[0] == ends
    assert again.asked == []  # all are finished


def test_a_stage_that_fails_and_a_stop_end_the_others(tmp_path):
    pool = MadeUpPool(fails=["1-2-8-32/finetune-seed1-lr0.01"])
    with pytest.raises(WorkerError, match="became nan"):
        followed(tmp_path / "fails", pool)
    with pytest.raises(TrainingStoppedError):
        followed(tmp_path / "stops", MadeUpPool(), stop_after=3)


def test_a_plan_shares_the_stages_that_need_not_wait_for_each_other(store, spec, monkeypatch):
    monkeypatch.setattr(cost, "candidate_seconds", lambda speed, space, training: training.steps)
    monkeypatch.setattr(cost, "training_places", lambda threads: 2)
    asked = spec(
        steps=10, distil_steps=20, learning_rates=(1e-3, 1e-2), seeds=3, picks=(SMALL, LARGE)
    )
    [task] = check_finetune(asked)
    assert in_turn_of(asked) == [StageKind.DISTIL, StageKind.FINETUNE, StageKind.FINETUNE]
    distil = 20 * (cost.STREAM_FACTOR + cost.FORWARD_SHARE)
    stage = 10 * cost.STREAM_FACTOR
    chain = distil + 5 * stage  # two rates, two more seeds, and the student without a teacher

    def seconds(workers):
        return cost._seconds(asked, [task], None, workers)

    assert seconds(1) == pytest.approx(2 * chain)
    assert seconds(2) == pytest.approx(chain)
    assert seconds(99) == pytest.approx(distil + 2 * stage)
    two = cost.estimate_finetune(store, replace(asked, parallel=2), [task])
    assert two.memory_bytes > 2 * cost.estimate_finetune(store, asked, [task]).memory_bytes
    assert cost.workers_of(replace(asked, parallel=9)) == 2


def finished(work):
    """The finished stages, and when each was written."""
    return {path: path.stat().st_mtime_ns for path in work.rglob("stage.json")}


def until(store, job_id, holds):
    give_up = time.monotonic() + 240
    while not holds(job := find_job(store, job_id)):
        assert time.monotonic() < give_up, (job, job.log.read_text())
        assert job.state.is_active, (job.ending, job.log.read_text())
        time.sleep(0.02)
