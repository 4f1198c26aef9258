"""How many bytes the exported weights of architectures take, in closed form.

A safetensors file is 8 bytes, a JSON header, and the numbers. The header lists each tensor's name,
shape and place; it depends on the architecture through the digits of its sizes only.

Source of the format: https://github.com/huggingface/safetensors, "Format".
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from bort.families.polynomial import IntArray

LENGTH_BYTES = 8  # in front of the header, which is padded to a multiple of them
METADATA = '"__metadata__":{"format":"pt"}'
EMBEDDINGS = "embeddings.weight"
INT8_SCALE = ".scale"  # added to the name of a tensor in int8, for the numbers that multiply it

Whole = IntArray | int
Sizes = Mapping[str, IntArray]
CountBytes = Callable[[Sizes, bool], IntArray]
"""Counts the bytes of weights in float32 or, if True, in int8; sizes have shape (N,) or ()."""


class Tensor(NamedTuple):
    """A tensor of N architectures: its name, and each of its axes, shape (N,) or one number.

    Attributes:
        scaled: the axis along which int8 has one scale per place; None stays in float32.
    """

    name: str
    shape: tuple[Whole, ...]
    scaled: int | None = None

    @property
    def numbers(self) -> IntArray:
        """How many numbers it has, shape (N,)."""
        return np.asarray(prod(np.asarray(axis, dtype=np.int64) for axis in self.shape))


class _Part(NamedTuple):
    name: str
    dtype: str
    shape: tuple[Whole, ...]
    bytes: Whole


def float32_bytes(tensors: Sequence[Tensor]) -> IntArray:
    """Count the bytes of a safetensors file in float32, exactly, shape (N,)."""
    return _file_bytes([_Part(t.name, "F32", t.shape, 4 * t.numbers) for t in tensors])


def int8_bytes(tensors: Sequence[Tensor]) -> IntArray:
    """Count the bytes of a safetensors file in int8, exactly, shape (N,).

    Tensors with a `scaled` axis are in int8, and have one float32 for each place on this axis.
    """
    parts = []
    for tensor in tensors:
        if tensor.scaled is None:
            parts.append(_Part(tensor.name, "F32", tensor.shape, 4 * tensor.numbers))
            continue
        kept = tuple(n if a == tensor.scaled else 1 for a, n in enumerate(tensor.shape))
        scales = tensor.shape[tensor.scaled]
        parts.append(_Part(tensor.name, "I8", tensor.shape, tensor.numbers))
        parts.append(_Part(tensor.name + INT8_SCALE, "F32", kept, 4 * scales))
    return _file_bytes(parts)


def _file_bytes(parts: Sequence[_Part]) -> IntArray:
    # Wide types come first, then names in alphabetical order.
    ordered = sorted(parts, key=lambda part: (part.dtype == "I8", part.name))
    header: IntArray = np.asarray(len("{}") + len(METADATA))
    begin: IntArray = np.asarray(0)
    for part in ordered:
        end = begin + part.bytes
        fixed = f',"{part.name}":{{"dtype":"{part.dtype}","shape":[],"data_offsets":[,]}}'
        varying = [*part.shape, begin, end]
        commas = len(part.shape) - 1
        header = header + len(fixed) + commas + sum(_digits(number) for number in varying)
        begin = end
    padded = -(-header // LENGTH_BYTES) * LENGTH_BYTES
    return np.asarray(LENGTH_BYTES + padded + begin)


_POWERS = 10 ** np.arange(1, 19, dtype=np.int64)


def _digits(numbers: Whole) -> IntArray:
    """Count the decimal digits of whole numbers of 0 or more."""
    return np.asarray(1 + np.searchsorted(_POWERS, numbers, side="right"))


def bert_bytes(sizes: Sizes, is_int8: bool) -> IntArray:
    """Count the bytes of model.safetensors, or of model.int8.onnx to `ONNX_TOLERANCE`."""
    count = onnx_int8_bytes if is_int8 else float32_bytes
    return _by_depth(sizes, lambda depth, some: count(bert_tensors(depth, some)))


def static_bytes(sizes: Sizes, is_int8: bool) -> IntArray:
    """Count the bytes of model.safetensors or model.int8.safetensors, fused where smaller."""
    count = int8_bytes if is_int8 else float32_bytes
    return np.minimum(count(static_tensors(sizes)), count(fused_tensors(sizes)))


def convolution_bytes(sizes: Sizes, is_int8: bool) -> IntArray:
    """Count the bytes of model.safetensors or model.int8.safetensors."""
    count = int8_bytes if is_int8 else float32_bytes
    return _by_depth(sizes, lambda depth, some: count(convolution_tensors(depth, some)))


def _by_depth(sizes: Sizes, count: Callable[[int, Sizes], IntArray]) -> IntArray:
    """Count the architectures of each depth at once; the names of the tensors depend on it."""
    depths = sizes["depth"]
    found = np.zeros(len(depths), dtype=np.int64)
    for depth in np.unique(depths):
        rows = depths == depth
        chosen = {name: size[rows] if size.ndim else size for name, size in sizes.items()}
        found[rows] = count(int(depth), chosen)
    return found


def bert_tensors(depth: int, sizes: Sizes) -> list[Tensor]:
    """List the tensors of a `BertForSequenceClassification` of this depth."""
    h, i, labels = sizes["hidden"], sizes["intermediate"], sizes["labels"]
    found = [
        Tensor("bert.embeddings.word_embeddings.weight", (sizes["vocabulary"], h)),
        Tensor("bert.embeddings.position_embeddings.weight", (sizes["positions"], h)),
        Tensor("bert.embeddings.token_type_embeddings.weight", (sizes["types"], h)),
        *_linear("bert.pooler.dense", h, h),
        *_linear("classifier", labels, h),
        *_norm("bert.embeddings.LayerNorm", h),
    ]
    for layer in range(depth):
        name = f"bert.encoder.layer.{layer}"
        found += [
            *_linear(f"{name}.attention.self.query", h, h),
            *_linear(f"{name}.attention.self.key", h, h),
            *_linear(f"{name}.attention.self.value", h, h),
            *_linear(f"{name}.attention.output.dense", h, h),
            *_norm(f"{name}.attention.output.LayerNorm", h),
            *_linear(f"{name}.intermediate.dense", i, h),
            *_linear(f"{name}.output.dense", h, i),
            *_norm(f"{name}.output.LayerNorm", h),
        ]
    return found


def _linear(name: str, outputs: Whole, inputs: Whole) -> tuple[Tensor, Tensor]:
    return Tensor(f"{name}.weight", (outputs, inputs), 0), Tensor(f"{name}.bias", (outputs,))


def _norm(name: str, width: Whole) -> tuple[Tensor, Tensor]:
    return Tensor(f"{name}.weight", (width,)), Tensor(f"{name}.bias", (width,))


# The graph of a model.int8.onnx without its weights. Files of 1 to 12 layers were within
# 305 bytes of this (docs/families.md); tests/export/test_exports.py checks one.
ONNX_BYTES, ONNX_BYTES_PER_LAYER = 12_660, 14_710
ONNX_TOLERANCE = 512


def onnx_int8_bytes(tensors: Sequence[Tensor]) -> IntArray:
    """Count the bytes of a BERT's model.int8.onnx, to `ONNX_TOLERANCE`, shape (N,).

    Matrices are in int8 and vectors in float32; the graph lists every layer's operations, and the
    positions as 64-bit numbers.
    """
    matrices = sum(t.numbers for t in tensors if len(t.shape) > 1)
    vectors = sum(t.numbers for t in tensors if len(t.shape) == 1)
    layers = sum("intermediate.dense.weight" in t.name for t in tensors)
    positions = next(t.shape[0] for t in tensors if "position_embeddings" in t.name)
    graph = ONNX_BYTES + ONNX_BYTES_PER_LAYER * layers
    return np.asarray(matrices + 4 * vectors + 8 * positions + graph)


def static_tensors(sizes: Sizes) -> list[Tensor]:
    """List the tensors of a `StaticClassifier`."""
    v, h = sizes["vocabulary"], sizes["hidden"]
    return [Tensor(EMBEDDINGS, (v, h), 0), *_linear("classifier", sizes["labels"], h)]


def fused_tensors(sizes: Sizes) -> list[Tensor]:
    """List the tensor of a fused static network: one number per piece and class.

    A column of it has the numbers of one class, which are of one magnitude.
    """
    return [Tensor(EMBEDDINGS, (sizes["vocabulary"], sizes["labels"]), 1)]


def convolution_tensors(depth: int, sizes: Sizes) -> list[Tensor]:
    """List the tensors of a `ConvolutionClassifier` of this depth."""
    channels, width = sizes["channels"], sizes["width"]
    found = [
        Tensor(EMBEDDINGS, (sizes["vocabulary"], sizes["hidden"]), 0),
        *_linear("classifier", sizes["labels"], 2 * channels),
    ]
    for layer in range(depth):
        inputs = channels if layer else sizes["hidden"]
        found += [
            Tensor(f"convolutions.{layer}.weight", (channels, inputs, width), 0),
            Tensor(f"convolutions.{layer}.bias", (channels,)),
        ]
    return found
