"""Check a model's config.json against its weights, before anything of that size is built.

A configuration of a million layers takes hours to build, and one of a billion tokens all memory.
"""

from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any

from bort.core.errors import InvalidModelError
from bort.training.source import weight_files

_LAYERS = ("num_hidden_layers", "num_layers", "n_layers", "n_layer", "depth")
_WIDTHS = ("hidden_size", "embedding_size", "dim", "d_model", "n_embd", "width")
_ROWS = ("vocab_size", "max_position_embeddings", "intermediate_size", "type_vocab_size")


def check_plausible(config: Mapping[str, Any], folder: Path, name: str) -> None:
    """Check that weights of the sizes in `config` would fit into the files. Reads only headers.

    Raises:
        InvalidModelError: there are fewer tensors than layers, or fewer weights than one table
            needs; or the files cannot be read.
    """
    if not (files := weight_files(folder)):
        return  # whoever loads the model says what is missing
    tensors, weights = _counted(files, name)
    for key, size in _sizes(config, _LAYERS).items():
        if size > tensors:
            raise InvalidModelError(
                f"config.json of {name} says {key} = {size}, but there are only {tensors} tensors; "
                "fetch the model again"
            )
    widths, rows = _sizes(config, _WIDTHS), _sizes(config, _ROWS)
    width = min(widths.values(), default=1)
    for key, size in (widths | rows).items():
        if size * (width if key in rows else 1) > weights:
            raise InvalidModelError(
                f"config.json of {name} says {key} = {size}, but there are only {weights} weights; "
                "fetch the model again"
            )


def _sizes(config: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, int]:
    return {key: size for key in keys if isinstance(size := config.get(key), int)}


def _counted(files: Iterable[Path], name: str) -> tuple[int, int]:
    """Count the tensors and the weights."""
    from safetensors import SafetensorError, safe_open

    tensors = weights = 0
    try:
        for file in files:
            with safe_open(file, framework="numpy") as opened:
                for key in list(opened.keys()):
                    tensors += 1
                    weights += prod(opened.get_slice(key).get_shape())
    except (OSError, SafetensorError) as error:
        raise InvalidModelError(
            f"the weights of {name} cannot be read ({error}); fetch the file again"
        ) from error
    return tensors, weights
