"""BERT with a classification head (Devlin et al. 2018), as `BertForSequenceClassification`."""

from collections.abc import Mapping
from typing import Any

from bort.core.architecture import Architecture
from bort.families.family import Family
from bort.families.file_sizes import bert_bytes
from bort.families.polynomial import symbol

D, A, H, I = (symbol(name) for name in ("depth", "heads", "hidden", "intermediate"))  # noqa: E741
V, P, T, L = (symbol(name) for name in ("vocabulary", "positions", "types", "labels"))
B, S = symbol("batch"), symbol("sequence")

FLOAT32_BYTES = 4


class BertFamily(Family):
    """The BERT family, with counts in closed form that the tests check against built models.

    | part | parameters |
    |---|---|
    | embeddings and their norm | (V + P + T + 2) H |
    | one layer: query, key, value, output | 4 H² + 4 H |
    | one layer: feed-forward | 2 H I + I + H |
    | one layer: two norms | 4 H |
    | pooler | H² + H |
    | classifier | L H + L |

    The number of heads splits H and changes no parameter. The vocabulary is fixed unless a space
    lists it among its dimensions.
    """

    def config(
        self,
        architecture: Architecture,
        fixed: Mapping[str, int],
        *,
        num_labels: int | None = None,
    ) -> Any:
        """The `transformers.BertConfig`; `num_labels` overrides `fixed["labels"]`."""
        from transformers import BertConfig

        known = {**self.with_defaults(fixed), **architecture.as_dict()}
        fields: dict[str, Any] = {
            "num_hidden_layers": known["depth"],
            "num_attention_heads": known["heads"],
            "hidden_size": known["hidden"],
            "intermediate_size": known["intermediate"],
            "vocab_size": known["vocabulary"],
            "max_position_embeddings": known["positions"],
            "type_vocab_size": known["types"],
            "num_labels": num_labels or known["labels"],
        }
        return BertConfig(**fields)

    def model(self, config: Any, *, device: str) -> Any:
        """Build a `BertForSequenceClassification` with random weights; none on the meta device."""
        import torch
        from transformers import BertForSequenceClassification

        with torch.device(device):
            return BertForSequenceClassification(config)


_EMBEDDING = (V + P + T + 2) * H
_LAYERS = D * (4 * H**2 + 2 * H * I + 9 * H + I)
_LAST = H**2 + H + L * H + L

BERT = BertFamily(
    name="bert",
    symbols={"depth": "D", "heads": "A", "hidden": "H", "intermediate": "I"},
    # all-MiniLM-L6-v2's and BERT's uncased vocabulary, so that counts compare.
    defaults={"vocabulary": 30_522, "positions": 512, "types": 2, "labels": 2},
    optional={"vocabulary": "V"},
    embedding=_EMBEDDING,
    parameter_parts={"first": _EMBEDDING, "middle": _LAYERS, "last": _LAST},
    weight_bytes=bert_bytes,
    term_polynomials={
        "layers": D,
        "projections": 4 * B * S * D * H**2,
        "attention": 2 * B * S**2 * D * H,
        "softmax": B * S**2 * D * A,
        "ffn": 2 * B * S * D * H * I,
        "elementwise": B * S * D * (4 * H + I),
        "embedding": 3 * B * S * H,
        "pooler": B * H**2,
        "head": B * H * L,
        "weight_bytes": FLOAT32_BYTES * (_LAYERS + _LAST),
    },
    operation_parts={
        "first": (),
        "middle": ("projections", "attention", "ffn"),
        "last": ("pooler", "head"),
    },
)
