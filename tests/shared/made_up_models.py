"""Fake trained models: records with made-up values, and no files."""

from typing import Any

import numpy as np

from bort.core.progress import Progress, Stage
from bort.core.serialise import to_json
from bort.core.study import TaskSpec
from bort.finetuning.calibration import calibration_of
from bort.finetuning.mistakes import confusion_of, mistakes_of
from bort.jobs.runtime.process import this_process
from bort.storage import JobRecord, JobState, ModelRecord, Store
from bort.studies.answers import read_answer
from bort.tasks import load_task

JUDGED = {"accuracy": 0.81, "low": 0.79, "high": 0.83, "n": 1585, "macro_f1": 0.8}
STAGE = {
    "seed": 1,
    "steps": 10,
    "chosen_step": 8,
    "dev_error": 0.2,
    "seconds": 3.0,
    "learning_rate": 1e-4,
}
CURVES = {"loss": (0.7, 0.5, 0.4), "dev_error": (0.3, 0.24, 0.2), "learning_rate": (1e-4,) * 3}


def realised_row(store: Store, study: str, pick: str, *, task: str = "movie-reviews") -> dict:
    """Make the results of a fine-tuning, for a pick that the study trained."""
    point = next(p for p in read_answer(store, study).points if p.id == pick)
    own, teacher = point.latency_ms * 1.1, 12.0
    latency = {
        "torch-float32": {**_timed(own), "teacher_ms": teacher, "noise_ok": True},
        "onnx-int8": {**_timed(own / 2), "teacher_ms": teacher / 2, "noise_ok": False},
    }
    return {
        "study": study,
        "task": task,
        "architecture": dict(point.architecture),
        "architecture_id": pick,
        "exported": {"seed": 1, "dev_accuracy": 0.83, "audit_accuracy": 0.82},
        "stages": [
            {**STAGE, "stage": "distil"},
            {**STAGE, "stage": "finetune"},
        ],
        "seeds": [0, 1, 2],
        "dev": {"accuracy": 0.82, "n": 1585},
        "audit": JUDGED,
        "teacher": {**JUDGED, "name": "MiniLM fine-tuned", "dev_accuracy": 0.85},
        "plain_student": {**JUDGED, "accuracy": 0.6},
        "tfidf": {**JUDGED, "name": "tf-idf with logistic regression", "accuracy": 0.75},
        "landmark": {"name": "Bort", "parameter_count": 55_900_000, "latency_ms": 60.0},
        "difference_from_teacher": {"difference": -0.01, "low": -0.02, "high": 0.001},
        "predicted": point.as_json(),
        "parameter_count": point.parameter_count,
        "latency_ms": own,
        "latency": latency,
        "share_of_teacher": 0.97,
        "times_faster_than_teacher": teacher / own,
    }


def _timed(median_ms: float) -> dict[str, Any]:
    return {
        "median_ms": median_ms,
        "low_ms": 0.9 * median_ms,
        "high_ms": 1.1 * median_ms,
        "workload": "batch 1",
    }


def evidence_row(space: dict[str, Any]) -> dict[str, Any]:
    """Make the evidence of a fine-tuning whose study was deleted."""
    return {
        "search": None,
        "space": space,
        "data": {
            "task": "movie-reviews",
            "task_spec": {"task": "movie-reviews"},
            "title": "Movie reviews",
            "class_names": ["negative", "positive"],
            "splits": {"train": 7000, "dev": 1585, "audit": 1585},
            "unlabelled": 0,
            "seed": 0,
        },
        "oracle": {
            "source": "MiniLM",
            "source_sha256": "0" * 64,
            "teacher": "MiniLM fine-tuned",
            "teacher_sha256": "0" * 64,
            "teacher_dev_error": 0.15,
            "device": "cpu",
            "threads": 1,
        },
        "recipe": {},
        "max_length": 32,
        "workload": {"batch_size": 1, "sequence_length": 32, "threads": 1},
        "machine": {"cpu": "made up"},
        "latency": {
            "onnx-int8": {
                "workload": "batch 1",
                "noise_ok": True,
                "models": {"landmark Bort": {"median_ms": 30.0, "low_ms": 29.0, "high_ms": 31.0}},
            }
        },
    }


def wrong_answers(task: TaskSpec, *, share: float = 0.2) -> tuple[dict, dict]:
    """Make confusion and calibration, and evidence, of answers to a real task.

    Args:
        share: of the texts, which get the next class as answer.
    """
    loaded = load_task(task)
    rng = np.random.default_rng(0)

    def answers(labels: np.ndarray) -> np.ndarray:
        wrong = rng.random(len(labels)) < share
        return np.where(wrong, (labels + 1) % len(loaded.class_names), labels)

    dev, audit = answers(loaded.dev.labels), answers(loaded.audit.labels)
    scores = rng.uniform(0.5, 1, len(dev)), rng.uniform(0.5, 1, len(audit))
    realised = {
        "confusion": confusion_of(loaded.audit.labels, audit),
        "calibration": calibration_of(scores[1], audit == loaded.audit.labels),
    }
    mistakes = mistakes_of(loaded.dev.labels, dev, scores[0], digest=loaded.dev_digest)
    sizes = {split: len(getattr(loaded, split)) for split in ("train", "dev", "audit")}
    data = {"task_spec": task.to_dict(), "class_names": loaded.class_names, "splits": sizes}
    return to_json(realised), to_json({"mistakes": mistakes, "data": data})


def add_model(
    store: Store,
    name: str,
    study: str,
    pick: str,
    *,
    job_id: int | None = None,
    task_spec: dict[str, Any] | None = None,
    more_evidence: dict[str, Any] | None = None,
    **realised: Any,
) -> ModelRecord:
    """Store a record; its folder does not exist."""
    answer = read_answer(store, study)
    point = next(p for p in answer.points if p.id == pick)
    evidence = evidence_row(dict(answer.spec.space))
    if task_spec is not None:
        evidence["data"] |= {"task": task_spec["task"], "task_spec": task_spec}
    if more_evidence is not None:
        evidence |= {**more_evidence, "data": evidence["data"] | more_evidence["data"]}
    return store.add_model(
        name,
        job_id=job_id,
        study=study,
        task="movie-reviews",
        architecture=dict(point.architecture),
        realised={**realised_row(store, study, pick), **realised},
        evidence=evidence,
        is_imported=job_id is None,
    )


def running_job(store: Store, study: str, pick: str) -> JobRecord:
    """Start a fine-tuning in its second stage, with curves."""
    job = store.create_job("finetune", {"study": study, "picks": [pick]}, study=study)
    store.claim_job(job.id, job.attempt, this_process())
    for stage, most in (("distil", 1.0), ("finetune", 0.5)):
        for quantity, values in CURVES.items():
            for step, value in enumerate(values, start=1):
                name = f"movie-reviews/{pick}/{stage}-seed0-lr0.0001/{quantity}"
                store.add_metrics(job.id, 10 * step, {name: most * value})
    numbers = {"seed": 0, "loss": 0.2, "dev_error": 0.1, "examples_per_second": 900.0}
    progress = Progress(3, 9, Stage.FINETUNE, pick, 42, numbers)
    store.heartbeat(job.id, 1, progress)
    return store.job(job.id)


def finished_job(store: Store, study: str, pick: str) -> JobRecord:
    """The same, done."""
    job = running_job(store, study, pick)
    store.finish_job(job.id, 1, JobState.DONE, result={})
    return store.job(job.id)
