"""The networks of the families below a transformer layer, as PyTorch modules.

They have the interface of a `transformers` sequence classifier. Importing this module tells
`transformers` about them, so its Auto classes can read their folders.
"""

from typing import Any

import torch
import torch.nn.functional as F
from huggingface_hub.dataclasses import strict
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput

EMBEDDING_DEVIATION = 0.3  # of random rows: as large as those that inherit
LOWEST = -1e4  # below every activation; bfloat16 can represent it


@strict
class StaticConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """The sizes of a `StaticClassifier`."""

    model_type = "bort-static"

    vocab_size: int = 1000
    hidden_size: int = 64
    pad_token_id: int | None = 0


@strict
class ConvolutionConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """The sizes of a `ConvolutionClassifier`."""

    model_type = "bort-convolution"

    vocab_size: int = 1000
    hidden_size: int = 64
    channels: int = 96
    width: int = 3
    num_hidden_layers: int = 1
    pad_token_id: int | None = 0


class _Classifier(PreTrainedModel):  # type: ignore[no-untyped-call]
    """What both kinds share: a table of word vectors, and pooled features for a classifier."""

    main_input_name = "input_ids"
    _input_embed_layer = "embeddings"

    embeddings: nn.Embedding
    classifier: nn.Linear

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=EMBEDDING_DEVIATION)
        elif isinstance(module, nn.Linear | nn.Conv1d):
            module.reset_parameters()

    def features(self, ids: Tensor, mask: Tensor | None) -> Tensor:
        """Compute what the classifier reads, shape (b, features).

        Args:
            ids: token ids, shape (b, s).
            mask: 1 for tokens and 0 for padding, shape (b, s); None if nothing is padded.
        """
        raise NotImplementedError

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any
    ) -> SequenceClassifierOutput:
        """Compute logits, shape (b, classes)."""
        found = self.features(input_ids, attention_mask)
        return SequenceClassifierOutput(logits=self.classifier(found))


class StaticClassifier(_Classifier):  # type: ignore[no-untyped-call]
    """A text is the mean of its tokens' vectors."""

    config_class = StaticConfig

    def __init__(self, config: StaticConfig) -> None:
        super().__init__(config)
        self.embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.classifier = nn.Linear(config.hidden_size, int(config.num_labels or 0))
        self.post_init()  # type: ignore[no-untyped-call]

    def features(self, ids: Tensor, mask: Tensor | None) -> Tensor:
        """Compute the mean of the tokens' vectors, shape (b, hidden)."""
        return mean_of_tokens(self.embeddings(ids), mask)  # (b, s, hidden)


class ConvolutionClassifier(_Classifier):  # type: ignore[no-untyped-call]
    """Convolutions over the tokens' vectors; a text is the mean and the maximum of the results.

    A text reads the same with and without padding: padded places are 0 before every convolution.
    """

    config_class = ConvolutionConfig

    def __init__(self, config: ConvolutionConfig) -> None:
        super().__init__(config)
        inputs = [config.hidden_size] + [config.channels] * (config.num_hidden_layers - 1)
        self.embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(n, config.channels, config.width, padding="same") for n in inputs
        )
        self.classifier = nn.Linear(2 * config.channels, int(config.num_labels or 0))
        self.post_init()  # type: ignore[no-untyped-call]

    def features(self, ids: Tensor, mask: Tensor | None) -> Tensor:
        """Compute mean and maximum over the tokens, side by side, shape (b, 2 channels)."""
        x = self.embeddings(ids).transpose(1, 2)  # (b, hidden, s)
        is_token = None if mask is None else mask[:, None].to(x.dtype)
        for number, convolution in enumerate(self.convolutions):
            out = F.gelu(convolution(x if is_token is None else x * is_token))
            x = out if number == 0 else x + out  # (b, channels, s)
        x = x.transpose(1, 2)
        return torch.cat([mean_of_tokens(x, mask), max_of_tokens(x, mask)], dim=1)


def mean_of_tokens(x: Tensor, mask: Tensor | None) -> Tensor:
    """Compute the mean over the tokens of each text, from (b, s, n) to (b, n)."""
    if mask is None:
        return x.mean(1)
    shares = mask.to(x.dtype)
    return (x * shares[..., None]).sum(1) / shares.sum(1, keepdim=True)


def max_of_tokens(x: Tensor, mask: Tensor | None) -> Tensor:
    """Compute the maximum over the tokens of each text, from (b, s, n) to (b, n)."""
    if mask is None:
        return x.amax(1)
    return x.masked_fill(mask[..., None] == 0, LOWEST).amax(1)


for _config, _model in (
    (StaticConfig, StaticClassifier),
    (ConvolutionConfig, ConvolutionClassifier),
):
    AutoConfig.register(_config.model_type, _config, exist_ok=True)
    AutoModelForSequenceClassification.register(_config, _model, exist_ok=True)
