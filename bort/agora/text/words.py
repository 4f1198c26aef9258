"""Which words lie near which in the source network's embedding table."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.agora.loop.values import FloatArray, IntArray

NEIGHBOURS = 10  # words that may stand for a word
SHARPNESS = 10.0  # of the draw among them: exp(SHARPNESS · cosine)
BLOCK = 512  # words compared with all others at once: 20 MB for 10,000

Float32Array = NDArray[np.float32]


class WordTable:
    """Whole words, with their vectors.

    Args:
        words: m different words, as the tokenizer writes them.
        vectors: shape (m, d), rows of the embedding table.
    """

    def __init__(self, words: Sequence[str], vectors: NDArray[Any]) -> None:
        self.words = tuple(words)
        lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        self._vectors: Float32Array = (vectors / lengths).astype(np.float32)
        self._numbers = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def number(self, word: str) -> int | None:
        """Position of a word; None for one that the table does not hold."""
        return self._numbers.get(word)

    def neighbour(self, number: int, rng: np.random.Generator) -> str:
        """A word near the one of that number, nearer ones more often; the table has two or more."""
        places, cumulative = self._neighbours
        rank = int(np.searchsorted(cumulative[number], rng.uniform()))
        return self.words[int(places[number, rank])]

    def between(self, first: IntArray, second: IntArray, share: FloatArray) -> list[str]:
        """The word nearest to a mix of two words, other than the first.

        Looked for among the second, and what may stand for either: the table is read once for
        all of its words, not once for every mix.

        Args:
            first, second: shape (n,), positions of words.
            share: shape (n,), 0..1, of the second in the mix.
        Cost: n · (2k + 1) · d multiply-adds, with k words that may stand for a word.
        """
        places, _ = self._neighbours
        found: list[str] = []
        for start in range(0, len(first), BLOCK):
            part = slice(start, start + BLOCK)
            one, other = first[part], second[part]
            weight = share[part, None].astype(np.float32)
            mixed = (1 - weight) * self._vectors[one] + weight * self._vectors[other]
            near = np.concatenate([other[:, None], places[one], places[other]], axis=1)
            similar = np.einsum("nkd,nd->nk", self._vectors[near], mixed)
            similar[near == one[:, None]] = -np.inf
            best = near[np.arange(len(near)), similar.argmax(axis=1)]
            found += [self.words[place] for place in best.tolist()]
        return found

    @cached_property
    def _neighbours(self) -> tuple[IntArray, FloatArray]:
        """Of every word the nearest others, (m, k), and their cumulative probabilities."""
        count = min(NEIGHBOURS, len(self) - 1)
        places = np.empty((len(self), count), dtype=np.int64)
        weights = np.empty((len(self), count))
        for start in range(0, len(self), BLOCK):
            rows = np.arange(start, min(start + BLOCK, len(self)))
            similar = self._vectors[rows] @ self._vectors.T
            similar[np.arange(len(rows)), rows] = -np.inf
            near = np.argpartition(-similar, count - 1, axis=1)[:, :count]
            places[rows] = near
            weights[rows] = np.exp(SHARPNESS * np.take_along_axis(similar, near, axis=1))
        cumulative = np.cumsum(weights, axis=1)
        cumulative /= cumulative[:, -1:]
        cumulative[:, -1] = 1.0
        return places, cumulative


def is_word(token: str) -> bool:
    """Whether a token is a word by itself: letters only, two or more, no piece of a word.

    Examples:
        >>> is_word("film"), is_word("##ing"), is_word("a"), is_word("[SEP]")
        (True, False, False, False)
    """
    return len(token) > 1 and token.isalpha()
