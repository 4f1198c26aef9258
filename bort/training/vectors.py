"""Initial weights of static and convolutional networks: the source network's word vectors.

The vectors are projected on their principal axes, weighted by how often the task uses each piece,
and brought to one scale. Where the network takes a plain mean, frequent pieces become short vectors
and rare ones long, because they tell more.

Source: the weights a / (a + p) as in SIF (Arora et al. 2017); principal axes and these weights for
static vectors as in model2vec. That the axes are weighted by frequency is our own.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from bort.training.reduction import principal_axes
from bort.training.tokens import EncodedTask

# docs/training.md, "static and convolutional networks"
DEVIATION = 0.3  # of all numbers in the table
SMOOTHING = 1e-3  # a: pieces that are more frequent become shorter
LONGEST = 3.0  # how much longer a piece becomes that is never used


def piece_shares(encoded: EncodedTask) -> Tensor:
    """Count each piece's share of the training texts' tokens, shape (vocabulary,), sum 1."""
    counts = np.bincount(encoded.splits["train"].flat, minlength=len(encoded.kept))
    return torch.from_numpy(counts / max(1, counts.sum())).float()


@torch.no_grad()
def inherit_vectors(model: Any, rows: Tensor, shares: Tensor) -> None:
    """Fill a model's table of vectors in place.

    Args:
        model: a classifier of a family of ours, on the CPU.
        rows: the source network's vectors of the model's pieces, shape (vocabulary, H).
        shares: see `piece_shares`.
    """
    table = model.get_input_embeddings().weight
    centred = rows - shares @ rows
    moment = (centred * shares[:, None]).T @ centred
    down, _ = principal_axes(moment, torch.zeros(rows.shape[1]), table.shape[1])
    vectors = centred @ down
    vectors *= DEVIATION / vectors.std()
    if model.config.model_type == "bort-static":
        vectors *= LONGEST * (SMOOTHING / (SMOOTHING + shares))[:, None]
    table.copy_(vectors)
