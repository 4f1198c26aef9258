"""Convolutional text classifiers: word vectors, convolutions, mean and max pooling.

Source: Kim 2014, "Convolutional Neural Networks for Sentence Classification". GELU, residual
connections and the mean beside the maximum are our choice.
"""

from collections.abc import Mapping
from typing import Any

from bort.core.architecture import Architecture
from bort.families.family import Family
from bort.families.file_sizes import convolution_bytes
from bort.families.polynomial import symbol

V, H, C, W, D = (symbol(n) for n in ("vocabulary", "hidden", "channels", "width", "depth"))
L, B, S = symbol("labels"), symbol("batch"), symbol("sequence")

FLOAT32_BYTES = 4


class ConvolutionFamily(Family):
    """An embedding table, convolutions with GELU, mean and max pooling, a linear classifier.

    | part | parameters |
    |---|---|
    | embeddings | V H |
    | first convolution | W H C + C |
    | each further one, with a residual connection | W C² + C |
    | classifier | 2 L C + L |

    The first convolution reads `hidden` channels, so the counts have a term (D - 1) W C² and are
    no posynomials: no constant bounds how fast they grow with depth (`Family.elasticities`).
    """

    def config(
        self,
        architecture: Architecture,
        fixed: Mapping[str, int],
        *,
        num_labels: int | None = None,
    ) -> Any:
        """The `ConvolutionConfig`; `num_labels` overrides `fixed["labels"]`."""
        from bort.families.networks import ConvolutionConfig

        sizes: dict[str, Any] = {
            "vocab_size": architecture["vocabulary"],
            "hidden_size": architecture["hidden"],
            "channels": architecture["channels"],
            "width": architecture["width"],
            "num_hidden_layers": architecture["depth"],
            "num_labels": num_labels or self.with_defaults(fixed)["labels"],
        }
        return ConvolutionConfig(**sizes)

    def model(self, config: Any, *, device: str) -> Any:
        """Build a `ConvolutionClassifier` with random weights; none on the meta device."""
        import torch

        from bort.families.networks import ConvolutionClassifier

        with torch.device(device):
            return ConvolutionClassifier(config)


_EMBEDDING = V * H
_CONVOLUTIONS = W * H * C + (D - 1) * W * C**2 + D * C
_CLASSIFIER = 2 * L * C + L

CONVOLUTION = ConvolutionFamily(
    name="convolution",
    symbols={"vocabulary": "V", "hidden": "H", "channels": "C", "width": "W", "depth": "D"},
    defaults={"labels": 2},
    divisibility=(),
    odd=("width",),  # so that a window has one middle
    embedding=_EMBEDDING,
    parameter_parts={"first": _EMBEDDING, "middle": _CONVOLUTIONS, "last": _CLASSIFIER},
    weight_bytes=convolution_bytes,
    term_polynomials={
        "layers": D,
        "convolution": B * S * W * C * (H + (D - 1) * C),
        "elementwise": B * S * D * C,
        "embedding": B * S * H,
        "head": 2 * B * C * L,
        "weight_bytes": FLOAT32_BYTES * (_CONVOLUTIONS + _CLASSIFIER),
    },
    operation_parts={"first": (), "middle": ("convolution",), "last": ("head",)},
)
