"""Static and convolutional networks from a pick to files that need neither bort nor PyTorch."""

import json
from dataclasses import replace

import numpy as np
import pytest
from cards import printed_by_card
from fake_machine import small_instruments

from bort.core.architecture import Architecture
from bort.core.errors import ExportError
from bort.core.evaluation import Evaluation
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.serialise import to_json
from bort.core.size import SizeSpec, SizeUnit
from bort.core.study import StudySpec
from bort.export import numpy_folder, onnx
from bort.export.fastest import export_fastest
from bort.export.folder import export_huggingface
from bort.export.numpy_folder import FLOAT32, INT8, export_numpy
from bort.export.onnx import export_onnx
from bort.export.predicting import Predictor
from bort.export.small_loader import load
from bort.families import FamilySpace
from bort.families.sizes import sizes_of
from bort.finetuning.mistaken_texts import mistaken_texts
from bort.finetuning.realised import TrainedModel, evidence_of, realised_of
from bort.jobs import run_here
from bort.report.models import example_texts
from bort.rivals.opening import opened
from bort.rivals.own import export_own
from bort.storage import open_store
from bort.tasks import load_task
from bort.training.readings import tokenizer_bytes
from bort.training.source import source_network
from bort.training.tokens import load_tokenizer

pytestmark = pytest.mark.usefixtures("fake_latency")

SPACES = {
    "static": {"vocabulary": (28, 35), "hidden": (4, 8)},
    "convolution": {
        "vocabulary": (28, 35),
        "hidden": (4,),
        "channels": (6,),
        "width": (1, 3),
        "depth": (1, 2),
    },
}
PICKS = {"static": "28-8", "convolution": "28-4-6-3-2"}
STAGES = ("distil", "finetune", "agora")
TEXTS = ["a lovely film", "the plot was dull and the ending silly", "great and never seen"]


@pytest.fixture(params=SPACES)
def finetuned(request, home, study_spec):
    """A study of the family, with one architecture that is fine-tuned to a model."""
    name = request.param
    space = FamilySpace("small", name, SPACES[name])
    study = replace(study_spec, space=space.to_dict())
    assert isinstance(study, StudySpec)
    recipe = Recipe(distil_steps=60, steps=20, copies=1, evaluations=2, stages=STAGES)
    spec = FineTuneSpec(
        study="tiny",
        picks=(PICKS[name],),
        tasks=(study.task,),
        training=study.training,
        latency=study.latency,
        space=study.space,
        recipe=recipe,
        compare=True,
    )
    with open_store() as store:
        store.create_study(study)
        values = space.named(PICKS[name]).as_dict()
        store.add_evaluation("tiny", PICKS[name], values, Evaluation(0.2, 0.03, 90, steps=20))
        answer = run_here(store, "finetune", spec.to_dict(), study="tiny")
        yield store.model(answer["model"]), to_json(answer), space


def test_a_pick_becomes_a_model_with_its_own_tokenizer(finetuned, study_spec):
    from transformers import AutoTokenizer

    model, answer, space = finetuned
    assert answer["audit"]["accuracy"] > 0.8  # chance is 0.5
    assert [s["stage"] for s in answer["stages"]][:2] == ["distil", "finetune"]
    pick = space.named(model.architecture_id)
    assert answer["parameter_count"] == space.parameter_count[space.index(pick)]
    tokenizer = load_tokenizer(model.folder)
    assert tokenizer.get_vocab_size() == 28
    assert "zebra" not in tokenizer.get_vocab()
    assert len((model.folder / "vocab.txt").read_text("utf-8").splitlines()) == 28
    config = json.loads((model.folder / "config.json").read_text("utf-8"))
    assert (config["vocab_size"], config["id2label"]) == (28, {"0": "bad", "1": "good"})
    predictor = Predictor(model.folder)
    audit = load_task(study_spec.task).audit
    right = [
        answer.label == ("bad", "good")[label]
        for answer, label in zip(predictor(audit.texts), audit.labels.tolist(), strict=True)
    ]
    assert np.mean(right) == pytest.approx(answer["audit"]["accuracy"])
    its_mistakes_are_kept(model, predictor, load_task(study_spec.task))
    assert "mistakes" not in answer, "they would make the answer long"
    theirs = AutoTokenizer.from_pretrained(model.folder)
    for text in TEXTS:
        assert theirs(text)["input_ids"] == tokenizer.encode(text).ids
    assert (theirs.pad_token_id, len(theirs)) == (tokenizer.token_to_id("[PAD]"), 28)


def its_mistakes_are_kept(model, predictor, task):
    """What the record says of the mistakes is what the model's files answer."""
    trained = TrainedModel.of(model)
    realised, evidence = trained.realised, trained.evidence
    matrix = realised.confusion.matrix(2)
    assert matrix.sum() == len(task.audit) == realised.calibration.n
    assert matrix.trace() / matrix.sum() == pytest.approx(realised.exported.audit_accuracy)
    assert sum(one.right for one in realised.calibration.bins) == matrix.trace()
    said = predictor(task.dev.texts)
    labels = [task.class_names[label] for label in task.dev.labels]
    wrong = {row for row, one in enumerate(said) if one.label != labels[row]}
    assert {one.row for one in evidence.mistakes.kept} == wrong
    for one, (text,) in mistaken_texts(evidence):
        assert text == task.dev.texts[one.row]
        assert one.score == pytest.approx(said[one.row].score, abs=1e-5)


