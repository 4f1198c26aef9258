"""Match the words of texts that a student and its teacher split into different pieces.

Both tokenizers cut a text into the same words, and only then words into pieces. So the n-th word of
a segment is the same word for both, however many pieces it has.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bort.training.loop import TrainingBatch, inputs_of
from bort.training.pieces import continuations
from bort.training.tokens import EncodedTask, Tokens

CONTINUES, BEGINS, SEPARATES = 0, 1, 2

Inputs = tuple[Tensor, Tensor, Tensor]
"""Token ids (b, s), lengths (b,), tokens of the first segment (b,)."""

Pick = Callable[[Tensor], Tensor]
"""(b, s, hidden) -> (rows to compare, hidden), float32."""


@dataclass(frozen=True)
class WordMatch:
    """Finds the words of a batch in both readings.

    Attributes:
        texts: all texts of the training as the teacher reads them, in the same order.
        padding: the teacher's padding token.
        own_kinds, kinds: see `word_kinds`, for the student's tokens and the teacher's.
    """

    texts: Tokens
    padding: int
    own_kinds: Tensor
    kinds: Tensor

    def read(self, batch: TrainingBatch) -> Inputs:
        """Return the texts of a batch as the teacher reads them."""
        return inputs_of(self.texts, batch.rows, self.padding, batch.ids.device)

    def picks(self, batch: TrainingBatch, read: Inputs) -> tuple[Pick, Pick]:
        """Return how to average the student's states and the teacher's over each word.

        Words that only one of them reads, because the other's text is cut off before, are left out.
        """
        width = 1 + max(batch.ids.shape[1], read[0].shape[1])
        own = _slots(self.own_kinds, batch.ids, batch.lengths, batch.first, width)
        theirs = _slots(self.kinds, *read, width)
        counts = [torch.bincount(s[s >= 0], minlength=2 * width * len(s)) for s in (own, theirs)]
        shared = (counts[0] > 0) & (counts[1] > 0)

        def pick(slots: Tensor, count: Tensor) -> Pick:
            is_token = slots >= 0

            def means(states: Tensor) -> Tensor:
                rows = states[is_token].float()
                sums = rows.new_zeros(len(count), rows.shape[1])
                return sums.index_add(0, slots[is_token], rows)[shared] / count[shared, None]

            return means

        return pick(own, counts[0]), pick(theirs, counts[1])


def word_kinds(encoded: EncodedTask, tokenizer: Any) -> Tensor:
    """Tell which tokens begin a word, continue one, or separate segments, shape (v,).

    Args:
        tokenizer: the full one, with a WordPiece model.
    """
    kinds = np.where(continuations(tokenizer)[encoded.kept], CONTINUES, BEGINS)
    kinds[encoded.kept == tokenizer.token_to_id("[SEP]")] = SEPARATES
    return torch.from_numpy(kinds)


def _slots(kinds: Tensor, ids: Tensor, lengths: Tensor, first: Tensor, width: int) -> Tensor:
    """Number the words of a batch; tokens of one word have the same number, shape (b, s).

    A text has 2 `width` numbers, half of them for each segment, the last one for its [SEP]. Padding
    has -1.
    """
    steps = torch.arange(ids.shape[1], device=ids.device)
    kind = kinds.to(ids.device)[ids]
    begun = (kind == BEGINS).long().cumsum(1)
    is_second = (steps >= first[:, None]).long()
    in_first = begun.gather(1, first[:, None] - 1)
    number = torch.where(kind == SEPARATES, width - 1, begun - is_second * in_first)
    text = torch.arange(len(ids), device=ids.device)[:, None]
    slots = (2 * text + is_second) * width + number
    return torch.where(steps < lengths[:, None], slots, -1)
