"""BERTs with a vocabulary of their own, from a pick to files."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tiny
import torch

from bort.core.evaluation import Evaluation
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.serialise import to_json
from bort.export.bundle import export_bundle
from bort.export.folder import export_huggingface
from bort.export.onnx import export_onnx
from bort.export.opening import import_bundle
from bort.export.predicting import Predictor
from bort.families import FamilySpace, SearchSpace
from bort.finetuning import setup as setups
from bort.finetuning.stages import StageKind
from bort.finetuning.students import Training, run_training
from bort.jobs import run_here
from bort.storage import open_store
from bort.tasks import load_task
from bort.training.stage import stage_weights
from bort.training.tokens import load_tokenizer

pytestmark = pytest.mark.usefixtures("fake_latency")

FULL = len(tiny.VOCABULARY) + len(tiny.LETTERS)
SHAPE = {"depth": (1,), "heads": (2,), "hidden": (8,), "intermediate": (16,)}
PIECES = 74  # 57 letters and special tokens, 17 words
PICK = f"{PIECES}-1-2-8-16"
TEXTS = ["a lovely film", "the plot was dull and the ending silly", "great and never seen"]


@pytest.fixture
def study(home, place, study_spec):
    """A study whose source network can spell every word."""
    source = place / "spelling"
    if not source.exists():
        tiny.write_source(source, (*tiny.VOCABULARY, *tiny.LETTERS))
    space = FamilySpace("texts", "bert", {"vocabulary": (PIECES, FULL), **SHAPE}, {"positions": 32})
    training = replace(study_spec.training, source=str(source))
    return replace(study_spec, space=space.to_dict(), training=training)


def spec_of(study, *picks, **recipe):
    return FineTuneSpec(
        study="tiny",
        picks=picks,
        tasks=(study.task,),
        training=study.training,
        latency=study.latency,
        space=study.space,
        recipe=Recipe(distil_steps=150, steps=20, copies=1, evaluations=2, **recipe),
        compare=True,
    )


@pytest.fixture
def finetuned(study):
    space = SearchSpace.from_dict(study.space)
    spec = spec_of(study, PICK, stages=("distil", "finetune", "agora"))
    with open_store() as store:
        store.create_study(study)
        values = space.named(PICK).as_dict()
        store.add_evaluation("tiny", PICK, values, Evaluation(0.2, 0.03, 90, steps=20))
        answer = run_here(store, "finetune", spec.to_dict(), study="tiny")
        yield store, store.model(answer["model"]), to_json(answer)


def test_the_sources_own_vocabulary_is_distilled_as_ever(study, tmp_path):
    fixed = FamilySpace("today", "bert", SHAPE, {"vocabulary": FULL, "positions": 32})
    weights = []
    for number, space in enumerate((SearchSpace.from_dict(study.space), fixed)):
        spec = spec_of(replace(study, space=space.to_dict()), space.architecture(0).id)
        setup = setups.prepare(load_task(study.task), spec)
        largest = space.architecture(space.maximum)
        assert setup.word_match(largest) is None
        training = Training(StageKind.DISTIL, largest, 0, 0.002)
        folder = tmp_path / str(number)
        list(run_training(setup, training, folder))
        weights.append(stage_weights(folder))
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name]), name


def test_a_student_follows_a_teacher_that_reads_other_pieces(study):
    spec = spec_of(study, PICK)
    setup = setups.prepare(load_task(study.task), spec)
    small = setup.space.named(PICK)
    match, own = setup.word_match(small), setup.without_answers(small)
    assert len(match.texts) == len(own.tokens) > len(setup.task.train)
    assert match.texts.lengths.sum() < own.tokens.lengths.sum()
    assert setup.encoded_for(small).max_length > setup.encoded.max_length


def test_a_pick_becomes_a_model_that_transformers_loads(finetuned, study, tmp_path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    _, model, answer = finetuned
    assert answer["audit"]["accuracy"] > 0.8  # chance is 0.5
    space = SearchSpace.from_dict(study.space)
    assert answer["parameter_count"] == space.parameter_count[0]
    export_huggingface(model, tmp_path / "hf")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "hf")
    network = AutoModelForSequenceClassification.from_pretrained(tmp_path / "hf")
    own = load_tokenizer(tmp_path / "hf")
    assert len(tokenizer) == own.get_vocab_size() == network.config.vocab_size == PIECES
    assert network.bert.embeddings.word_embeddings.weight.shape == (PIECES, 8)
    assert len((tmp_path / "hf" / "vocab.txt").read_text("utf-8").splitlines()) == PIECES
    for text in TEXTS:
        assert tokenizer(text)["input_ids"] == own.encode(text).ids
    audit = load_task(study.task).audit
    inputs = tokenizer(list(audit.texts), padding=True, return_tensors="pt", truncation=True)
    with torch.inference_mode():
        answers = network(**inputs).logits.argmax(1).numpy()
    right = np.mean(answers == audit.labels)
    assert right == pytest.approx(answer["audit"]["accuracy"], abs=2 / len(audit))


def test_files_of_all_formats_give_the_same_answers(finetuned, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    store, model, _ = finetuned
    answer = to_json(export_onnx(model, tmp_path / "onnx", measure=False))
    assert answer["parity"]["float32"]["same_answers"] == 1
    scores = [[a.score for a in Predictor(p)(TEXTS)] for p in (tmp_path / "onnx", model.folder)]
    assert np.allclose(*scores, atol=1e-4)
    config = json.loads((tmp_path / "onnx" / "config.json").read_text("utf-8"))
    assert config["vocab_size"] == PIECES
    export_bundle(store, model, tmp_path / "model.zip")
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "elsewhere"))
    with open_store() as other:
        record, is_new = import_bundle(other, tmp_path / "model.zip")
    assert is_new
    assert record.architecture_id == PICK
    assert [a.score for a in Predictor(record.folder)(TEXTS)] == scores[1]
