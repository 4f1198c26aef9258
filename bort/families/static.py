"""Static networks: one vector per token, their mean, and a linear classifier.

Such a network cannot read the order of words. The mean and the classifier are linear, so a trained
one collapses to one number per token and class; its width only matters while it learns.

Source: the mean of word vectors as in fastText (Joulin et al. 2017).
"""

from collections.abc import Mapping
from typing import Any

from bort.core.architecture import Architecture
from bort.families.family import Family
from bort.families.file_sizes import static_bytes
from bort.families.polynomial import as_polynomial, symbol

V, H, L = (symbol(name) for name in ("vocabulary", "hidden", "labels"))
B, S = symbol("batch"), symbol("sequence")

FLOAT32_BYTES = 4


class StaticFamily(Family):
    """An embedding table, the mean over a text's tokens, and a linear classifier.

    | part | parameters |
    |---|---|
    | embeddings | V H |
    | classifier | L H + L |
    """

    def config(
        self,
        architecture: Architecture,
        fixed: Mapping[str, int],
        *,
        num_labels: int | None = None,
    ) -> Any:
        """The `StaticConfig`; `num_labels` overrides `fixed["labels"]`."""
        from bort.families.networks import StaticConfig

        sizes: dict[str, Any] = {
            "vocab_size": architecture["vocabulary"],
            "hidden_size": architecture["hidden"],
            "num_labels": num_labels or self.with_defaults(fixed)["labels"],
        }
        return StaticConfig(**sizes)

    def model(self, config: Any, *, device: str) -> Any:
        """Build a `StaticClassifier` with random weights; none on the meta device."""
        import torch

        from bort.families.networks import StaticClassifier

        with torch.device(device):
            return StaticClassifier(config)


_EMBEDDING = V * H
_CLASSIFIER = L * H + L

STATIC = StaticFamily(
    name="static",
    symbols={"vocabulary": "V", "hidden": "H"},
    defaults={"labels": 2},
    divisibility=(),
    embedding=_EMBEDDING,
    parameter_parts={
        "first": _EMBEDDING,
        "middle": as_polynomial(0),
        "last": _CLASSIFIER,
    },
    weight_bytes=static_bytes,
    term_polynomials={
        "embedding": B * S * H,
        "head": B * H * L,
        "weight_bytes": FLOAT32_BYTES * _CLASSIFIER,
    },
    operation_parts={"first": (), "middle": (), "last": ("head",)},
)
