"""Mixes of two neighbours: a point between two texts, decoded back into a text.

[ours] With a pool, the mix of the two sentence vectors is decoded by retrieval: the pool text
nearest to it. Without one it is decoded by edits: some words of the first text become the word
nearest to the mix of themselves and a word of the second.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from bort.agora.loop.parts import Known, Proposals, Represent
from bort.agora.loop.retrieval import Pool, retrieved
from bort.agora.loop.values import FloatArray, Inputs, IntArray
from bort.agora.text.edits import SHARE, Place, editable, edited
from bort.agora.text.inputs import whole_texts
from bort.agora.text.tokens import TextTokens
from bort.agora.text.words import WordTable

PARTNERS = 10  # a text is mixed with one of its nearest so many
LEAST, MOST = 0.25, 0.75  # share of the partner in the mix


class Partners:
    """Texts to mix with, and who lies near whom.

    Args:
        items: m inputs, one or more.
        vectors: shape (m, d), unit length.
    """

    def __init__(self, items: Inputs, vectors: FloatArray) -> None:
        self.items, self.vectors = items, np.asarray(vectors, dtype=np.float32)

    def drawn(self, vectors: FloatArray, rng: np.random.Generator) -> IntArray:
        """For each vector one of its nearest items, shape (n,)."""
        similar = np.asarray(vectors, dtype=np.float32) @ self.vectors.T
        count = min(PARTNERS, len(self.items))
        near = np.argpartition(-similar, count - 1, axis=1)[:, :count]
        drawn: IntArray = near[np.arange(len(near)), rng.integers(0, count, size=len(near))]
        return drawn


class MixByRetrieval:
    """The unknown pool text nearest to the mix of a text and a neighbour of it."""

    name = "mix-retrieval"

    def __init__(self, pool: Pool, partners: Partners, represent: Represent) -> None:
        self._pool, self._partners, self._represent = pool, partners, represent

    def sample_near(
        self, points: Inputs, radius: float, rng: np.random.Generator, *, known: Known = frozenset()
    ) -> Proposals:
        """At most one pool text per point, none twice."""
        free = self._pool.free(known)
        if not len(points) or not free.any():
            return retrieved(self._pool, np.full(len(points), -1), self.name)
        vectors = self._represent(points)
        share = rng.uniform(LEAST, MOST, size=(len(points), 1))
        other = self._partners.vectors[self._partners.drawn(vectors, rng)]
        mixed = (1 - share) * vectors + share * other
        # As long as the vectors of texts are: between two of them lies the inside of the sphere.
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        mixed *= length / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12)
        picked = self._pool.pick(mixed, radius, rng, free=free, choices=1)
        return retrieved(self._pool, picked, self.name)


class MixByEdits:
    """Words of a text replaced by mixes of themselves with words of a neighbour."""

    name = "mix-edits"

    def __init__(
        self,
        words: WordTable,
        tokens: TextTokens,
        partners: Partners,
        represent: Represent,
        *,
        share: float = SHARE,
    ) -> None:
        self._words, self._tokens, self._share = words, tokens, share
        self._partners, self._represent = partners, represent

    def sample_near(
        self,
        points: Inputs,
        radius: float,  # noqa: ARG002
        rng: np.random.Generator,
        *,
        known: Known = frozenset(),  # noqa: ARG002
    ) -> Proposals:
        """One mix of each of `points` that has a word to replace, and whose partner has words."""
        if not len(points):
            return Proposals(points, np.empty(0, dtype=np.int64), ())
        drawn = self._partners.drawn(self._represent(points), rng)
        partners = whole_texts(self._partners.items[drawn])
        vocabulary = [
            np.array([place.word for place in places], dtype=np.int64)
            for places in editable(partners, self._tokens, self._words)
        ]
        able = np.flatnonzero([len(words) > 0 for words in vocabulary])

        def replace(
            numbers: Sequence[int], places: Sequence[Sequence[Place]], rng: np.random.Generator
        ) -> Iterator[str]:
            first = np.array([place.word for some in places for place in some], dtype=np.int64)
            second = [
                rng.choice(vocabulary[able[number]], size=len(some))
                for number, some in zip(numbers, places, strict=True)
            ]
            mixed = np.concatenate(second) if second else first
            share = rng.uniform(LEAST, MOST, size=len(first))
            return iter(self._words.between(first, mixed, share))

        made = edited(points[able], self._tokens, self._words, replace, self._share, rng, self.name)
        return Proposals(made.inputs, able[made.parents], made.samplers)
