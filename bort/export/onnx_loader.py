"""Classify texts with an exported ONNX file, without bort or PyTorch.

Copy this file, or its text from a model card: it needs numpy, onnxruntime and tokenizers only.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer


def load(folder: str | Path, file: str = "model.onnx") -> Callable[..., dict[str, float]]:
    """Return a function that gives each label's logit for a text, or for a pair of texts."""
    config = json.loads(Path(folder, "config.json").read_text("utf-8"))
    tokenizer = Tokenizer.from_file(str(Path(folder, "tokenizer.json")))
    longest = min(512, config.get("max_position_embeddings", 514) - 2)
    tokenizer.enable_truncation(config.get("reads_tokens", longest))
    session = onnxruntime.InferenceSession(str(Path(folder, file)))
    names = [given.name for given in session.get_inputs()]

    def classify(text: str, pair: str | None = None) -> dict[str, float]:
        read = tokenizer.encode(text, pair)
        arrays = {
            "input_ids": read.ids,
            "attention_mask": read.attention_mask,
            "token_type_ids": read.type_ids,
        }
        inputs = {name: np.array([arrays[name]], dtype=np.int64) for name in names}
        [[logits]] = session.run(["logits"], inputs)
        return {config["id2label"][str(i)]: float(v) for i, v in enumerate(logits)}

    return classify
