"""A model of 77 classes from texts to files that numpy alone and ONNX Runtime run."""

import csv
import random
from dataclasses import replace
from itertools import combinations, islice

import numpy as np
import pytest
import tiny

from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.study import TaskSpec
from bort.export.numpy_folder import INT8, export_numpy
from bort.export.onnx import export_onnx
from bort.export.predicting import Predictor
from bort.export.small_loader import load
from bort.families import FamilySpace, UnionSpace
from bort.finetuning.realised import realised_of
from bort.jobs import run_here
from bort.storage import open_store
from bort.tasks import load_task

pytestmark = pytest.mark.usefixtures("fake_latency")

CLASSES = 77
PICKS = {"static": "static-35-16", "convolution": "convolution-35-16-16-1-1"}


@pytest.fixture(scope="module")
def task(place):
    """Texts of two words each, twice; which two is the class."""
    words = [*tiny.GOOD, *tiny.BAD, *tiny.PLAIN][:13]
    rng, path = random.Random(0), place / "pairs.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for label, pair in enumerate(islice(combinations(words, 2), CLASSES)):
            for _ in range(12):
                text = [*pair, *pair, *rng.choices(tiny.WORDS[:8], k=3)]
                rng.shuffle(text)
                writer.writerow([" ".join(text), f"intent {label}"])
    return TaskSpec(task=str(path))


def test_77_classes_from_texts_to_files(home, task, study_spec, tmp_path):
    pytest.importorskip("onnxruntime")
    sizes = {"vocabulary": (35,), "hidden": (16,)}
    parts = (
        FamilySpace("many", "static", sizes),
        FamilySpace(
            "many", "convolution", {**sizes, "channels": (16,), "width": (1,), "depth": (1,)}
        ),
    )
    study = replace(study_spec, space=UnionSpace("many", parts).to_dict(), task=task)
    spec = FineTuneSpec(
        study="tiny",
        picks=tuple(PICKS.values()),
        tasks=(task,),
        training=study.training,
        latency=study.latency,
        space=study.space,
        recipe=Recipe(
            distil_steps=10,
            steps=150,
            copies=0,
            evaluations=2,
            hard=1.0,
            learning_rates=(0.03,),
            other_tasks=False,
        ),
        compare=False,
    )
    with open_store() as store:
        store.create_study(study)
        run_here(store, "finetune", spec.to_dict(), study="tiny")
        models = {model.architecture_id: model for model in store.models()}
    audit = load_task(task).audit
    for family, pick in PICKS.items():
        model, accuracy = models[pick], realised_of(models[pick]).audit.accuracy
        assert accuracy > 0.3  # chance is 0.013
        export_onnx(model, tmp_path / f"{family}-onnx", measure=False)
        export_numpy(model, tmp_path / f"{family}-numpy")
        exact, rounded = (
            load(tmp_path / f"{family}-numpy", name) for name in ("model.safetensors", INT8)
        )
        labels = [f"intent {number}" for number in range(CLASSES)]
        assert sorted(exact(audit.texts[0])) == sorted(labels)
        by_numpy = [max(s, key=s.__getitem__) for s in map(exact, audit.texts)]
        by_onnx = [one.label for one in Predictor(tmp_path / f"{family}-onnx")(audit.texts)]
        assert by_numpy == by_onnx
        true = [load_task(task).class_names[label] for label in audit.labels]
        assert np.mean([a == b for a, b in zip(by_numpy, true, strict=True)]) == pytest.approx(
            accuracy
        )
        by_int8 = [max(s, key=s.__getitem__) for s in map(rounded, audit.texts)]
        assert np.mean([a == b for a, b in zip(by_int8, by_numpy, strict=True)]) > 0.95
