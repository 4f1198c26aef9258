"""The network that candidates inherit from, and what it computes on a few training texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bort.training.tokens import Tokens

CALIBRATION_TOKENS = 8192  # enough for the regressions; 150 MB of states for all-MiniLM-L6-v2


@dataclass(frozen=True)
class Batch:
    """Calibration texts: ids, token types (n, s), which places hold a token (n, s)."""

    ids: Tensor
    types: Tensor
    is_token: Tensor

    @property
    def mask(self) -> Tensor:
        """What to add to attention scores, shape (n, 1, 1, s)."""
        return torch.where(self.is_token, 0.0, -1e4)[:, None, None]


@dataclass(frozen=True)
class LayerStates:
    """Of one donor layer: the residual stream before each of its two norms, over all calibration
    tokens (t, H), and how much each FFN neuron adds to it, shape (I,)."""

    attended_sum: Tensor
    output_sum: Tensor
    neuron_importance: Tensor


@dataclass(frozen=True)
class Donor:
    """A BERT classifier or encoder by its weights, with its states on the calibration texts.

    Attributes:
        weights: named as in `BertModel`, and `classifier.*` where it has a head.
        heads: attention heads.
        eps: of the layer norms.
        batch: the calibration texts.
        embedded_sum: the stream before the embedding layer's norm, (t, H).
        layers: states of every layer.
        moment: mean over layers and tokens of x xᵀ, x the stream after a norm, (H, H).
        mean: mean of x, (H,).
        first: the last layer's output at the first token, (n, H).
    """

    weights: Mapping[str, Tensor]
    heads: int
    eps: float
    batch: Batch
    embedded_sum: Tensor
    layers: tuple[LayerStates, ...]
    moment: Tensor
    mean: Tensor
    first: Tensor

    @property
    def hidden(self) -> int:
        """Width of the residual stream."""
        return len(self.mean)

    def linear(self, name: str) -> tuple[Tensor, Tensor]:
        """Weight and bias of a linear map or norm."""
        return self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]

    def normed(self, name: str, states: Tensor) -> Tensor:
        """What the donor's norm of that name makes of `states` (t, H)."""
        return F.layer_norm(states, (self.hidden,), *self.linear(name), self.eps)


def calibration_batch(tokens: Tokens, *, padding: int) -> Batch:
    """About `CALIBRATION_TOKENS` tokens of texts spread evenly over `tokens`."""
    total = int(tokens.starts[-1])
    count = int(np.clip(len(tokens) * CALIBRATION_TOKENS // max(total, 1), 1, len(tokens)))
    rows = np.unique(np.linspace(0, len(tokens) - 1, count).astype(np.int64))
    ids = torch.from_numpy(tokens.padded(rows, padding=padding))
    places = torch.arange(ids.shape[1])
    first, lengths = (torch.from_numpy(a[rows]) for a in (tokens.first, tokens.lengths))
    return Batch(ids, (places >= first[:, None]).long(), places < lengths[:, None])


@torch.no_grad()
def observe(weights: Mapping[str, Tensor], config: Mapping[str, Any], batch: Batch) -> Donor:
    """Run the donor over the calibration texts and keep its states. Cost: one forward pass."""
    heads, eps = config["num_attention_heads"], config.get("layer_norm_eps", 1e-12)
    total = embedding_sum(weights, batch)
    name = "embeddings.LayerNorm"
    x = F.layer_norm(
        total, total.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], eps
    )
    layers, streams = [], [x[batch.is_token]]
    for number in range(config["num_hidden_layers"]):
        attended, x, states = _layer(weights, f"encoder.layer.{number}.", x, batch, heads, eps)
        layers.append(states)
        streams += [attended[batch.is_token], x[batch.is_token]]
    moment = torch.stack([s.T @ s / len(s) for s in streams]).mean(0)
    mean = torch.stack([s.mean(0) for s in streams]).mean(0)
    embedded = total[batch.is_token]
    return Donor(weights, heads, eps, batch, embedded, tuple(layers), moment, mean, x[:, 0])


def embedding_sum(weights: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Word, position and type embeddings added up, shape (n, s, H)."""
    return (
        weights["embeddings.word_embeddings.weight"][batch.ids]
        + weights["embeddings.position_embeddings.weight"][: batch.ids.shape[1]]
        + weights["embeddings.token_type_embeddings.weight"][batch.types]
    )


def attend(query: Tensor, key: Tensor, value: Tensor, *, heads: int, mask: Tensor) -> Tensor:
    """Multi-head attention over (n, s, H)."""
    split = [x.view(*x.shape[:2], heads, -1).transpose(1, 2) for x in (query, key, value)]
    scores = split[0] @ split[1].transpose(-1, -2) * split[0].shape[-1] ** -0.5 + mask
    mixed: Tensor = scores.softmax(-1) @ split[2]
    return mixed.transpose(1, 2).flatten(2)


def _layer(
    weights: Mapping[str, Tensor], prefix: str, x: Tensor, batch: Batch, heads: int, eps: float
) -> tuple[Tensor, Tensor, LayerStates]:
    def linear(name: str, inputs: Tensor) -> Tensor:
        return F.linear(inputs, weights[f"{prefix}{name}.weight"], weights[f"{prefix}{name}.bias"])

    def norm(name: str, inputs: Tensor) -> Tensor:
        weight, bias = weights[f"{prefix}{name}.weight"], weights[f"{prefix}{name}.bias"]
        return F.layer_norm(inputs, weight.shape, weight, bias, eps)

    parts = [linear(f"attention.self.{part}", x) for part in ("query", "key", "value")]
    mixed = attend(*parts, heads=heads, mask=batch.mask)
    attended_sum = x + linear("attention.output.dense", mixed)
    attended = norm("attention.output.LayerNorm", attended_sum)
    neurons = F.gelu(linear("intermediate.dense", attended))
    output_sum = attended + linear("output.dense", neurons)
    output = norm("output.LayerNorm", output_sum)
    reach = weights[f"{prefix}output.dense.weight"].norm(dim=0)
    importance = neurons[batch.is_token].abs().mean(0) * reach
    at = batch.is_token
    return attended, output, LayerStates(attended_sum[at], output_sum[at], importance)
