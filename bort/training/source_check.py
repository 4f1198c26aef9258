"""Check a source network's files before anything is trained: the tensors and the tokenizer.

Reads only the names and shapes of the tensors. Imports no torch.
"""

from collections.abc import Mapping
from typing import Any

from bort.core.errors import InvalidModelError
from bort.training.limits import check_tokenizer, read_limits
from bort.training.plausible import check_plausible
from bort.training.source import SourceNetwork, bert_name, read_config, weight_files
from bort.training.tokens import load_tokenizer

Shape = tuple[int, ...]
FRACTIONS = ("F16", "BF16", "F32", "F64")


def check_source(source: SourceNetwork) -> None:
    """Check that the network has every tensor of a BERT of its configuration, and a tokenizer.

    Raises:
        InvalidModelError: a tensor is missing or has another shape, the tokenizer cannot be read,
            or it has more tokens than the network has embeddings.
    """
    config = read_config(source.folder, source.name)
    check_plausible(config, source.folder, source.name)
    try:
        wanted = _shapes(config)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidModelError(
            f"config.json of {source.name} has no usable {error}; fetch the model again"
        ) from None
    found = _found(source)
    for name, shape in wanted.items():
        if name not in found:
            raise InvalidModelError(f"{source.name} has no weights for {name}; fetch it again")
        there, kind = found[name]
        if there != shape:
            raise InvalidModelError(
                f"{name} of {source.name} has the shape {there}, but its config.json says "
                f"{shape}; fetch it again"
            )
        if kind not in FRACTIONS:
            raise InvalidModelError(
                f"{name} of {source.name} has weights of the kind {kind}; save the model as "
                f"float32 ({', '.join(FRACTIONS)} are read)"
            )
    check_tokenizer(load_tokenizer(source.folder), read_limits(config), source.name)


def _shapes(config: Mapping[str, Any]) -> dict[str, Shape]:
    """List the tensors that a BERT must have; the pooler may be missing."""
    hidden, inner = _whole(config, "hidden_size"), _whole(config, "intermediate_size")
    if hidden % _whole(config, "num_attention_heads"):
        raise ValueError("num_attention_heads, which must divide hidden_size")
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        if not 0 <= float(config.get(name, 0.1)) < 1:
            raise ValueError(f"{name}, which must be from 0 to below 1")
    if not 0 < float(config.get("layer_norm_eps", 1e-12)) < 1:
        raise ValueError("layer_norm_eps, which must be between 0 and 1")
    rows = {
        "word_embeddings": _whole(config, "vocab_size"),
        "position_embeddings": _whole(config, "max_position_embeddings", 512),
        "token_type_embeddings": _whole(config, "type_vocab_size", 2),
    }
    if not 0 <= _whole(config, "pad_token_id", 0, least=0) < rows["word_embeddings"]:
        raise ValueError("pad_token_id, which must be below vocab_size")
    found: dict[str, Shape] = {
        f"embeddings.{name}.weight": (count, hidden) for name, count in rows.items()
    }
    found |= _norm("embeddings", hidden)
    for number in range(_whole(config, "num_hidden_layers")):
        layer = f"encoder.layer.{number}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            found |= _linear(f"{layer}.attention.{part}", hidden, hidden)
        found |= _linear(f"{layer}.intermediate.dense", inner, hidden)
        found |= _linear(f"{layer}.output.dense", hidden, inner)
        found |= _norm(f"{layer}.attention.output", hidden) | _norm(f"{layer}.output", hidden)
    return found


def _whole(config: Mapping[str, Any], name: str, default: int = 0, *, least: int = 1) -> int:
    """Return a whole number of the configuration; ValueError with its name if it is none."""
    value = config.get(name)
    value = default if value is None else value
    if type(value) is not int or value < least:
        raise ValueError(f"{name}, a whole number of {least} or more")
    return value


def _linear(name: str, out: int, into: int) -> dict[str, Shape]:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def _norm(name: str, hidden: int) -> dict[str, Shape]:
    return {f"{name}.LayerNorm.{part}": (hidden,) for part in ("weight", "bias")}


def _found(source: SourceNetwork) -> dict[str, tuple[Shape, str]]:
    from safetensors import SafetensorError, safe_open

    found: dict[str, tuple[Shape, str]] = {}
    try:
        for file in weight_files(source.folder):
            with safe_open(file, framework="numpy") as opened:
                for name in list(opened.keys()):
                    part = opened.get_slice(name)
                    found[bert_name(name)] = tuple(part.get_shape()), str(part.get_dtype())
    except (OSError, SafetensorError) as error:
        raise InvalidModelError(
            f"the weights of {source.name} cannot be read ({error}); fetch the file again"
        ) from error
    return found
