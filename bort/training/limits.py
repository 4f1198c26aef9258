"""What a classifier's config.json says about the token ids that it can read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bort.core.errors import InvalidModelError

# They number positions from the padding token's id + 1, so a text has that many fewer.
OFFSET_POSITIONS = frozenset(
    (
        "camembert",
        "data2vec-text",
        "ibert",
        "longformer",
        "mpnet",
        "roberta",
        "roberta-prelayernorm",
        "xlm-roberta",
        "xlm-roberta-xl",
        "xmod",
    )
)


READS = "reads_tokens"  # in config.json of our models: how many they were trained on, and read
SENTENCE = "The film was good, and its ending better."


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """The limits of a model's inputs.

    Attributes:
        tokens: most tokens per text, special tokens included; of our models as many as they were
            trained on, so that what was measured is what is read.
        padding: id of the padding token; None if the configuration does not say.
        counts_positions_from_padding: positions are numbered from `padding` + 1.
        segments: how many segments have an embedding; 1 means that both texts of a pair share it.
        vocabulary: how many tokens have an embedding; None if the configuration does not say.
    """

    tokens: int
    padding: int | None
    counts_positions_from_padding: bool
    segments: int
    vocabulary: int | None


def read_limits(config: Mapping[str, Any]) -> TokenLimits:
    """Read the limits from the contents of config.json.

    Examples:
        >>> roberta = {"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}
        >>> read_limits(roberta).tokens
        512
    """
    positions = int(config.get("max_position_embeddings") or config.get("n_positions") or 512)
    padding = config.get("pad_token_id")
    has_offset = config.get("model_type") in OFFSET_POSITIONS
    if has_offset:
        padding = 1 if padding is None else padding
        positions -= 1 + int(padding)
    positions = min(positions, int(config.get(READS) or positions))
    segments, vocabulary = config.get("type_vocab_size"), config.get("vocab_size")
    return TokenLimits(
        tokens=positions,
        padding=None if padding is None else int(padding),
        counts_positions_from_padding=has_offset,
        segments=int(segments) if segments else 2,
        vocabulary=None if vocabulary is None else int(vocabulary),
    )


def check_tokenizer(tokenizer: Any, limits: TokenLimits, name: str) -> None:
    """Check that a `tokenizers.Tokenizer` reads text, and that the model has an embedding for every
    token.

    A model may have more: many vocabularies are padded to a round number.

    Raises:
        InvalidModelError: it has fewer, or most of a sentence becomes no token, not even `[UNK]`.
    """
    try:
        read = tokenizer.encode(SENTENCE, add_special_tokens=False).offsets
    except Exception as error:
        raise InvalidModelError(
            f"the tokenizer of {name} cannot read a sentence ({error}); save it again"
        ) from None
    if 2 * sum(end - begin for begin, end in read) < len(SENTENCE):
        raise InvalidModelError(
            f"the tokenizer of {name} skips most of a plain sentence; save the tokenizer that the "
            "model was trained with"
        )
    tokens = 1 + max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
    if limits.vocabulary is not None and tokens > limits.vocabulary:
        raise InvalidModelError(
            f"the tokenizer of {name} has {tokens} tokens, but the model has embeddings for only "
            f"{limits.vocabulary}; save the tokenizer that the model was trained with"
        )
