"""Take a candidate's initial weights from a larger network, the donor.

The residual stream is projected on its principal axes, z = Pᵀx. Layers are evenly spaced donor
layers, FFN neurons are the most important ones, and each head's products QᵀK and VO become their
best approximation at the rank of the candidate's heads. Then, layer by layer, ridge regression
corrects the output maps and the layer norms are fitted, so that the candidate's stream follows the
donor's projected stream on a few training texts. If candidate and donor have the same shape, this
copies the donor. docs/training.md says what each part is worth.

Source: principal axes as in SliceGPT (Ashkboos et al. 2024); low-rank products per head and the
layer-wise regression are our own combination.
"""

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bort.training.donor import Batch, Donor, LayerStates
from bort.training.reduction import (
    augmented,
    covariance_root,
    low_rank,
    norm_parameters,
    principal_axes,
    ridge,
)

RIDGE = 0.1  # measured: docs/training.md, "inheritance"


@torch.no_grad()
def inherit(model: Any, donor: Donor) -> Tensor:
    """Fill a freshly built `BertForSequenceClassification` in place.

    Args:
        model: on the CPU, over the donor's vocabulary; any depth, heads, widths and classes.
        donor: with its states on the calibration texts.
    Returns:
        The projection P, shape (donor's hidden, model's hidden), which also maps the embeddings of
        tokens outside this vocabulary.
    Cost: a few matrix factorisations per layer, no training; at most 1 s for models smaller than
        all-MiniLM-L6-v2.
    """
    return _Inheritance(model, donor).run()


def layer_choice(depth: int, donor_depth: int) -> list[int]:
    """Choose the donor layer for each layer: evenly spaced, ending with the last.

    Examples:
        >>> layer_choice(2, 6), layer_choice(4, 6), layer_choice(4, 2)
        ([2, 5], [1, 2, 4, 5], [0, 0, 1, 1])
    """
    return [math.ceil((j + 1) * donor_depth / depth) - 1 for j in range(depth)]


