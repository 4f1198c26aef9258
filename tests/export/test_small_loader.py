"""The loader that needs neither bort nor PyTorch, with many classes and a real vocabulary."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from bort.core.architecture import Architecture
from bort.export.numpy_folder import FLOAT32, INT8, stored_bytes
from bort.export.onnx import session_logits
from bort.export.predicting import Predictor
from bort.export.small_loader import load
from bort.families import family
from bort.finetuning.publishing import write_pruned_tokenizer
from bort.latency.runtimes.exporting import export, quiet_exporter
from bort.latency.runtimes.onnx import open_session
from bort.latency.workload import Blueprint
from bort.rivals.opening import opened
from bort.training.limits import READS
from bort.training.model_files import save_classifier
from bort.training.source import source_network
from bort.training.tokens import load_tokenizer

TEXTS = ("My card's PIN was rejected twice!", "a", "naïve façade -- 3 £", "word " * 40)
SIZES = {
    "static": {"vocabulary": 1500, "hidden": 6},
    "convolution": {"vocabulary": 1500, "hidden": 6, "channels": 5, "width": 5, "depth": 3},
}
WIDE = {  # wide enough for int8 to round well; the static one of two classes is fused
    "static": ({"vocabulary": 1500, "hidden": 64}, 2),
    "convolution": ({"vocabulary": 1500, "hidden": 32, "channels": 48, "width": 3, "depth": 2}, 6),
}


@pytest.mark.parametrize("name", WIDE)
def test_the_files_for_numpy_give_the_same_answers(name, tmp_path):
    model, weights, _ = wide_model(name, tmp_path)
    (tmp_path / FLOAT32).write_bytes(stored_bytes(weights))
    (tmp_path / INT8).write_bytes(stored_bytes(weights, is_int8=True))
    tokenizer = load_tokenizer(tmp_path)
    exact, rounded = load(tmp_path), load(tmp_path, INT8)
    for text in TEXTS:
        with torch.inference_mode():
            expected = model(torch.tensor([tokenizer.encode(text).ids])).logits.numpy()[0]
        assert np.allclose(list(exact(text).values()), expected, atol=1e-5)
        spread = np.abs(expected).max()
        assert np.allclose(list(rounded(text).values()), expected, atol=0.03 * spread)
    for file, runtime in ((FLOAT32, "numpy-float32"), (INT8, "numpy-int8")):
        if runtime == "numpy-int8":
            (tmp_path / FLOAT32).rename(tmp_path / "moved")
        predictor = Predictor(tmp_path)
        assert predictor.runtime == runtime
        said = [answer.label for answer in predictor(TEXTS)]
        classify = load(tmp_path, file) if file == INT8 else exact
        assert said == [max(s, key=s.__getitem__) for s in map(classify, TEXTS)]
    (tmp_path / "moved").rename(tmp_path / FLOAT32)
    answers = opened("numpy-int8", tmp_path)(TEXTS)
    assert answers.tolist() == [int(np.argmax(list(rounded(text).values()))) for text in TEXTS]
    written = (tmp_path / FLOAT32).stat().st_size
    assert (written < 4 * 1500 * 3) == (name == "static")  # one number per piece and class


@pytest.mark.parametrize("name", WIDE)
def test_everybody_reads_as_many_tokens_as_were_trained_on(name, tmp_path):
    _, weights, _ = wide_model(name, tmp_path)
    (tmp_path / FLOAT32).write_bytes(stored_bytes(weights))
    short = "my card was rejected twice " * 2
    read = len(load_tokenizer(tmp_path).encode(short).ids)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, READS: read}))
    long = short * 20
    classify, predictor = load(tmp_path), Predictor(tmp_path)
    assert classify(long) == pytest.approx(classify(short))
    assert predictor([long])[0].scores == pytest.approx(predictor([short])[0].scores)


@pytest.mark.parametrize("name", WIDE)
def test_the_lines_in_the_documents_say_what_the_loader_says(name, tmp_path):
    page = Path(__file__).parents[2].joinpath("docs", "models.md").read_text("utf-8")
    (lines,) = re.findall(r"```python\n(import json, math.*?)```", page, re.DOTALL)
    _, weights, _ = wide_model(name, tmp_path)
    for is_int8 in (False, True):
        stored = stored_bytes(weights, is_int8=is_int8)
        (tmp_path / FLOAT32).write_bytes(stored)
        classify = load(tmp_path)
        for text in TEXTS:
            found: dict = {"text": text}
            exec(lines.replace("FOLDER", str(tmp_path)), found)
            expected = classify(text)
            assert np.allclose(found["x"], list(expected.values()), atol=1e-5)
            assert found["label"] == max(expected, key=expected.__getitem__)


def test_int8_of_a_matrix_of_zeros_is_zeros(tmp_path):
    weights = {
        "embeddings.weight": np.zeros((300, 2), dtype=np.float32),
        "classifier.weight": np.ones((9, 2), dtype=np.float32),
        "classifier.bias": np.arange(9, dtype=np.float32),
    }
    (tmp_path / "it").write_bytes(stored_bytes(weights, is_int8=True))
    stored = load_file(tmp_path / "it")
    assert stored["embeddings.weight"].dtype == np.int8
    assert not (stored["embeddings.weight"] * stored["embeddings.weight.scale"]).any()
    assert np.array_equal(stored["classifier.bias"], weights["classifier.bias"])
    restored = stored["classifier.weight"] * stored["classifier.weight.scale"]
    assert np.allclose(restored, 1)


def wide_model(name, folder):
    """Build one of `WIDE`, and write its tokenizer and configuration; its weights are returned."""
    sizes, labels = WIDE[name]
    torch.manual_seed(0)
    write_tokenizer_of(folder, 1500)
    model = family(name).build(Architecture.of(**sizes), {"labels": labels}, device="cpu").eval()
    model.config.id2label = dict(enumerate("abcdef"[:labels]))
    model.config.save_pretrained(folder)
    return model, {key: array.numpy() for key, array in model.state_dict().items()}, labels


def write_tokenizer_of(folder, size):
    """Write a tokenizer of the source's first words."""
    source = source_network().folder
    vocabulary = load_tokenizer(source).get_vocab()
    words = [number for piece, number in vocabulary.items() if not piece.startswith("[unused")]
    return write_pruned_tokenizer(folder, source, np.array(sorted(words)[:size]))


