"""Compute a classifier's logits fast. `small_forward` has the static and convolutional networks.

For `BertForSequenceClassification` without dropout this uses the weights directly instead of
calling the modules. The numbers are the same, but it does less work: the last layer computes only
what the classifier reads (the first token); query, key and value are one product; and matrix
products run in bfloat16 without autocast's bookkeeping. docs/training.md has the measurements.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

Forward = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(token ids (b, s), lengths (b,), tokens of the first segment (b,)) -> logits (b, classes)."""

MASKED = -1e4  # bfloat16 can represent it, and its exp is 0


def forward_of(model: Any, *, dtype: torch.dtype) -> Forward:
    """Choose the fastest forward pass for `model`.

    Args:
        model: a `transformers` sequence classifier.
        dtype: the precision of the matrix products; the weights keep theirs.
    """
    kind = type(model).__name__
    if kind == "BertForSequenceClassification":
        return lambda ids, lengths, first: bert_logits(model, ids, lengths, first, dtype=dtype)
    if kind in ("StaticClassifier", "ConvolutionClassifier"):
        from bort.training.small_forward import small_forward

        return small_forward(model, dtype=dtype)
    return lambda ids, lengths, first: _module_logits(model, ids, lengths, first, dtype=dtype)


def best_dtype(device: torch.device) -> torch.dtype:
    """Choose bfloat16 if the hardware supports it, else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if device.type == "cpu":
        amx = torch.cpu._is_amx_tile_supported()
        quick = amx or torch.cpu._is_avx512_bf16_supported()
        return torch.bfloat16 if quick else torch.float32
    return torch.float32


def bert_logits(
    model: Any, ids: Tensor, lengths: Tensor, first: Tensor, *, dtype: torch.dtype
) -> Tensor:
    """Compute logits of a `BertForSequenceClassification`, dropout off, shape (b, classes),
    float32.
    """
    return _head(model, _first_states(model.bert, ids, lengths, first, dtype=dtype))


def first_states(
    bert: Any, ids: Tensor, lengths: Tensor, first: Tensor, *, dtype: torch.dtype
) -> Tensor:
    """Compute the last state of the first token, which a classifier reads, (b, hidden), float32."""
    return _first_states(bert, ids, lengths, first, dtype=dtype).float()


def _first_states(
    bert: Any, ids: Tensor, lengths: Tensor, first: Tensor, *, dtype: torch.dtype
) -> Tensor:
    x = _embed(bert.embeddings, ids, first).to(dtype)  # (b, s, hidden)
    mask = _mask(lengths, ids.shape[1], dtype)
    layers = bert.encoder.layer
    for layer in layers[:-1]:
        x = _layer(layer, x, x, mask)
    return _layer(layers[-1], x[:, :1], x, mask)[:, 0]  # only the first token is read


class BertStates(NamedTuple):
    """The inner states of a BERT, for b texts of s tokens.

    Attributes:
        streams: after each layer, (b, s, hidden) each.
        attentions: one per layer, (b, heads, s, s) each, rows sum to 1.
        logits: (b, classes), float32.
    """

    streams: tuple[Tensor, ...]
    attentions: tuple[Tensor, ...]
    logits: Tensor


def bert_states(
    model: Any, ids: Tensor, lengths: Tensor, first: Tensor, *, dtype: torch.dtype
) -> BertStates:
    """Compute logits like `bert_logits`, and keep the states of all tokens and layers."""
    x = _embed(model.bert.embeddings, ids, first).to(dtype)
    mask = _mask(lengths, ids.shape[1], dtype)
    streams, attentions = [], []
    for layer in model.bert.encoder.layer:
        q, k, v = _heads(layer.attention.self, x, x)
        shares = _shares(q, k, mask)
        x = _after_attention(layer, x, _joined(shares @ v))
        streams.append(x)
        attentions.append(shares)
    return BertStates(tuple(streams), tuple(attentions), _head(model, x[:, 0]))


def _head(model: Any, x: Tensor) -> Tensor:
    pooled = torch.tanh(_linear(model.bert.pooler.dense, x))
    return F.linear(pooled.float(), model.classifier.weight, model.classifier.bias)


def sentence_vectors(
    bert: Any, ids: Tensor, lengths: Tensor, first: Tensor, *, dtype: torch.dtype
) -> Tensor:
    """Compute sentence vectors: means of a `BertModel`'s last states, unit length, (b, hidden),
    float32.

    Source: mean pooling as in Sentence-BERT (Reimers and Gurevych 2019).
    """
    x = _embed(bert.embeddings, ids, first).to(dtype)
    mask = _mask(lengths, ids.shape[1], dtype)
    for layer in bert.encoder.layer:
        x = _layer(layer, x, x, mask)
    is_token = (torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]).float()
    return F.normalize((x.float() * is_token[..., None]).sum(1), dim=-1)


def vectors_of(model: Any, *, dtype: torch.dtype) -> Forward:
    """Make the function that computes sentence vectors with `model`'s encoder."""
    return lambda ids, lengths, first: sentence_vectors(
        model.bert, ids, lengths, first, dtype=dtype
    )


