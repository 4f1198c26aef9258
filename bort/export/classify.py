"""Exported files as functions from texts to classes: all that happens from text to label.

Each runs on one thread, as it is deployed.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bort.export.small_loader import load
from bort.latency.classifiers import Classify
from bort.latency.runtimes.onnx import open_session
from bort.latency.workload import Text, parts_of

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_FIELDS = ("ids", "attention_mask", "type_ids")  # of the tokenizer's answers, in this order
_AT_ONCE = 32  # texts
NUMPY_FILES = {"numpy-float32": "model.safetensors", "numpy-int8": "model.int8.safetensors"}
"""The file of weights for numpy, by runtime."""


def read_onnx(file: Path, tokenizer: Path, *, max_length: int, padding: int) -> Classify:
    """Open an ONNX file and its tokenizer.

    Args:
        max_length: tokens that are read of a text.
        padding: the id of the token that fills short texts.
    """
    from tokenizers import Tokenizer

    reader = Tokenizer.from_file(str(tokenizer))
    reader.enable_truncation(max_length)
    reader.enable_padding(pad_id=padding)
    session = open_session(str(file), 1)
    names = [given.name for given in session.get_inputs()]

    def classify(texts: Sequence[Text]) -> NDArray[np.int64]:
        found = []
        for start in range(0, len(texts), _AT_ONCE):
            encodings = reader.encode_batch(list(texts[start : start + _AT_ONCE]))
            arrays = {
                name: np.array([getattr(one, field) for one in encodings], dtype=np.int64)
                for name, field in zip(INPUTS, _FIELDS, strict=True)
            }
            found.append(session.run(None, {n: arrays[n] for n in names})[0].argmax(1))
        return np.concatenate(found)

    return classify


def read_numpy(folder: Path, file: str) -> Classify:
    """Open weights for numpy, with the configuration and the tokenizer beside them."""
    logits = load(folder, file)
    return lambda texts: np.array([np.argmax([*logits(*parts_of(t)).values()]) for t in texts])