def test_numpy_alone_gives_the_same_answers(finetuned, tmp_path):
    model, _, _ = finetuned
    export_huggingface(model, tmp_path / "hf")
    classify, predictor = load(tmp_path / "hf"), Predictor(tmp_path / "hf")
    for text, expected in zip(TEXTS, predictor(TEXTS), strict=True):
        logits = classify(text)
        grown = np.exp(np.array(list(logits.values())))
        assert list(logits) == list(expected.scores)
        assert np.allclose(grown / grown.sum(), list(expected.scores.values()), atol=1e-5)
    card = (tmp_path / "hf" / "README.md").read_text("utf-8")
    assert "library_name" not in card
    [example] = example_texts(evidence_of(model).data)
    expected = [predictor([example])[0].label, "[]"]
    assert printed_by_card(tmp_path / "hf") == expected
    export_onnx(model, tmp_path / "onnx", measure=False)
    assert printed_by_card(tmp_path / "onnx") == expected


def test_the_bytes_of_the_numpy_folder_are_those_of_the_search(finetuned, tmp_path, study_spec):
    model, _, space = finetuned
    index = space.index(Architecture.of(**model.architecture))
    answer = to_json(export_numpy(model, tmp_path / "numpy"))
    written = {file["name"]: file["bytes"] for file in answer["files"]}
    source = source_network(study_spec.training.source)
    tokenizers = tokenizer_bytes(load_task(study_spec.task), source, space)
    for unit, name in ((SizeUnit.FLOAT32, FLOAT32), (SizeUnit.INT8, INT8)):
        size = sizes_of(space, SizeSpec(unit=unit, tokenizer_bytes=tokenizers))[index]
        assert written[name] + written["tokenizer.json"] == size
    exact, rounded = load(tmp_path / "numpy"), load(tmp_path / "numpy", INT8)
    for text, expected in zip(TEXTS, Predictor(model.folder)(TEXTS), strict=True):
        for classify, leeway in ((exact, 1e-5), (rounded, 0.02)):
            grown = np.exp(np.array(list(classify(text).values())))
            shares = grown / grown.sum()
            assert np.allclose(shares, list(expected.scores.values()), atol=leeway)
    card = (tmp_path / "numpy" / "README.md").read_text("utf-8")
    assert f"`{INT8}` in int8" in card


def test_all_its_files_compete_with_rivals(finetuned, tmp_path, study_spec):
    model, answer, _ = finetuned
    folders = export_own(model, tmp_path / "own")
    assert list(folders) == ["onnx-float32", "onnx-int8", "numpy-float32", "numpy-int8"]
    audit = load_task(study_spec.task).audit
    exact = [opened(name, folder)(audit.texts) for name, folder in folders.items()][::2]
    assert (exact[0] == exact[1]).all()
    assert np.mean(exact[0] == audit.labels) == pytest.approx(answer["audit"]["accuracy"])
    assert answer["files"]["int8"] < answer["files"]["float32"]
    assert len(answer["reliability"]["scores"]) > 2
    the_fastest_file_is_measured_and_kept(model, tmp_path)


def the_fastest_file_is_measured_and_kept(model, tmp_path):
    with open_store() as store:
        with pytest.raises(ExportError, match="never timed; leave out --no-latency"):
            export_fastest(store, model, tmp_path / "no", measure=False)
        answer = export_fastest(store, model, tmp_path / "fast", instruments=small_instruments())
        kept = realised_of(store.model(model.name)).deployed
        assert kept == answer.deployed
        again = export_fastest(store, store.model(model.name), tmp_path / "2", measure=False)
    runtimes = ["numpy-float32", "numpy-int8", "onnx-float32", "onnx-int8"]
    assert [file.runtime for file in kept.files] == runtimes
    assert kept.fastest.runtime == answer.runtime == again.runtime
    sizes = {file.name: file.bytes for file in answer.files}
    weights = {**onnx.FILES, **numpy_folder.FILES}[answer.runtime]
    assert kept.fastest.size_bytes == sizes[weights] + sizes["tokenizer.json"]
    assert [f.sha256 for f in again.files if f.name == weights] == [
        f.sha256 for f in answer.files if f.name == weights
    ]
    assert sorted(n for n in sizes if n.endswith((".onnx", ".safetensors"))) == [weights]
    card = (tmp_path / "fast" / "README.md").read_text("utf-8")
    assert f"Fastest from text to label: {answer.runtime}" in card
    labels = [one.label for one in Predictor(tmp_path / "fast")(TEXTS)]
    assert labels == [one.label for one in Predictor(model.folder)(TEXTS)]
    assert printed_by_card(tmp_path / "fast")[0] in evidence_of(model).data.class_names
    assert not (tmp_path / "no").exists()


def test_onnx_gives_the_same_answers(finetuned, tmp_path):
    pytest.importorskip("onnxruntime")
    model, _, _ = finetuned
    answer = to_json(export_onnx(model, tmp_path / "onnx", measure=False))
    assert answer["parity"]["on"] == "audit"
    assert answer["parity"]["float32"]["same_answers"] == 1
    scores = [[a.score for a in Predictor(p)(TEXTS)] for p in (tmp_path / "onnx", model.folder)]
    assert np.allclose(*scores, atol=1e-4)
