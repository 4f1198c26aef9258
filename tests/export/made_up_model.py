"""A model with random weights in a store, and a made-up study."""

from dataclasses import replace
from pathlib import Path

import tiny

from bort.core.study import StudySpec, TaskSpec
from bort.families import SearchSpace, load_space
from bort.finetuning.publishing import complete_tokenizer
from bort.search.facts import LatencyModelled
from bort.storage import ModelRecord, Store, models_folder

SHAPE = {"depth": 1, "heads": 2, "hidden": 8, "intermediate": 16}
JUDGED = {"accuracy": 0.8, "low": 0.7, "high": 0.9, "n": 90, "macro_f1": 0.8}


def write_model(store: Store, place: Path, *, text: tuple[str, ...] = ("text",)) -> ModelRecord:
    from transformers import BertConfig, BertForSequenceClassification

    source = tiny.write_source(place / "source")
    space = load_space(str(tiny.write_space(place / "tiny.toml")))
    task = TaskSpec(task=str(tiny.write_task(place / "reviews.csv", rows=200)))
    store.create_study(StudySpec(name="made-up", space=space.to_dict(), task=TaskSpec()))
    config = BertConfig(
        vocab_size=len(tiny.VOCABULARY),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        id2label={0: "bad", 1: "good"},
        label2id={"bad": 0, "good": 1},
    )
    folder = models_folder() / "made-up-model"
    BertForSequenceClassification(config).eval().save_pretrained(folder)
    (folder / "vocab.txt").write_bytes((source / "vocab.txt").read_bytes())
    complete_tokenizer(folder, source, longest=32)
    return store.add_model(
        "made-up-model",
        job_id=None,
        study="made-up",
        task=task.task,
        architecture=SHAPE,
        realised=_realised(),
        evidence=_evidence(space, replace(task, text=text)),
    )


def _realised() -> dict[str, object]:
    return {
        "model": "made-up-model",
        "study": "made-up",
        "task": "reviews",
        "architecture": SHAPE,
        "architecture_id": "1-2-8-16",
        "seeds": [0],
        "dev": {"accuracy": 0.81, "n": 90},
        "audit": JUDGED,
        "exported": {"seed": 0, "dev_accuracy": 0.81, "audit_accuracy": 0.8},
        "teacher": {**JUDGED, "name": "teacher", "latency_ms": 2.0},
        "plain_student": None,
        "tfidf": {**JUDGED, "name": "tf-idf with logistic regression"},
        "predicted": None,
        "parameter_count": 1000,
        "confusion": {"pairs": [[0, 0, 40], [0, 1, 10], [1, 0, 8], [1, 1, 32]]},
        "calibration": {"bins": [{"n": 90, "right": 72, "score": 0.9}]},
        "share_of_teacher": 1.0,
        "times_faster_than_teacher": 2.0,
        "latency_ms": 1.0,
        "latency": {
            "torch-float32": {
                "median_ms": 1.0,
                "low_ms": 0.9,
                "high_ms": 1.1,
                "teacher_ms": 2.0,
                "workload": "batch 1",
                "noise_ok": True,
            }
        },
        "stages": [],
    }


def _evidence(space: SearchSpace, task: TaskSpec) -> dict[str, object]:
    return {
        "recipe": {"steps": 20, "other_tasks": False},
        "search": {
            "command": "bort search --study quick --budget 12",
            "study": "made-up",
            "evaluations": 3,
            "space_size": len(space),
            "goal": "cover",
            "certified_epsilon": 0.25,
            "guarantee": "conditional",
            "ledger": [LatencyModelled(band=0.06, epsilon=0.25).to_dict()],
        },
        "space": space.to_dict(),
        "data": {
            "task": "reviews",
            "task_spec": {**task.to_dict(), "task": "reviews.csv"},
            "title": "reviews",
            "class_names": ["bad", "good"],
            "splits": {"train": 420, "dev": 90, "audit": 90},
            "unlabelled": 0,
            "seed": 0,
        },
        "oracle": {
            "source": "tiny",
            "source_sha256": "0" * 64,
            "teacher": "tiny fine-tuned",
            "teacher_dev_error": 0.2,
            "threads": 1,
            "device": "cpu",
        },
        "machine": {"cpu": "made up"},
        "mistakes": {"count": 1, "kept": [[3, 0, 1, 0.9]], "digest": "0" * 64},
        "max_length": 16,
        "workload": {"batch_size": 1, "sequence_length": 16, "threads": 1},
    }
