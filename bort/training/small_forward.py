"""Compute the logits of static and convolutional networks fast, for training and evaluation.

The numbers are those of the modules. A mean of vectors is one call that never makes the vectors of
single tokens, nor looks at padding. A convolution is one matrix product, in bfloat16 if possible;
docs/training.md has the measurements.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from bort.families.networks import (
    ConvolutionClassifier,
    StaticClassifier,
    max_of_tokens,
    mean_of_tokens,
)


def small_forward(
    model: StaticClassifier | ConvolutionClassifier, *, dtype: torch.dtype
) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Return the model's forward pass; see `bort.training.forward.Forward`."""
    if isinstance(model, StaticClassifier):
        return lambda ids, lengths, _: static_logits(model, ids, lengths)
    return lambda ids, lengths, _: convolution_logits(model, ids, lengths, dtype=dtype)


def static_logits(model: StaticClassifier, ids: Tensor, lengths: Tensor) -> Tensor:
    """Compute logits in float32, shape (b, classes).

    Args:
        ids: shape (b, s), padded at the end.
        lengths: tokens per text, shape (b,).
    """
    is_token = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
    starts = lengths.cumsum(0) - lengths
    means = F.embedding_bag(ids[is_token], model.embeddings.weight, starts, mode="mean")
    return F.linear(means, model.classifier.weight, model.classifier.bias)


def convolution_logits(
    model: ConvolutionClassifier, ids: Tensor, lengths: Tensor, *, dtype: torch.dtype
) -> Tensor:
    """Compute logits in float32, shape (b, classes); for the arguments see `static_logits`.

    Args:
        dtype: the precision of the convolutions.
    """
    mask = None
    if bool((lengths < ids.shape[1]).any()):
        mask = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
    x = F.embedding(ids, model.embeddings.weight).to(dtype)  # (b, s, hidden)
    layers: Any = model.convolutions
    for number, convolution in enumerate(layers):
        inputs = x if mask is None else x * mask[..., None]
        out = F.gelu(_convolved(inputs, convolution.weight, convolution.bias))
        x = out if number == 0 else x + out  # (b, s, channels)
    states = x.float()
    pooled = torch.cat([mean_of_tokens(states, mask), max_of_tokens(states, mask)], dim=1)
    return F.linear(pooled, model.classifier.weight, model.classifier.bias)


def _convolved(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolve along the tokens, from (b, s, n) to (b, s, channels)."""
    channels, inputs, width = weight.shape
    tokens = x.shape[1]
    padded = F.pad(x, (0, 0, width // 2, width // 2))
    windows = torch.cat([padded[:, i : i + tokens] for i in range(width)], dim=2)
    matrix = weight.permute(0, 2, 1).reshape(channels, width * inputs)
    return F.linear(windows, matrix.to(x.dtype), bias.to(x.dtype))