def head_choice(heads: int, donor_heads: int) -> list[tuple[list[int], float]]:
    """Choose the donor heads for each head, and the share of their output that it carries.

    Examples:
        >>> head_choice(2, 4)
        [([0, 1], 1.0), ([2, 3], 1.0)]
        >>> head_choice(2, 1)
        [([0], 0.5), ([0], 0.5)]
    """
    if heads <= donor_heads:
        return [(part.tolist(), 1.0) for part in np.array_split(np.arange(donor_heads), heads)]
    sources = [number * donor_heads // heads for number in range(heads)]
    return [([source], 1 / sources.count(source)) for source in sources]


class _Inheritance:
    """One run of `inherit`: the model, the donor, and the maps between their streams."""

    def __init__(self, model: Any, donor: Donor) -> None:
        self.model, self.donor = model, donor
        self.hidden, self.heads = model.config.hidden_size, model.config.num_attention_heads
        self.down, self.offset = principal_axes(donor.moment, donor.mean, self.hidden)
        # Maps that read the stream need the inverse, x ≈ P z + c: [x; 1] ≈ up [z; 1].
        self.up = torch.zeros(donor.hidden + 1, self.hidden + 1)
        self.up[:-1, :-1], self.up[:-1, -1], self.up[-1, -1] = self.down, self.offset, 1.0

    @property
    def batch(self) -> Batch:
        return self.donor.batch

    @property
    def is_same_width(self) -> bool:
        return bool(self.hidden == self.donor.hidden)

    def run(self) -> Tensor:
        """Fill all parts, in the order of the stream; returns P."""
        z = self.embeddings()
        layers = self.model.bert.encoder.layer
        choice = layer_choice(len(layers), len(self.donor.layers))
        for layer, number in zip(layers, choice, strict=True):
            name, states = f"encoder.layer.{number}.", self.donor.layers[number]
            z = self.attention(layer, f"{name}attention.", states, z)
            z = self.feed_forward(layer, name, states, z)
        self.head(z[self.batch.firsts])
        return self.down

    def embeddings(self) -> Tensor:
        """Project all embedding tables; returns the stream after the norm, (t, h)."""
        parts = self.model.bert.embeddings
        for table in ("word_embeddings", "position_embeddings", "token_type_embeddings"):
            rows = self.donor.weights[f"embeddings.{table}.weight"] @ self.down
            weight = getattr(parts, table).weight
            n = min(len(weight), len(rows))
            weight[:n] = rows[:n]
        total = (
            parts.word_embeddings.weight[self.batch.ids]
            + parts.position_embeddings.weight[self.batch.positions]
            + parts.token_type_embeddings.weight[self.batch.types]
        )
        return self.norm(parts.LayerNorm, "embeddings.LayerNorm", total, self.donor.embedded_sum)

    def attention(self, layer: Any, name: str, states: LayerStates, z: Tensor) -> Tensor:
        """Fill self-attention, its output map and norm; returns the stream after them."""
        own, output = layer.attention.self, layer.attention.output
        weight, bias = self.donor.linear(f"{name}output.dense")
        readers = [self.reader(f"{name}self.{part}") for part in ("query", "key", "value")]
        self.split_heads(own, output.dense, readers, self.down.T @ weight, z)
        output.dense.bias.copy_(self.down.T @ bias)
        parts = [F.linear(z, p.weight, p.bias) for p in (own.query, own.key, own.value)]
        mixed = self.batch.attend(*parts, heads=self.heads)
        total = self.correct(output.dense, mixed, z, states.attended_sum)
        return self.norm(output.LayerNorm, f"{name}output.LayerNorm", total, states.attended_sum)

    def split_heads(
        self, own: Any, output: Any, readers: list[Tensor], writer: Tensor, z: Tensor
    ) -> None:
        """Fill every head's query, key, value and output, at the rank that its width allows."""
        here, there = self.hidden // self.heads, self.donor.hidden // self.donor.heads
        if self.is_same_width and self.heads == self.donor.heads:
            for part, reader in zip((own.query, own.key, own.value), readers, strict=True):
                _set(part, reader)
            output.weight.copy_(writer)
            return
        root = covariance_root(augmented(z))
        query, key, value = readers
        for number, (sources, share) in enumerate(head_choice(self.heads, self.donor.heads)):
            rows = torch.cat([torch.arange(s * there, (s + 1) * there) for s in sources])
            place = slice(number * here, (number + 1) * here)
            # The mean of the donor heads' scores, scaled as the donor scales them.
            scale = math.sqrt(here / there) / len(sources)
            q, k = low_rank(query[rows] * scale, key[rows], root, root, rank=here)
            v, o = low_rank(
                value[rows], writer[:, rows].T * share, root, torch.eye(self.hidden), rank=here
            )
            for part, found in ((own.query, q), (own.key, k), (own.value, v)):
                _set_rows(part, place, found)
            output.weight[:, place] = o.T

    def feed_forward(self, layer: Any, name: str, states: LayerStates, z: Tensor) -> Tensor:
        """Keep the most important neurons, correct the output map for the rest, fit the norm."""
        inner, output = layer.intermediate.dense, layer.output.dense
        order = torch.argsort(states.neuron_importance, descending=True, stable=True)
        chosen = order[: len(inner.weight)].sort().values
        n = len(chosen)
        weight, bias = self.donor.linear(f"{name}output.dense")
        _set_rows(inner, slice(0, n), self.reader(f"{name}intermediate.dense")[chosen])
        output.weight[:, :n] = self.down.T @ weight[:, chosen]
        output.weight[:, n:] = 0.0
        output.bias.copy_(self.down.T @ bias)
        neurons = F.gelu(F.linear(z, inner.weight, inner.bias))
        total = self.correct(output, neurons, z, states.output_sum)
        return self.norm(
            layer.output.LayerNorm, f"{name}output.LayerNorm", total, states.output_sum
        )

    def head(self, first: Tensor) -> None:
        """Keep the pooler neurons that the classifier weights most, and refit the classifier."""
        pooler, classifier = self.model.bert.pooler.dense, self.model.classifier
        if "pooler.dense.weight" not in self.donor.weights:
            return
        pooled = torch.tanh(F.linear(self.donor.first, *self.donor.linear("pooler.dense")))
        has_head = "classifier.weight" in self.donor.weights
        reach = pooled.std(0, correction=0)
        if has_head:
            reach = reach * self.donor.weights["classifier.weight"].norm(dim=0)
        chosen = torch.argsort(reach, descending=True, stable=True)[: self.hidden].sort().values
        _set_rows(pooler, slice(0, len(chosen)), self.reader("pooler.dense")[chosen])
        if not has_head:
            return
        weight, bias = self.donor.linear("classifier")
        prior = torch.zeros(len(bias), self.hidden + 1)
        prior[:, : len(chosen)], prior[:, -1] = weight[:, chosen], bias
        own = torch.tanh(F.linear(first, pooler.weight, pooler.bias))
        wanted = F.linear(pooled, weight, bias)
        _set(classifier, ridge(own, wanted, prior, strength=RIDGE))

    def reader(self, name: str) -> Tensor:
        """Rewrite a donor map that reads the stream for the projected stream: (rows, h + 1)."""
        weight, bias = self.donor.linear(name)
        return torch.cat([weight, bias[:, None]], dim=1) @ self.up

    def correct(self, output: Any, inputs: Tensor, z: Tensor, wanted: Tensor) -> Tensor:
        """Correct a map that writes to the stream; returns the new sum, (t, h)."""
        prior = torch.cat([output.weight, output.bias[:, None]], dim=1)
        missing = wanted @ self.down - z
        _set(output, ridge(inputs, missing, prior, strength=RIDGE))
        return z + F.linear(inputs, output.weight, output.bias)

    def norm(self, norm: Any, name: str, total: Tensor, donor_total: Tensor) -> Tensor:
        """Take the donor's norm, or fit one if the width differs; returns its output."""
        if self.is_same_width:
            weight, bias = self.donor.linear(name)
        else:
            wanted = self.donor.normed(name, donor_total)
            weight, bias = norm_parameters(total, wanted @ self.down, eps=norm.eps)
        norm.weight.copy_(weight)
        norm.bias.copy_(bias)
        return F.layer_norm(total, norm.normalized_shape, weight, bias, norm.eps)


def _set(linear: Any, affine: Tensor) -> None:
    linear.weight.copy_(affine[:, :-1])
    linear.bias.copy_(affine[:, -1])


def _set_rows(linear: Any, place: slice, affine: Tensor) -> None:
    """Set rows of a map. Rows of zeros would never learn, so they keep their random weights."""
    is_used = affine.abs().amax(1) > 0
    rows = torch.arange(place.start, place.stop)[is_used]
    linear.weight[rows] = affine[is_used, :-1]
    linear.bias[rows] = affine[is_used, -1]
