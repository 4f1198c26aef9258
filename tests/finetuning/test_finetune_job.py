"""Fine-tuning as a job: its results, and that stopping it changes nothing."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tiny
from click.testing import CliRunner

from bort.cli.jobs import jobs as jobs_command
from bort.core.baseline import Method
from bort.core.errors import InvalidModelError, TrainingDivergedError
from bort.core.finetune import FineTuneSpec
from bort.core.progress import Stage
from bort.export.folder import export_huggingface
from bort.export.predicting import Predictor, try_text
from bort.finetuning import setup
from bort.finetuning.realised import realised_of
from bort.finetuning.request import check_finetune
from bort.jobs import JobCancelledError, JobState, resume, run_here
from bort.report.data import data_warning
from bort.report.models import print_models
from bort.tasks import load_task
from bort.training import stage, teacher
from bort.training.source import weights_digest

pytestmark = pytest.mark.usefixtures("fake_latency")


def finetune(store, spec, **options):
    return as_json(run_here(store, "finetune", spec.to_dict(), study=spec.study, **options))


def as_json(answer):
    return json.loads(json.dumps(answer, allow_nan=False))


def test_the_answer_has_every_promised_key(store, spec):
    answer = finetune(store, spec(seeds=2))
    assert answer.keys() >= {
        "job", "model", "architecture", "seeds", "dev", "audit", "teacher", "parameter_count",
        "latency_ms", "stages", "seconds",
    }  # fmt: skip
    assert answer["dev"].keys() >= {"accuracy", "n"}
    assert answer["audit"].keys() >= {"accuracy", "low", "high", "n", "macro_f1"}
    assert answer["seeds"] == [0, 1]
    assert [s["stage"] for s in answer["stages"]] == ["distil", "finetune", "finetune"]
    assert answer["audit"]["low"] <= answer["audit"]["accuracy"] <= answer["audit"]["high"]
    assert answer["predicted"]["error_rate"] == 0.2
    assert answer["tfidf"]["accuracy"] > 0.5
    for name in ("majority", "tfidf", "probe"):
        baseline, own = answer[name], answer["audit"]["accuracy"]
        gain, of_teacher = baseline["model_gain"], baseline["teacher_gain"]
        assert gain["difference"] == pytest.approx(own - baseline["accuracy"])
        assert gain["low"] <= gain["difference"] <= gain["high"]
        expected = answer["teacher"]["accuracy"] - baseline["accuracy"]
        assert of_teacher["difference"] == pytest.approx(expected)
    assert answer["times_faster_than_teacher"] > 1
    model = store.model(answer["model"])
    assert (model.folder / "model.safetensors").is_file()
    assert model.realised["audit"] == answer["audit"]
    curves = store.metrics(answer["job"])
    assert any(name.endswith("distil-seed0-lr0.00392/loss") for name in curves), list(curves)


def test_curves_and_progress_are_told(store, spec):
    seen = []
    finetune(store, spec(compare=False), on_step=seen.append)
    steps = [p for p in seen if p.stage is Stage.FINETUNE]
    assert steps[-1].numbers["examples_per_second"] > 0
    assert steps[-1].numbers["dev_error"] is not None
    assert steps[-1].done == steps[-1].total == 24


@pytest.mark.parametrize("stage_name", ["distil", "finetune", "plain"])
def test_a_stopped_stage_goes_on_as_if_never_stopped(store, spec, stage_name, monkeypatch):
    monkeypatch.setattr(stage, "CHECKPOINT_SECONDS", 0.0)
    whole = finetune(store, spec())
    kill = iter([])

    def stop_within(progress):
        if progress.stage == stage_name and progress.numbers["loss"] is not None:
            next(kill, None)
            raise KeyboardInterrupt

    with pytest.raises(JobCancelledError):
        finetune(store, spec(), on_step=stop_within)
    job = store.jobs()[0]
    assert list(job.folder.rglob("step-*.safetensors"))
    resumed = as_json(resume(store, job.id, detach=False))
    same = {"dev", "audit", "plain_student", "teacher", "parameter_count"}
    assert {k: resumed[k] for k in same} == {k: whole[k] for k in same}
    folders = [store.model(answer["model"]).folder for answer in (whole, resumed)]
    assert weights_digest(folders[0]) == weights_digest(folders[1])


def test_a_loss_that_is_no_number_fails_and_keeps_the_checkpoint(store, spec, monkeypatch):
    monkeypatch.setattr(stage, "CHECKPOINT_SECONDS", 0.0)
    real = stage.train

    def exploding(*given, **options):
        for step in real(*given, **options):
            yield step._replace(loss=float("nan")) if step.step == 5 else step

    monkeypatch.setattr(stage, "train", exploding)
    with pytest.raises(TrainingDivergedError, match=r"loss became nan at step 5 .* step 4 is kept"):
        finetune(store, spec())
    job = store.jobs()[0]
    assert job.state is JobState.FAILED
    assert "lower" in job.ending.message
    assert list(job.folder.rglob("step-0000004.safetensors"))
    assert store.models() == []


def test_a_full_disk_fails_with_the_reason(store, spec, monkeypatch):
    from bort.core.errors import StoreError

    monkeypatch.setattr(stage, "CHECKPOINT_SECONDS", 0.0)
    from safetensors import torch as safetensors

    real, calls = safetensors.save_file, []

    def full(tensors, path, **options):
        calls.append(path)
        if len(calls) == 3:
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")
        real(tensors, path, **options)

    monkeypatch.setattr(safetensors, "save_file", full)
    with pytest.raises(StoreError, match="No space left on device"):
        finetune(store, spec())
    job = store.jobs()[0]
    assert job.state is JobState.FAILED
    assert not list(job.folder.rglob("*.part-*"))
    monkeypatch.setattr(safetensors, "save_file", real)
    done = CliRunner().invoke(jobs_command, ["resume", str(job.id)])
    assert done.exit_code == 0, done.output
    [model] = store.models()
    assert f"bort export {model.name} --format fastest" in done.output


def test_memory_that_runs_out_is_told_as_such(store, spec, monkeypatch):
    from bort.jobs import JobFailedError

    def starved(*given, **options):
        raise RuntimeError("DefaultCPUAllocator: ... Error code 12 (Cannot allocate memory)")

    monkeypatch.setattr(stage, "train", starved)
    with pytest.raises(JobFailedError, match="out of memory"):
        finetune(store, spec())


def test_a_deleted_data_file_fails_the_job(store, spec, study_spec, tmp_path):
    from pathlib import Path

    from bort.core.errors import UnknownTaskError

    gone = tmp_path / "gone.csv"
    gone.write_bytes(Path(study_spec.task.task).read_bytes())
    asked = spec(tasks=(replace(study_spec.task, task=str(gone)),))
    gone.unlink()
    with pytest.raises(UnknownTaskError, match="there is no file"):
        finetune(store, asked)
    assert store.jobs()[0].state is JobState.FAILED


def test_latency_is_measured_once(store, spec, fake_latency):
    asked = spec(runtimes=("torch-float32", "onnx-float32"), compare=False)
    answer = finetune(store, asked)
    assert fake_latency == ["torch-float32", "onnx-float32"]
    assert answer["latency"].keys() == {"torch-float32", "onnx-float32"}
    assert answer["latency_ms"] == answer["latency"]["torch-float32"]["median_ms"]


def test_the_spec_survives_json(spec):
    asked = spec(seeds=3, learning_rates=(1e-3, 3e-3))
    assert FineTuneSpec.from_dict(json.loads(json.dumps(asked.to_dict()))) == asked


def test_the_best_of_several_learning_rates_is_taken_for_all_seeds(store, spec, study_spec):
    scratch = replace(study_spec.training, initialise="scratch")
    rates = {"learning_rates": (1e-9, 1e-2), "steps": 60, "stages": ("finetune",)}
    answer = finetune(store, spec(training=scratch, seeds=2, compare=False, **rates))
    assert [s["learning_rate"] for s in answer["stages"]] == [1e-2, 1e-2]
    assert answer["audit"]["accuracy"] > 0.6


def test_a_stage_never_ends_with_worse_weights_than_it_began_with(store, spec):
    answer = finetune(store, spec(learning_rates=(0.9,), compare=False))
    errors = {s["stage"]: s["dev_error"] for s in answer["stages"]}
    assert errors["finetune"] <= errors["distil"]


def test_rounds_of_agora_add_texts_near_dev_errors(store, spec, study_spec):
    from bort.tasks import load_task
    from bort.tasks.near_duplicates import normalise

    asked = spec(
        stages=("finetune", "agora"),
        agora_rounds=2,
        compare=False,
        steps=2,
        training=replace(study_spec.training, initialise="scratch"),  # which still errs
    )
    answer = finetune(store, asked)
    assert [s["stage"] for s in answer["stages"]] == ["finetune", "agora1", "agora2"]
    assert answer["dev_is_seen"]
    folder = store.job(answer["job"]).folder
    rounds = sorted(folder.rglob("near-errors.jsonl"))
    assert len(rounds) == 2
    rows = [json.loads(line) for line in rounds[0].read_text().splitlines()]
    accepted = [row for row in rows if row["refused"] is None]
    assert accepted
    assert all(row["label"] in (0, 1) and row["confidence"] >= 0.5 for row in accepted)
    task = load_task(study_spec.task)
    audit = {normalise(text) for text in task.audit.texts}
    assert not audit & {normalise(row["text"]) for row in accepted}
    sizes = [np.load(p.with_suffix(".npz"))["first"].size for p in rounds]
    assert sizes[1] > sizes[0] == len(accepted)


@pytest.mark.parametrize(
    ("recipe", "methods", "labels"),
    [
        ({}, [Method.FINETUNED], False),
        ({"distil_from": "source"}, [Method.FINETUNED, Method.TFIDF], False),
        ({}, [Method.FINETUNED, Method.TFIDF], True),
        ({}, [Method.PROBE], True),
        ({"texts": "all"}, [Method.FINETUNED], True),
    ],
)
def test_the_teacher_labels_beforehand_only_what_nobody_asks_it_on_the_way(
    store, spec, monkeypatch, recipe, methods, labels
):
    monkeypatch.setattr(teacher, "best_methods", lambda *_: tuple(methods))
    asked = []
    real = setup.answers_to_pool
    monkeypatch.setattr(
        setup, "answers_to_pool", lambda *given, **listen: asked.append(1) or real(*given, **listen)
    )
    finetune(store, spec(compare=False, **recipe))
    assert bool(asked) == labels


@pytest.fixture
def answered(study_spec, tmp_path):
    """Describe a training whose teacher is a file that answers these texts."""

    def build(**answers):
        task = load_task(study_spec.task)
        path = tiny.write_answers(tmp_path / "answers.parquet", task, **answers)
        return replace(study_spec.training, teacher=str(path))

    return build


def test_a_file_of_soft_labels_ends_in_an_exported_model(store, spec, answered, tmp_path):
    answer = finetune(store, spec(training=answered(splits=("train",), share=0.5)))
    assert [s["stage"] for s in answer["stages"]] == ["distil", "finetune"]
    assert answer["teacher"] is None
    assert answer["share_of_teacher"] is answer["difference_from_teacher"] is None
    assert answer["times_faster_than_teacher"] is None
    model = store.model(answer["model"])
    export_huggingface(model, tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "answers 210 of 420 training, 0 of 90 dev and 0 of 90 audit texts" in card
    assert "answers too few audit texts to compare with" in card
    assert "The size and latency of what wrote the file are unknown" in card
    assert model.evidence["oracle"]["coverage"]["covered"]["train"] == 210
    print_models([realised_of(model)])
    trial = try_text(model, "a lovely film", open_folder=Predictor)
    assert trial.teacher is None
    assert trial.teacher_is_file


def test_a_teacher_that_answers_part_of_audit_is_compared_there(store, spec, answered):
    answer = finetune(store, spec(training=answered(share=0.7), compare=False))
    assert answer["teacher"]["n"] == 63
    assert answer["teacher"]["accuracy"] == 1.0
    assert answer["teacher"]["latency_ms"] is None
    assert answer["share_of_teacher"] == pytest.approx(
        1 + answer["difference_from_teacher"]["difference"]
    )


def test_all_texts_are_those_that_the_file_answers(store, spec, study_spec, answered):
    training = answered(splits=("train",), share=1.0)
    labelled = replace(study_spec.task, labelled=200)
    narrow = setup.prepare(
        load_task(labelled), spec(training=training, tasks=(labelled,), texts="all")
    )
    assert len(narrow.task.pool) == 220  # no synthetic texts, which it cannot answer
    assert narrow.distils_answers
    soft = narrow.everything(narrow.space.architecture(0), hard=0.0).targets
    assert np.allclose(soft.max(1), 0.9)
    wide = setup.prepare(load_task(labelled), spec(training=training, tasks=(labelled,)))
    assert len(wide.task.pool) > 220
    assert not wide.distils_answers
    assert wide.without_answers(wide.space.architecture(0)).targets.shape[1] == 0


@pytest.mark.parametrize("stages", [("distil",), ("finetune",)])
def test_each_stage_learns_the_answers_of_a_file(store, spec, answered, stages):
    answer = finetune(store, spec(training=answered(), stages=stages, compare=False))
    assert [s["stage"] for s in answer["stages"]] == list(stages)


def test_a_file_of_soft_labels_cannot_label_for_agora(spec, answered, home):
    asked = spec(training=answered(), stages=("finetune", "agora"))
    with pytest.raises(InvalidModelError, match=r"answers.parquet; leave .* --labeler"):
        check_finetune(asked)


def test_its_counts_are_told_before_fine_tuning(spec, answered, home):
    told = []
    check_finetune(spec(training=answered(share=0.5)), on_warning=told.append)
    assert "210 of 420 training" in data_warning(told[-1])


def test_a_stage_alone_can_be_asked_for(store, spec):
    answer = finetune(store, spec(stages=("distil",), compare=False))
    assert [s["stage"] for s in answer["stages"]] == ["distil"]


def test_what_stops_while_a_model_is_written_leaves_nothing_like_one(store, spec, monkeypatch):
    from bort.finetuning import publishing
    from bort.storage import models_folder

    def killed(*_given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "baselines_of", killed)
        with pytest.raises(JobCancelledError):
            finetune(store, spec())
    assert not models_folder().exists()
    job = store.jobs()[0]
    assert not store.model(resume(store, job.id, detach=False)["model"]).name.endswith("-2")
    assert [folder.name for folder in models_folder().iterdir()] == [store.models()[0].name]


def test_a_disk_that_is_full_when_the_model_is_written_is_told(store, spec, monkeypatch):
    from bort.core.errors import StoreError
    from bort.finetuning import publishing
    from bort.storage import models_folder

    def full(*_given, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing, "complete_tokenizer", full)
    with pytest.raises(StoreError, match=r"No space left on device\); free some space"):
        finetune(store, spec(compare=False))
    assert not models_folder().exists()
    assert store.models() == []
