"""Texts as token ids, and the table of words that samplers write into texts."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.agora.loop import Inputs, Value, as_values
from bort.agora.loop.values import FloatArray, IntArray
from bort.training.tokens import EncodedTask, Tokens, load_tokenizer

NEIGHBOURS = 10  # words that may replace a word
SHARPNESS = 10.0  # one is drawn in proportion to exp(SHARPNESS · cosine)
BLOCK = 512  # words compared with all others at once: 20 MB for 10,000 words

Float32Array = NDArray[np.float32]


class TextTokens:
    """Tokenises texts, or pairs of texts, in the same way as the task's own; each text once.

    Args:
        folder: the folder with the tokenizer.
        kept: ids in the full vocabulary that a model has rows for, ascending; others become the
            unknown token.
        padding: number of the padding token, its place in `kept`.
        max_length: the most tokens per text, including special ones; longer texts are cut.
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
        """Tokenise as the splits of `encoded` were tokenised."""
        return cls(
            folder, kept=encoded.kept, padding=encoded.padding, max_length=encoded.max_length
        )

    def __call__(self, inputs: Inputs) -> Tokens:
        """Return ids, numbered by their place in `kept`, in the order of the inputs."""
        values = as_values(inputs)
        self._read([value for value in dict.fromkeys(values) if value not in self._known])
        rows = [self._known[value] for value in values]
        lengths = np.fromiter((len(ids) for ids, _ in rows), dtype=np.int64, count=len(rows))
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        flat = np.concatenate([ids for ids, _ in rows]) if rows else np.empty(0, dtype=np.int32)
        first = np.fromiter((n for _, n in rows), dtype=np.int32, count=len(rows))
        return Tokens(flat, starts, first)

    def encodings(self, texts: Sequence[str]) -> list[Any]:
        """Return the tokens of single texts and where they are in the text, cut to length."""
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


class WordTable:
    """Whole words and their vectors.

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
        """Return a word's position, or None if it is not in the table."""
        return self._numbers.get(word)

    def neighbour(self, number: int, rng: np.random.Generator) -> str:
        """Draw a word near the given one, nearer ones more often. Needs at least two words."""
        places, cumulative = self._neighbours
        rank = int(np.searchsorted(cumulative[number], rng.uniform()))
        return self.words[int(places[number, rank])]

    def between(self, first: IntArray, second: IntArray, share: FloatArray) -> list[str]:
        """Return the word nearest to each mix of two words; never the first of them.

        Only the second word and the neighbours of both are compared, so the whole table is
        searched once per word instead of once per mix.

        Args:
            first, second: shape (n,), positions of words.
            share: shape (n,), 0..1, share of the second word in the mix.
        Cost: n · (2k + 1) · d multiply-adds, with k neighbours per word.
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
        """Find each word's nearest neighbours, shape (m, k), and their cumulative probabilities."""
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
    """Return whether a token is a whole word: at least two letters, and nothing else.

    Examples:
        >>> is_word("film"), is_word("##ing"), is_word("a"), is_word("[SEP]")
        (True, False, False, False)
    """
    return len(token) > 1 and token.isalpha()
