"""Reduce a model to the tokens of one task, and expand it back to the full vocabulary."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bort.core.errors import InvalidModelError


def pruned_table(table: Tensor, kept: NDArray[np.int64]) -> Tensor:
    """Select the rows of an embedding table that a task needs, shape (v, hidden).

    Raises:
        InvalidModelError: the tokenizer has more tokens than the table has rows.
    """
    if int(kept[-1]) >= len(table):
        raise InvalidModelError(
            f"the tokenizer produces token {int(kept[-1])}, but the model has {len(table)} "
            "embeddings; use the tokenizer that belongs to the model"
        )
    return table[torch.from_numpy(kept)].clone()


def expanded_weights(model: Any, kept: NDArray[np.int64], full_rows: Tensor) -> dict[str, Tensor]:
    """Expand the weights of a model trained over `kept` tokens to the whole embedding table.

    Args:
        model: its embedding table has one row per kept token.
        kept: ids in the full vocabulary, ascending, shape (v,).
        full_rows: the table before training, shape (vocabulary, hidden); rows of tokens that do
            not occur in the task do not change.
    Returns:
        Tensors by name; texts made of kept tokens get the same logits.
    """
    trained = model.get_input_embeddings().weight
    (name,) = [n for n, w in model.named_parameters() if w is trained]
    table = full_rows.clone()
    table[torch.from_numpy(kept)] = trained.detach().to(table)
    return {**{n: w.detach() for n, w in model.state_dict().items()}, name: table}
