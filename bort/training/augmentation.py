"""New texts from old ones: words exchanged for neighbours in the source's embedding table.

Their labels are the teacher's, so a changed meaning does no harm: the student learns how the
teacher answers near the training texts. Source: word exchange as in TinyBERT (Jiao et al. 2020),
there with BERT's own guesses for words of several tokens; splicing two texts is our own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

IntArray = NDArray[np.int64]

BLOCK = 1024  # rows of similarities held at once: 56 MB over the tokens of movie reviews


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How new texts are made.

    Attributes:
        copies: new texts per text.
        exchanged: share of the words that are exchanged.
        neighbours: a word's nearest neighbours, of which one is drawn.
        spliced: share of the new texts that are the beginning of one text and the end of another.
    """

    copies: int
    exchanged: float = 0.3
    neighbours: int = 10
    spliced: float = 0.25


def nearest_words(table: Tensor, words: IntArray, *, count: int) -> IntArray:
    """The nearest neighbours of each word among `words`, by cosine, nearest first.

    Args:
        table: embeddings, shape (vocabulary, hidden).
        words: ids of whole words, ascending, shape (w,).
        count: how many; fewer where there are fewer words.
    Returns:
        Ids, shape (w, count). Cost: w² products, 3 s for 13,000 words of 384 dimensions.
    """
    rows = torch.nn.functional.normalize(table[torch.from_numpy(words)].float(), dim=1)
    count = min(count, len(words) - 1)
    found = []
    for start in range(0, len(words), BLOCK):
        similar = rows[start : start + BLOCK] @ rows.T
        own = torch.arange(len(similar))
        similar[own, own + start] = -2.0
        found.append(similar.topk(count, dim=1).indices)
    near: IntArray = words[torch.cat(found).numpy()]
    return near


def whole_words(tokens: Sequence[str]) -> NDArray[np.bool_]:
    """Which tokens of a WordPiece vocabulary are words of their own, shape (len(tokens),)."""
    return np.array([token.isalpha() for token in tokens], dtype=bool)


class Exchanger:
    """Makes new token sequences.

    Args:
        words: ids that may be exchanged, ascending, shape (w,).
        neighbours: ids to exchange each for, shape (w, k).
        is_continuation: which tokens of the vocabulary go on with a word ("##ing"): a word that
            is followed by one is left alone, shape (vocabulary,).
    """

    def __init__(
        self, words: IntArray, neighbours: IntArray, is_continuation: NDArray[np.bool_]
    ) -> None:
        self._place = np.full(len(is_continuation), -1, dtype=np.int64)
        self._place[words] = np.arange(len(words))
        self._neighbours, self._continues = neighbours, is_continuation

    def exchanged(self, ids: IntArray, share: float, rng: np.random.Generator) -> IntArray:
        """`ids` with a share of its exchangeable words exchanged, one of them at least."""
        is_followed = np.append(self._continues[ids[1:]], False)
        places = np.flatnonzero((self._place[ids] >= 0) & ~is_followed)
        if not len(places) or not self._neighbours.shape[1]:
            return ids
        chosen = places[rng.random(len(places)) < share]
        if not len(chosen):
            chosen = rng.choice(places, size=1)
        new = ids.copy()
        draws = rng.integers(self._neighbours.shape[1], size=len(chosen))
        new[chosen] = self._neighbours[self._place[ids[chosen]], draws]
        return new

    def spliced(self, first: IntArray, second: IntArray, rng: np.random.Generator) -> IntArray:
        """The beginning of one sequence and the end of another, each cut between words."""
        begins = first[: self._cut(first, rng)]
        return np.concatenate([begins, second[self._cut(second, rng) :]])

    def _cut(self, ids: IntArray, rng: np.random.Generator) -> int:
        place = int(rng.integers(1, max(2, len(ids))))
        while place < len(ids) and self._continues[ids[place]]:
            place += 1
        return place


def augmented(
    texts: Sequence[IntArray],
    exchanger: Exchanger,
    settings: Augmentation,
    rng: np.random.Generator,
) -> list[IntArray]:
    """New token sequences, without special tokens: `settings.copies` per text, in rounds."""
    new = []
    for _ in range(settings.copies):
        for ids in texts:
            base = ids
            if rng.random() < settings.spliced:
                base = exchanger.spliced(ids, texts[int(rng.integers(len(texts)))], rng)
            new.append(exchanger.exchanged(base, settings.exchanged, rng))
    return new
