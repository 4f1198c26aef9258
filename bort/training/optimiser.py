"""AdamW for everything but the word embeddings, whose few touched rows are updated alone."""

from typing import Any

import torch

NO_DECAY = ("bias", "LayerNorm.weight", "LayerNorm.bias")
BETAS = (0.9, 0.98)


class Optimisers:
    """A dense AdamW beside a sparse Adam for the rows of the word embeddings that a batch used.

    A dense update of the embedding table dominates a small model's step (DESIGN, section 5).
    Where the device has no sparse gradients (mps), the table joins the dense optimiser.
    """

    def __init__(self, model: Any, *, learning_rate: float, weight_decay: float) -> None:
        table = model.get_input_embeddings()
        is_sparse = table.weight.requires_grad and table.weight.device.type in ("cpu", "cuda")
        table.sparse = is_sparse
        dense = [
            (name, weight)
            for name, weight in model.named_parameters()
            if weight.requires_grad and not (is_sparse and weight is table.weight)
        ]
        groups: list[dict[str, Any]] = [
            {"params": [w for n, w in dense if not n.endswith(NO_DECAY)]},
            {"params": [w for n, w in dense if n.endswith(NO_DECAY)], "weight_decay": 0.0},
        ]
        self._all: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(
                groups, lr=learning_rate, betas=BETAS, weight_decay=weight_decay, fused=True
            )
        ]
        if is_sparse:
            self._all.append(torch.optim.SparseAdam([table.weight], lr=learning_rate, betas=BETAS))

    def set_learning_rate(self, learning_rate: float) -> None:
        """For the next step."""
        for optimiser in self._all:
            for group in optimiser.param_groups:
                group["lr"] = learning_rate

    def step(self) -> None:
        """Update the weights and forget the gradients."""
        for optimiser in self._all:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
