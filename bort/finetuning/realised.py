"""The realised point: what a picked architecture came to, beside what it is compared with."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.core.architecture import Architecture
from bort.core.files import load_arrays, save_arrays
from bort.finetuning.baselines import tfidf_answers
from bort.finetuning.classroom import Classroom
from bort.finetuning.judgement import Accuracy, accuracy_of, paired_difference
from bort.finetuning.latency import LANDMARK, TEACHER, nearest_landmark
from bort.finetuning.stage import result_of
from bort.finetuning.student import answers, load_weights
from bort.finetuning.units import Finished
from bort.training.source import read_config


def unit_answers(room: Classroom, done: Finished) -> dict[str, NDArray[np.int64]]:
    """A unit's answers to dev and audit; computed once, kept beside its weights."""
    path = done.folder / "answers.npz"
    known = load_arrays(path)
    if known is None:
        model = room.build(done.unit.architecture, done.unit.seed).model
        load_weights(model, done.folder)
        known = {split: answers(room, model, split) for split in ("dev", "audit")}
        save_arrays(path, known)
    return known


def judged(room: Classroom, split: str, found: Sequence[NDArray[np.int64]]) -> Accuracy:
    """Accuracy of several seeds' answers to a split."""
    labels = room.task.dev.labels if split == "dev" else room.task.audit.labels
    return accuracy_of(found, labels, classes=room.classes)


def students(room: Classroom, finished: Sequence[Finished]) -> dict[str, Any]:
    """`dev`, `audit` and `exported` of the same architecture trained with several seeds."""
    all_answers = [unit_answers(room, done) for done in finished]
    accuracies = {
        split: judged(room, split, [found[split] for found in all_answers])
        for split in ("dev", "audit")
    }
    singles = {
        split: [judged(room, split, [found[split]]).accuracy for found in all_answers]
        for split in ("dev", "audit")
    }
    best = chosen(room, finished)
    return {
        "dev": {
            "accuracy": accuracies["dev"].accuracy,
            "n": accuracies["dev"].n,
            "of_seeds": singles["dev"],
        },
        "audit": {**accuracies["audit"]._asdict(), "of_seeds": singles["audit"]},
        "exported": {
            "seed": finished[best].unit.seed,
            "dev_accuracy": singles["dev"][best],
            "audit_accuracy": singles["audit"][best],
        },
    }


def chosen(room: Classroom, finished: Sequence[Finished]) -> int:
    """Which seed is exported: the best on dev, the first of equals."""
    dev = [judged(room, "dev", [unit_answers(room, d)["dev"]]).accuracy for d in finished]
    return int(np.argmax(dev))


def teacher_row(room: Classroom) -> dict[str, Any]:
    """The teacher's own accuracy."""
    found = {split: room.logits[split].argmax(1) for split in ("dev", "audit")}
    audit = judged(room, "audit", [found["audit"]])
    config = read_config(room.teacher.folder, room.teacher.name)
    return {
        "name": room.teacher.name,
        "accuracy": audit.accuracy,
        "low": audit.low,
        "high": audit.high,
        "macro_f1": audit.macro_f1,
        "dev_accuracy": judged(room, "dev", [found["dev"]]).accuracy,
        "model_type": config.get("model_type"),
    }


def against_teacher(room: Classroom, finished: Sequence[Finished]) -> dict[str, Any]:
    """The seeds' models and the teacher on the same audit texts."""
    ours = [unit_answers(room, done)["audit"] for done in finished]
    theirs = room.logits["audit"].argmax(1)
    return paired_difference(ours, theirs, room.task.audit.labels)


def tfidf_row(room: Classroom) -> dict[str, Any]:
    """Tf-idf with logistic regression on the same audit texts."""
    found = judged(room, "audit", [tfidf_answers(room.task, room.task.audit)])
    return {"name": "tf-idf with logistic regression", **found._asdict()}


def plain_row(room: Classroom, done: Finished) -> dict[str, Any]:
    """The same architecture from random weights, on the true labels alone."""
    found = judged(room, "audit", [unit_answers(room, done)["audit"]])
    return {"name": "plain student", "parameters": "the same", **found._asdict()}


def landmark_row(parameter_count: int) -> dict[str, Any]:
    """The published model of the nearest size; trained by its authors, not here."""
    mark = nearest_landmark(parameter_count)
    return {
        "name": mark.name,
        "parameter_count": mark.parameter_count(),
        "published_parameter_count": mark.published_parameters,
        "source": mark.source,
    }


def with_latency(
    row: dict[str, Any], latencies: Mapping[str, Any], runtimes: Sequence[str], name: str
) -> dict[str, Any]:
    """The realised row with what was measured, and how it compares with teacher and landmark."""
    first = latencies[runtimes[0]]["models"]
    own = first[name]["median_ms"]
    teacher = first.get(TEACHER)
    row["latency_ms"] = own
    row["latency"] = {
        runtime: {
            **found["models"][name],
            "teacher_ms": found["models"].get(TEACHER, {}).get("median_ms"),
            "workload": found["workload"],
            "noise_ok": found["noise_ok"],
        }
        for runtime, found in latencies.items()
    }
    row["teacher"]["latency_ms"] = None if teacher is None else teacher["median_ms"]
    row["times_faster_than_teacher"] = None if teacher is None else teacher["median_ms"] / own
    row["landmark"]["latency_ms"] = first[f"{LANDMARK} {row['landmark']['name']}"]["median_ms"]
    return row


def stage_rows(finished: Sequence[Finished]) -> list[dict[str, Any]]:
    """What each stage took and came to, without its curve, which the metrics hold."""
    stages = {stage.folder: stage.unit for done in finished for stage in done.stages}
    return [
        {
            "stage": unit.stage,
            "seed": unit.seed,
            "steps": result.steps,
            "chosen_step": result.chosen_step,
            "dev_error": result.dev_error,
            "seconds": result.seconds,
            "learning_rate": unit.learning_rate,
        }
        for folder, unit in stages.items()
        for result in [result_of(folder)]
    ]


def check_parameters(room: Classroom, architecture: Architecture, counted: int) -> int:
    """The formula's count, which must equal the built model's.

    Raises:
        AssertionError: it does not: the formula is wrong.
    """
    wanted = int(room.space.parameter_count[room.space.index(architecture)])
    assert counted == wanted, f"{architecture.id}: {counted} parameters built, {wanted} by formula"
    return counted
