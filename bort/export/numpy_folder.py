"""Export a static or convolutional network for numpy, in float32 and int8.

`small_loader.py` reads the folder. A static network is fused where that is smaller: mean and
classifier are linear, so one number per piece and class is all that it needs.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

from bort.core.errors import ExportError
from bort.export.card import model_card
from bort.export.classify import NUMPY_FILES
from bort.export.folder import Export, check_files, listed, name_inputs, new_output
from bort.families.file_sizes import EMBEDDINGS, INT8_SCALE
from bort.finetuning.realised import evidence_of, realised_of
from bort.report.models import numpy_sentences
from bort.storage import ModelRecord

FILES = NUMPY_FILES  # by runtime
FLOAT32, INT8 = FILES.values()
COPIED = ("config.json", "tokenizer.json", "tokenizer_config.json")
OUR_TYPES = ("bort-static", "bort-convolution")
CLASSIFIER = ("classifier.weight", "classifier.bias")
METADATA = {"format": "pt"}

Arrays = Mapping[str, NDArray[np.float32]]


def export_numpy(model: ModelRecord, out: Path) -> Export:
    """Write both files of weights, configuration, tokenizer and model card to the new folder `out`.

    Raises:
        ExportError: the network is of another family, `out` exists or cannot be written, or the
            model's files are missing.
    """
    check_files(model)
    config = json.loads((model.folder / "config.json").read_text("utf-8"))
    if config.get("model_type") not in OUR_TYPES:
        raise ExportError(
            f"{model.name} is a {config.get('model_type')}, but only static and convolutional "
            "networks run on numpy; export it with --format onnx"
        )
    weights = load_file(model.folder / "model.safetensors")
    float32, int8 = stored_bytes(weights), stored_bytes(weights, is_int8=True)
    realised = realised_of(model)
    with new_output(out, is_folder=True) as part:
        (part / FLOAT32).write_bytes(float32)
        (part / INT8).write_bytes(int8)
        for name in COPIED:
            shutil.copyfile(model.folder / name, part / name)
        name_inputs(part, model)
        more = f"## Files\n\n{numpy_sentences(FLOAT32, INT8)}"
        card = model_card(model.name, realised, evidence_of(model), kind="numpy", more=more)
        (part / "README.md").write_text(card, encoding="utf-8")
    return Export(
        format="numpy",
        model=model.name,
        path=str(out),
        files=listed(out),
        latency_ms=realised.latency_ms,
        latency=realised.latency,
    )


def numpy_file(folder: Path, config: Mapping[str, Any]) -> str | None:
    """Find the weights of a network without layers, which `small_loader.py` reads; None if none.

    PyTorch is not needed, and what was timed is what answers.
    """
    if config.get("model_type") not in OUR_TYPES:
        return None
    return next((name for name in (FLOAT32, INT8) if (folder / name).is_file()), None)


def stored_bytes(weights: Arrays, *, is_int8: bool = False) -> bytes:
    """Make the smallest safetensors file of a network's weights.

    Its size is `Family.file_bytes`.

    Args:
        weights: by name, of a `StaticClassifier` or `ConvolutionClassifier`.
    """
    forms = [in_int8(weights, axis=0) if is_int8 else weights]
    if weights.keys() == {EMBEDDINGS, *CLASSIFIER}:
        table = {EMBEDDINGS: fused(weights)}
        forms.append(in_int8(table, axis=1) if is_int8 else table)
    return min((save(dict(form), METADATA) for form in forms), key=len)


def fused(weights: Arrays) -> NDArray[np.float32]:
    """Multiply embedding and classifier of a static network into one table, shape (V, L).

    The mean of its rows is what the classifier makes of the mean vector, bias included.
    """
    matrix, bias = (weights[name] for name in CLASSIFIER)
    return weights[EMBEDDINGS] @ matrix.T + bias


def in_int8(weights: Arrays, *, axis: int) -> dict[str, NDArray[np.generic]]:
    """Round all matrices to int8, with one scale for each place on `axis`; keep the vectors."""
    found: dict[str, NDArray[np.generic]] = {}
    for name, array in weights.items():
        if array.ndim < 2:
            found[name] = array
            continue
        others = tuple(a for a in range(array.ndim) if a != axis)
        scale = np.abs(array).max(axis=others, keepdims=True) / np.float32(127)
        found[name] = np.rint(array / np.where(scale == 0, 1, scale)).astype(np.int8)
        found[name + INT8_SCALE] = scale.astype(np.float32)
    return found
