"""Trained models that nobody trained: rows of the store with made-up values, and no files."""

from typing import Any

from bort.core.progress import Progress, Stage
from bort.jobs.runtime.process import this_process
from bort.storage import JobRecord, JobState, ModelRecord, Store
from bort.studies.answers import read_answer

JUDGED = {"accuracy": 0.81, "low": 0.79, "high": 0.83, "n": 1585, "macro_f1": 0.8}
CURVES = {"loss": (0.7, 0.5, 0.4), "dev_error": (0.3, 0.24, 0.2), "learning_rate": (1e-4,) * 3}


def realised_row(store: Store, study: str, pick: str, *, task: str = "movie-reviews") -> dict:
    """As a fine-tuning writes it, for a pick that the study trained."""
    point = next(p for p in read_answer(store, study).points if p.id == pick)
    own, teacher = point.latency_ms * 1.1, 12.0
    latency = {
        "torch-float32": {"median_ms": own, "teacher_ms": teacher, "workload": "batch 1"},
        "onnx-int8": {"median_ms": own / 2, "teacher_ms": teacher / 2, "noise_ok": False},
    }
    return {
        "task": task,
        "architecture_id": pick,
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


def add_model(
    store: Store, name: str, study: str, pick: str, *, job_id: int | None = None, **realised: Any
) -> ModelRecord:
    """A row of the store; its folder does not exist."""
    point = next(p for p in read_answer(store, study).points if p.id == pick)
    return store.add_model(
        name,
        job_id=job_id,
        study=study,
        task="movie-reviews",
        architecture=dict(point.architecture),
        realised={**realised_row(store, study, pick), **realised},
        evidence={
            "data": {"task_spec": {"task": "movie-reviews"}},
            "latency": {"onnx-int8": {"models": {"landmark Bort": {"median_ms": 30.0}}}},
            "oracle": {"teacher": "MiniLM fine-tuned", "teacher_sha256": "0" * 64},
            "workload": {"threads": 1},
        },
        is_imported=job_id is None,
    )


def running_job(store: Store, study: str, pick: str) -> JobRecord:
    """A fine-tuning in its second stage, with curves."""
    job = store.create_job("finetune", {"study": study, "picks": [pick]}, study=study)
    store.claim_job(job.id, job.attempt, this_process())
    for stage, most in (("distil", 1.0), ("finetune", 0.5)):
        for quantity, values in CURVES.items():
            for step, value in enumerate(values, start=1):
                name = f"movie-reviews/{pick}/{stage}-seed0-lr0.0001/{quantity}"
                store.add_metric(job.id, name, 10 * step, most * value)
    numbers = {"seed": 0, "loss": 0.2, "dev_error": 0.1, "examples_per_second": 900.0}
    progress = Progress(3, 9, Stage.FINETUNE, pick, 42, numbers)
    store.heartbeat(job.id, 1, progress)
    return store.job(job.id)


def finished_job(store: Store, study: str, pick: str) -> JobRecord:
    """The same, done."""
    job = running_job(store, study, pick)
    store.finish_job(job.id, 1, JobState.DONE, result={})
    return store.job(job.id)
