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
        if found[name] != shape:
            raise InvalidModelError(
                f"{name} of {source.name} has the shape {found[name]}, but its config.json says "
                f"{shape}; fetch it again"
            )
    check_tokenizer(load_tokenizer(source.folder), read_limits(config), source.name)


def _shapes(config: Mapping[str, Any]) -> dict[str, Shape]:
    """List the tensors that a BERT must have; the pooler may be missing."""
    hidden, inner = int(config["hidden_size"]), int(config["intermediate_size"])
    if hidden % int(config["num_attention_heads"]):
        raise ValueError("num_attention_heads, which must divide hidden_size")
    rows = {
        "word_embeddings": int(config["vocab_size"]),
        "position_embeddings": int(config.get("max_position_embeddings", 512)),
        "token_type_embeddings": int(config.get("type_vocab_size", 2)),
    }
    found: dict[str, Shape] = {
        f"embeddings.{name}.weight": (count, hidden) for name, count in rows.items()
    }
    found |= _norm("embeddings", hidden)
    for number in range(int(config["num_hidden_layers"])):
        layer = f"encoder.layer.{number}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            found |= _linear(f"{layer}.attention.{part}", hidden, hidden)
        found |= _linear(f"{layer}.intermediate.dense", inner, hidden)
        found |= _linear(f"{layer}.output.dense", hidden, inner)
        found |= _norm(f"{layer}.attention.output", hidden) | _norm(f"{layer}.output", hidden)
    return found


def _linear(name: str, out: int, into: int) -> dict[str, Shape]:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def _norm(name: str, hidden: int) -> dict[str, Shape]:
    return {f"{name}.LayerNorm.{part}": (hidden,) for part in ("weight", "bias")}


def _found(source: SourceNetwork) -> dict[str, Shape]:
    from safetensors import SafetensorError, safe_open

    found: dict[str, Shape] = {}
    try:
        for file in weight_files(source.folder):
            with safe_open(file, framework="numpy") as opened:
                for name in list(opened.keys()):
                    found[bert_name(name)] = tuple(opened.get_slice(name).get_shape())
    except (OSError, SafetensorError) as error:
        raise InvalidModelError(
            f"the weights of {source.name} cannot be read ({error}); fetch the file again"
        ) from error
    return found
