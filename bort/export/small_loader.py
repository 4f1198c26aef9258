"""Classify texts with an exported static or convolutional network, without bort or PyTorch.

Copy this file, or its text from a model card: it needs numpy, safetensors and tokenizers only.
"""

import json
from collections.abc import Callable
from math import erf
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer


def load(folder: str | Path, file: str = "model.safetensors") -> Callable[..., dict[str, float]]:
    """Return a function that gives each label's logit for a text, or for a pair of texts."""
    config = json.loads(Path(folder, "config.json").read_text("utf-8"))
    stored = load_file(Path(folder, file))  # in int8, numbers have to be multiplied by a scale
    weights = {name: array * stored.get(f"{name}.scale", 1) for name, array in stored.items()}
    tokenizer = Tokenizer.from_file(str(Path(folder, "tokenizer.json")))
    tokenizer.enable_truncation(512)
    gelu = np.vectorize(lambda v: v * (1 + erf(v / 2**0.5)) / 2, otypes=[np.float32])

    def classify(text: str, pair: str | None = None) -> dict[str, float]:
        x = weights["embeddings.weight"][tokenizer.encode(text, pair).ids]  # (tokens, hidden)
        for layer in range(config.get("num_hidden_layers", 0)):
            weight, bias = (weights[f"convolutions.{layer}.{n}"] for n in ("weight", "bias"))
            width = weight.shape[2]
            padded = np.pad(x, ((width // 2, width // 2), (0, 0)))
            windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0)
            out = gelu(np.tensordot(windows, weight, axes=((1, 2), (1, 2))) + bias)
            x = out if layer == 0 else x + out  # (tokens, channels)
        logits = x.mean(axis=0)
        if config["model_type"] == "bort-convolution":
            logits = np.concatenate([logits, x.max(axis=0)])
        if "classifier.weight" in weights:  # a fused table has logits already
            logits = weights["classifier.weight"] @ logits + weights["classifier.bias"]
        return {config["id2label"][str(i)]: float(v) for i, v in enumerate(logits)}

    return classify