def _embed(embeddings: Any, ids: Tensor, first: Tensor) -> Tensor:
    words = embeddings.word_embeddings
    steps = torch.arange(ids.shape[1], device=ids.device)
    segments = embeddings.token_type_embeddings.weight  # a model with one reads single texts
    types = (steps >= first[:, None]).long().clamp(max=len(segments) - 1)
    x = F.embedding(ids, words.weight)
    x = x + embeddings.position_embeddings.weight[: ids.shape[1]]
    x = x + F.embedding(types, segments)
    return _norm(embeddings.LayerNorm, x)


def _mask(lengths: Tensor, longest: int, dtype: torch.dtype) -> Tensor | None:
    """Make the mask that is added to the scores, shape (b, 1, 1, s); None if no text is padded."""
    if bool((lengths == longest).all()):
        return None
    padding = torch.arange(longest, device=lengths.device) >= lengths[:, None]
    return (padding * MASKED).to(dtype)[:, None, None]


def _layer(layer: Any, x: Tensor, context: Tensor, mask: Tensor | None) -> Tensor:
    """Compute one encoder layer: `x` (b, q, hidden) attends to `context` (b, s, hidden)."""
    q, k, v = _heads(layer.attention.self, x, context)
    return _after_attention(layer, x, _joined(_shares(q, k, mask) @ v))


def _after_attention(layer: Any, x: Tensor, attended: Tensor) -> Tensor:
    output = layer.attention.output
    x = _norm(output.LayerNorm, x + _linear(output.dense, attended))
    inner = F.gelu(_linear(layer.intermediate.dense, x))
    return _norm(layer.output.LayerNorm, x + _linear(layer.output.dense, inner))


def _heads(attention: Any, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute query, key and value, each (b, heads, positions, hidden / heads)."""
    heads = attention.num_attention_heads
    parts = [attention.key, attention.value]
    if x is context:
        q, k, v = _projected([attention.query, *parts], x, heads)
    else:
        (q,) = _projected([attention.query], x, heads)
        k, v = _projected(parts, context, heads)
    return q, k, v


def _shares(q: Tensor, k: Tensor, mask: Tensor | None) -> Tensor:
    """Compute how much each token attends to each other token, (b, heads, q, s)."""
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    shares: Tensor = (scores if mask is None else scores + mask).softmax(-1)
    return shares


def _joined(mixed: Tensor) -> Tensor:
    """Concatenate the heads: from (b, heads, q, hidden / heads) to (b, q, hidden)."""
    return mixed.transpose(1, 2).flatten(2)


def _projected(linears: list[Any], x: Tensor, heads: int) -> tuple[Tensor, ...]:
    """Compute several projections of `x` in one product, each (b, heads, s, hidden / heads)."""
    weight = torch.cat([part.weight for part in linears]).to(x.dtype)
    bias = torch.cat([part.bias for part in linears]).to(x.dtype)
    out = F.linear(x, weight, bias)
    split = out.view(*x.shape[:2], len(linears), heads, -1).permute(2, 0, 3, 1, 4)
    return split.unbind(0)


def _linear(linear: Any, x: Tensor) -> Tensor:
    return F.linear(x, linear.weight.to(x.dtype), linear.bias.to(x.dtype))


def _norm(norm: Any, x: Tensor) -> Tensor:
    weight, bias = norm.weight.to(x.dtype), norm.bias.to(x.dtype)
    return F.layer_norm(x, norm.normalized_shape, weight, bias, norm.eps)


def _module_logits(
    model: Any, ids: Tensor, lengths: Tensor, first: Tensor, *, dtype: torch.dtype
) -> Tensor:
    steps = torch.arange(ids.shape[1], device=ids.device)
    inputs = {"input_ids": ids, "attention_mask": (steps < lengths[:, None]).long()}
    if getattr(model.config, "type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = (steps >= first[:, None]).long()
    with torch.autocast(ids.device.type, dtype=dtype, enabled=dtype != torch.float32):
        logits: Tensor = model(**inputs).logits
    return logits.float()
