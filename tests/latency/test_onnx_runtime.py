"""ONNX Runtime: it computes what PyTorch computes, and errors name what is missing."""

import shutil

import numpy as np
import pytest

from bort.core.architecture import Architecture
from bort.core.errors import InvalidOptionError, MissingExtraError
from bort.families import family
from bort.latency import runtimes
from bort.latency.runtimes import RUNTIME_NAMES, open_runtime, runtime_kind
from bort.latency.runtimes.pytorch import model_inputs
from bort.latency.workload import Blueprint, Workload

WORKLOAD = Workload(batch_size=3, sequence_length=12, threads=1)
BLUEPRINT = Blueprint(
    family("bert"),
    Architecture.of(depth=1, heads=2, hidden=16, intermediate=24),
    {"vocabulary": 50, "positions": 16, "types": 2, "labels": 3},
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Export once for all runtimes, because it takes seconds."""
    pytest.importorskip("onnxscript")
    from bort.latency.runtimes.exporting import Exporter

    exporter = Exporter(WORKLOAD, "float32")
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    path.write_bytes(exporter.exported(BLUEPRINT)[0])
    exporter.close()
    return path


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("onnx-float32", 1e-5), ("onnx-int8", 1e-2), ("openvino-float32", 1e-5)],
)
def test_the_exported_model_computes_the_same(name, tolerance, exported, monkeypatch):
    if runtime_kind(name).missing:
        pytest.skip(f"{name} is not installed")
    torch = pytest.importorskip("torch")
    from bort.latency.runtimes import exporting

    monkeypatch.setattr(
        exporting, "export", lambda model, blueprint, path: shutil.copy(exported, path)
    )
    model = open_runtime("torch-float32", WORKLOAD).build(BLUEPRINT)
    inputs = model_inputs(model, BLUEPRINT, WORKLOAD)
    with torch.inference_mode():
        expected = model(**{k: torch.from_numpy(v) for k, v in inputs.items()}).logits.numpy()
    runtime = open_runtime(name, WORKLOAD)
    logits = runtime.prepare(BLUEPRINT)()[0][0]
    runtime.close()
    assert logits.shape == (3, 3)
    assert np.abs(logits - expected).max() < tolerance


def test_too_little_memory_is_said(monkeypatch):
    pytest.importorskip("onnxscript")
    from bort.latency.runtimes import exporting

    monkeypatch.setattr(exporting, "COPIES_WHILE_BUILDING", 10**12)
    runtime = open_runtime("onnx-float32", WORKLOAD)
    with pytest.raises(InvalidOptionError, match="choose a torch runtime"):
        runtime.prepare(BLUEPRINT)
    runtime.close()


@pytest.mark.parametrize("name", RUNTIME_NAMES)
def test_a_runtime_that_is_not_installed_names_its_extra(name, monkeypatch):
    monkeypatch.setattr(runtimes, "find_spec", lambda module: None)
    kind = runtime_kind(name)
    with pytest.raises(MissingExtraError, match=rf"pip install 'bort\[{kind.extras}\]'"):
        open_runtime(name, WORKLOAD)


def test_an_unknown_runtime_lists_the_known():
    with pytest.raises(InvalidOptionError, match="choose one of torch-float32, "):
        open_runtime("abacus", WORKLOAD)
