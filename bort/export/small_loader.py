"""Classify texts with an exported static or convolutional network, without bort or PyTorch.

Copy this file, or its text from a model card: it needs numpy, safetensors and tokenizers only.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer


def load(folder: str | Path, file: str = "model.safetensors") -> Callable[..., dict[str, float]]:
    """Return a function that gives each label's logit for a text, or for a pair of texts."""
    config = json.loads(Path(folder, "config.json").read_text("utf-8"))
    stored = load_file(Path(folder, file))  # in int8, numbers have to be multiplied by a scale
    weights = {name: array * stored.get(f"{name}.scale", 1) for name, array in stored.items()}
    tokenizer = Tokenizer.from_file(str(Path(folder, "tokenizer.json")))
    tokenizer.enable_truncation(config.get("reads_tokens", 512))

    def classify(text: str, pair: str | None = None) -> dict[str, float]:
        x = weights["embeddings.weight"][tokenizer.encode(text, pair).ids]  # (tokens, hidden)
        for layer in range(config.get("num_hidden_layers", 0)):
            weight, bias = (weights[f"convolutions.{layer}.{n}"] for n in ("weight", "bias"))
            width = weight.shape[2]
            padded = np.pad(x, ((width // 2, width // 2), (0, 0)))
            windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0)
            out = _gelu(np.tensordot(windows, weight, axes=((1, 2), (1, 2))) + bias)
            x = out if layer == 0 else x + out  # (tokens, channels)
        logits = x.mean(axis=0)
        if config["model_type"] == "bort-convolution":
            logits = np.concatenate([logits, x.max(axis=0)])
        if "classifier.weight" in weights:  # a fused table has logits already
            logits = weights["classifier.weight"] @ logits + weights["classifier.bias"]
        return {config["id2label"][str(i)]: float(v) for i, v in enumerate(logits)}

    return classify


def _gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute GELU to within 5e-7 (Abramowitz & Stegun 1964, formula 7.1.26)."""
    t = 1 / (1 + 0.23164189 * np.abs(x))
    series = -0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))
    tail = t * (0.254829592 + t * series) * np.exp(-x * x / 2) / 2  # beyond |x| standard deviations
    return np.asarray(x * np.where(x < 0, tail, 1 - tail), dtype=np.float32)
