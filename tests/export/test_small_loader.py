"""The loader that needs neither bort nor PyTorch, with many classes and a real vocabulary."""

import numpy as np
import pytest
import torch

from bort.core.architecture import Architecture
from bort.export.onnx import session_logits
from bort.export.small_loader import load
from bort.families import family
from bort.finetuning.publishing import write_pruned_tokenizer
from bort.latency.runtimes.exporting import export, quiet_exporter
from bort.latency.runtimes.onnx import open_session
from bort.latency.workload import Blueprint
from bort.training.model_files import save_classifier
from bort.training.source import source_network
from bort.training.tokens import load_tokenizer

TEXTS = ("My card's PIN was rejected twice!", "a", "naïve façade -- 3 £", "word " * 40)
SIZES = {
    "static": {"vocabulary": 1500, "hidden": 6},
    "convolution": {"vocabulary": 1500, "hidden": 6, "channels": 5, "width": 5, "depth": 3},
}


@pytest.mark.parametrize("name", SIZES)
def test_77_classes_in_numpy_and_onnx(name, tmp_path):
    source = source_network().folder
    vocabulary = load_tokenizer(source).get_vocab()
    words = [number for piece, number in vocabulary.items() if not piece.startswith("[unused")]
    scratch = tmp_path / "tokenizer"
    scratch.mkdir()
    write_pruned_tokenizer(scratch, source, np.array(sorted(words)[:1500]))
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
