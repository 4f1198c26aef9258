"""Any text as token ids over the words of one task: what samplers write must be read, too."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.agora.loop.values import Inputs, Value, as_values
from bort.training.tokens import EncodedTask, Tokens, load_tokenizer


class TextTokens:
    """Tokenises texts, or pairs of texts, as the task's own were; every text once.

    Args:
        folder: holds the tokenizer.
        kept: ids of the full vocabulary that a model has rows for, ascending; others are read
            as the unknown token.
        padding: number of the padding token among `kept`.
        max_length: tokens per text, special ones counted; longer texts are cut.
    """

    def __init__(
        self, folder: Path, *, kept: NDArray[np.int64], padding: int, max_length: int
    ) -> None:
        self.tokenizer = load_tokenizer(folder)
        self.tokenizer.enable_truncation(max_length)
        self.kept, self.padding = kept, padding
        self._unknown = int(np.searchsorted(kept, _unknown_id(self.tokenizer, kept)))
        self._known: dict[Value, tuple[NDArray[np.int32], int]] = {}

    @classmethod
    def of_task(cls, encoded: EncodedTask, folder: Path) -> "TextTokens":
        """As the splits of `encoded` were tokenised."""
        return cls(
            folder, kept=encoded.kept, padding=encoded.padding, max_length=encoded.max_length
        )

    def __call__(self, inputs: Inputs) -> Tokens:
        """Ids in the numbering of `kept`, in the order of the inputs."""
        values = as_values(inputs)
        self._read([value for value in dict.fromkeys(values) if value not in self._known])
        rows = [self._known[value] for value in values]
        lengths = np.fromiter((len(ids) for ids, _ in rows), dtype=np.int64, count=len(rows))
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        flat = np.concatenate([ids for ids, _ in rows]) if rows else np.empty(0, dtype=np.int32)
        first = np.fromiter((n for _, n in rows), dtype=np.int32, count=len(rows))
        return Tokens(flat, starts, first)

    def encodings(self, texts: Sequence[str]) -> list[Any]:
        """Of single texts: tokens with their places in the text, cut to length."""
        found: list[Any] = self.tokenizer.encode_batch(list(texts))
        return found

    def _read(self, values: Sequence[Value]) -> None:
        encodings = self.tokenizer.encode_batch(list(values))
        for value, encoding in zip(values, encodings, strict=True):
            ids = np.asarray(encoding.ids, dtype=np.int64)
            places = np.minimum(np.searchsorted(self.kept, ids), len(self.kept) - 1)
            known = self.kept[places] == ids
            numbers = np.where(known, places, self._unknown).astype(np.int32)
            self._known[value] = (numbers, len(ids) - sum(encoding.type_ids))


def _unknown_id(tokenizer: Any, kept: NDArray[np.int64]) -> int:
    for token in ("[UNK]", "<unk>"):
        number = tokenizer.token_to_id(token)
        if number is not None and number in kept:
            return int(number)
    return int(kept[0])