@pytest.mark.parametrize("name", SIZES)
def test_77_classes_in_numpy_and_onnx(name, tmp_path):
    scratch = tmp_path / "tokenizer"
    scratch.mkdir()
    write_tokenizer_of(scratch, 1500)
    blueprint = Blueprint(family(name), Architecture.of(**SIZES[name]), {"labels": 77})
    model = blueprint.family.build(blueprint.architecture, blueprint.fixed, device="cpu").eval()
    model.config.id2label = {number: f"class {number}" for number in range(77)}
    save_classifier(tmp_path / "model", model.config, model.state_dict(), tokenizer_from=scratch)
    pytest.importorskip("onnxruntime")
    with quiet_exporter():
        export(model, blueprint, tmp_path / "model.onnx")
    session = open_session(str(tmp_path / "model.onnx"), 1)
    classify, tokenizer = load(tmp_path / "model"), load_tokenizer(tmp_path / "model")
    for text, pair in (*((text, None) for text in TEXTS), (TEXTS[0], TEXTS[2])):
        ids = np.array([tokenizer.encode(text, pair).ids])
        with torch.inference_mode():
            expected = model(torch.from_numpy(ids)).logits.numpy()[0]
        found = classify(text, pair)
        assert list(found) == [f"class {number}" for number in range(77)]
        assert np.allclose(list(found.values()), expected, atol=1e-5)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        assert np.allclose(session_logits(session, [inputs])[0], expected, atol=1e-5)
