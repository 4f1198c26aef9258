"""AdamW over all weights, in one fused pass.

The word embeddings are part of it: over a task's own tokens (`vocabulary`) a dense update costs as
much as a sparse one. Sparse Adam moves a word only when it is seen, while its momentum should go on
moving it; from random weights that lost six points of dev error (docs/training.md).
"""

from typing import Any

import torch

NO_DECAY = ("bias", "LayerNorm.weight", "LayerNorm.bias")
BETAS = (0.9, 0.999)


def adamw(model: Any, *, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """The optimiser of all weights of `model` that require gradients."""
    weights = [(n, w) for n, w in model.named_parameters() if w.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [w for n, w in weights if not n.endswith(NO_DECAY)]},
        {"params": [w for n, w in weights if n.endswith(NO_DECAY)], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=learning_rate, betas=BETAS, weight_decay=weight_decay, fused=True
    )
