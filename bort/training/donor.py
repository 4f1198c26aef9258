"""The donor: the network that candidates inherit from, and its states on a few training texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bort.training.tokens import EncodedTask, Tokens
from bort.training.vocabulary import pruned_table

WORDS = "embeddings.word_embeddings.weight"
DONORS_KEPT = 6  # 150 MB each for all-MiniLM-L6-v2; a search goes back and forth between them
CALIBRATION_TOKENS = 8192  # enough for the regressions; 150 MB of states for all-MiniLM-L6-v2


@dataclass(frozen=True)
class Batch:
    """Calibration texts. Their t tokens are stored end to end to avoid padding.

    Attributes:
        ids, positions, types: one per token, shape (t,).
        is_token: marks the tokens when the n texts are padded to s places, shape (n, s).
    """

    ids: Tensor
    positions: Tensor
    types: Tensor
    is_token: Tensor

    @property
    def firsts(self) -> Tensor:
        """The position where each text begins, shape (n,)."""
        return torch.nonzero(self.positions == 0).flatten()

    def attend(self, query: Tensor, key: Tensor, value: Tensor, *, heads: int) -> Tensor:
        """Compute multi-head self-attention within every text; all tensors are (t, hidden)."""
        q, k, v = (self._padded(x, heads) for x in (query, key, value))
        mask = torch.where(self.is_token, 0.0, -1e4)[:, None, None]
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5 + mask
        mixed: Tensor = scores.softmax(-1) @ v
        return mixed.transpose(1, 2).flatten(2)[self.is_token]

    def _padded(self, x: Tensor, heads: int) -> Tensor:
        """Reshape from (t, hidden) to (n, heads, s, hidden / heads), with padding."""
        out = x.new_zeros(*self.is_token.shape, x.shape[-1])
        out[self.is_token] = x
        return out.view(*self.is_token.shape, heads, -1).transpose(1, 2)


@dataclass(frozen=True)
class LayerStates:
    """The states of one donor layer: the residual stream before each of its two norms, for all
    calibration tokens (t, H), and how much each FFN neuron adds to it, shape (I,)."""

    attended_sum: Tensor
    output_sum: Tensor
    neuron_importance: Tensor


@dataclass(frozen=True)
class Donor:
    """The weights of a BERT classifier or encoder, with its states on the calibration texts.

    Attributes:
        weights: named as in `BertModel`, plus `classifier.*` if it has a head.
        eps: the layer norms' epsilon.
        embedded_sum: the stream before the embedding layer's norm, (t, H).
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
        """The width of the residual stream."""
        return len(self.mean)

    def linear(self, name: str) -> tuple[Tensor, Tensor]:
        """Return the weight and bias of a linear map or norm."""
        return self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]

    def normed(self, name: str, states: Tensor) -> Tensor:
        """Apply the donor's norm of that name to `states` (t, H)."""
        return _norm(self.weights, name, states, self.eps)


def calibration_batch(tokens: Tokens) -> Batch:
    """Choose texts spread evenly over `tokens`, about `CALIBRATION_TOKENS` tokens in all."""
    total = int(tokens.starts[-1])
    count = int(np.clip(len(tokens) * CALIBRATION_TOKENS // max(total, 1), 1, len(tokens)))
    rows = np.unique(np.linspace(0, len(tokens) - 1, count).astype(np.int64))
    chosen = tokens.select(rows)
    lengths = torch.from_numpy(chosen.lengths)
    places = torch.arange(int(lengths.max()))
    is_token = places < lengths[:, None]
    types = (places >= torch.from_numpy(chosen.first)[:, None]).long()
    ids = torch.from_numpy(chosen.flat.astype(np.int64))
    return Batch(ids, places.expand_as(is_token)[is_token], types[is_token], is_token)


@torch.no_grad()
def observe(weights: Mapping[str, Tensor], config: Mapping[str, Any], batch: Batch) -> Donor:
    """Run the donor over the calibration texts and keep its states.

    Cost: one forward pass.
    """
    heads, eps = config["num_attention_heads"], config.get("layer_norm_eps", 1e-12)
    embedded = embedding_sum(weights, batch)
    x = _norm(weights, "embeddings.LayerNorm", embedded, eps)
    layers, streams = [], [x]
    for number in range(config["num_hidden_layers"]):
        attended, x, states = _layer(weights, f"encoder.layer.{number}.", x, batch, heads, eps)
        layers.append(states)
        streams += [attended, x]
    moment = torch.stack([s.T @ s / len(s) for s in streams]).mean(0)
    mean = torch.stack([s.mean(0) for s in streams]).mean(0)
    first = x[batch.firsts]
    return Donor(weights, heads, eps, batch, embedded, tuple(layers), moment, mean, first)


class Donors:
    """One donor that reads a task in different tokens.

    Args:
        weights: see `Donor`; over the full vocabulary.
        config: the network's configuration.
    """

    def __init__(self, weights: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
        self._weights, self._config = weights, config
        self._known: list[tuple[EncodedTask, Donor]] = []

    def over(self, encoded: EncodedTask) -> Donor:
        """Return the donor with its states on the training texts of `encoded`.

        Cost: one forward pass, a few seconds; none for the latest `DONORS_KEPT` readings.
        """
        donor = next((donor for known, donor in self._known if known is encoded), None)
        if donor is None:
            words = pruned_table(self._weights[WORDS], encoded.kept)
            batch = calibration_batch(encoded.splits["train"])
            donor = observe({**self._weights, WORDS: words}, self._config, batch)
            self._known = [*self._known, (encoded, donor)][-DONORS_KEPT:]
        return donor


def embedding_sum(weights: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Add the word, position and type embeddings, shape (t, H)."""
    return (
        weights[WORDS][batch.ids]
        + weights["embeddings.position_embeddings.weight"][batch.positions]
        + weights["embeddings.token_type_embeddings.weight"][batch.types]
    )


def _layer(
    weights: Mapping[str, Tensor], prefix: str, x: Tensor, batch: Batch, heads: int, eps: float
) -> tuple[Tensor, Tensor, LayerStates]:
    """Compute the stream after both norms of a layer, (t, H) each, and its states."""

    def linear(name: str, inputs: Tensor) -> Tensor:
        return F.linear(inputs, weights[f"{prefix}{name}.weight"], weights[f"{prefix}{name}.bias"])

    parts = [linear(f"attention.self.{part}", x) for part in ("query", "key", "value")]
    attended_sum = x + linear("attention.output.dense", batch.attend(*parts, heads=heads))
    attended = _norm(weights, f"{prefix}attention.output.LayerNorm", attended_sum, eps)
    neurons = F.gelu(linear("intermediate.dense", attended))
    output_sum = attended + linear("output.dense", neurons)
    output = _norm(weights, f"{prefix}output.LayerNorm", output_sum, eps)
    reach = weights[f"{prefix}output.dense.weight"].norm(dim=0)
    importance = neurons.abs().mean(0) * reach
    return attended, output, LayerStates(attended_sum, output_sum, importance)


def _norm(weights: Mapping[str, Tensor], name: str, x: Tensor, eps: float) -> Tensor:
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    return F.layer_norm(x, weight.shape, weight, bias, eps)
