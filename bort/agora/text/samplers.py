"""Samplers for texts: edits of words, mixes of two texts, and the samplers by name.

Edits [ours] replace words with words near them in the embedding table. Only single-token words are
replaced, so the new text tokenises to exactly the chosen tokens. The labeler decides what an edit
does to the label: "bad" is near "good".

Mixes [ours] are between a text and one of its neighbours. With a pool, we mix the two sentence
vectors and take the nearest pool text. Without a pool, some words of the first text are mixed with
words of the second: each becomes the word nearest to the mix.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from bort.agora.loop import Inputs, Proposals, Represent, Sampler, Value, as_inputs, as_values
from bort.agora.loop.parts import Known
from bort.agora.loop.samplers import MixtureSampler, Pool, RetrievalSampler
from bort.agora.loop.values import FloatArray, IntArray, joined
from bort.agora.text.data import whole_texts
from bort.agora.text.spec import SHARES
from bort.agora.text.tokens import TextTokens, WordTable
from bort.core.errors import InvalidOptionError

SHARE = 0.4  # largest share of a text's words to replace, measured: docs/agora.md, "Token edits"
PARTNERS = 10  # a text is mixed with one of this many nearest texts
LEAST, MOST = 0.25, 0.75  # the partner's share in the mix


class Place(NamedTuple):
    """A word in a text: where it starts and stops, and its number in the table."""

    start: int
    stop: int
    word: int


Replace = Callable[[Sequence[int], Sequence[Sequence[Place]], np.random.Generator], Iterator[str]]
"""Takes the positions of points and the places to edit in each; returns a new word per place."""


class EditSampler:
    """Replaces up to `share` of a text's words; of a pair, it edits one of the two texts.

    Args:
        words: the words that may be written into a new text.
        tokens: tokenises texts; what it cuts off is not edited.
        share: 0..1.
    """

    name = "token-edits"

    def __init__(self, words: WordTable, tokens: TextTokens, *, share: float = SHARE) -> None:
        self._words, self._tokens, self._share = words, tokens, share

    def sample_near(
        self,
        points: Inputs,
        radius: float,  # noqa: ARG002
        rng: np.random.Generator,
        *,
        known: Known = frozenset(),  # noqa: ARG002
    ) -> Proposals:
        """Propose one edit of each of `points` that has a word to replace."""
        return edited(points, self._tokens, self._words, self._replace, self._share, rng, self.name)

    def _replace(
        self,
        points: Sequence[int],  # noqa: ARG002
        places: Sequence[Sequence[Place]],
        rng: np.random.Generator,
    ) -> Iterator[str]:
        return (self._words.neighbour(place.word, rng) for some in places for place in some)


def edited(
    points: Inputs,
    tokens: TextTokens,
    words: WordTable,
    replace: Replace,
    share: float,
    rng: np.random.Generator,
    name: str,
) -> Proposals:
    """Edit each of `points` at random places; skip texts without a replaceable word."""
    if len(words) < 2 or not len(points):
        return Proposals(points[:0], np.empty(0, dtype=np.int64), ())
    values = as_values(points)
    columns = rng.integers(0, 2, size=len(values)) if points.ndim == 2 else [None] * len(values)
    texts = [_column(v, c) for v, c in zip(values, columns, strict=True)]
    replaceable = editable(texts, tokens, words)
    parents = [number for number, places in enumerate(replaceable) if places]
    chosen = [_some(replaceable[number], share, rng) for number in parents]
    new = replace(parents, chosen, rng)
    found = [
        _with_column(
            values[number],
            columns[number],
            written(texts[number], places, list(islice(new, len(places)))),
        )
        for number, places in zip(parents, chosen, strict=True)
    ]
    inputs = as_inputs(found) if found else points[:0]
    return Proposals(inputs, np.array(parents, dtype=np.int64), (name,) * len(found))


def editable(texts: Sequence[str], tokens: TextTokens, words: WordTable) -> list[list[Place]]:
    """Find each text's single-token words that are in the table."""
    different = list(dict.fromkeys(texts))  # a dev error is edited several times in a round
    encodings = tokens.encodings(different)
    found = {
        text: _places(encoding, words) for text, encoding in zip(different, encodings, strict=True)
    }
    return [found[text] for text in texts]


def _places(encoding: Any, words: WordTable) -> list[Place]:
    pieces = np.bincount([w for w in encoding.word_ids if w is not None], minlength=1)
    numbers = map(words.number, encoding.tokens)
    return [
        Place(span[0], span[1], number)
        for number, span, word in zip(numbers, encoding.offsets, encoding.word_ids, strict=True)
        if number is not None and word is not None and pieces[word] == 1
    ]


def written(text: str, places: Sequence[Place], words: Sequence[str]) -> str:
    """Write `words` into `text` at `places`, which are in order; keeps capitals.

    Examples:
        >>> written("Good film", [Place(0, 4, 0)], ["fine"])
        'Fine film'
    """
    parts: list[str] = []
    end = 0
    for place, word in zip(places, words, strict=True):
        is_capital = text[place.start : place.start + 1].isupper()
        parts += [text[end : place.start], word.capitalize() if is_capital else word]
        end = place.stop
    return "".join([*parts, text[end:]])


def _some(places: Sequence[Place], share: float, rng: np.random.Generator) -> list[Place]:
    """Draw at least one place; how many is random too, up to `share`."""
    count = max(1, round(rng.uniform() * share * len(places)))
    chosen = np.sort(rng.choice(len(places), size=count, replace=False))
    return [places[number] for number in chosen.tolist()]


def _column(value: Value, column: int | None) -> str:
    return str(value if column is None else value[column])


def _with_column(value: Value, column: int | None, text: str) -> Value:
    if column is None:
        return text
    first, second = map(str, value)
    return (text, second) if column == 0 else (first, text)


class Partners:
    """Texts to mix with.

    Args:
        items: m inputs, at least one.
        vectors: shape (m, d), unit length.
    """

    def __init__(self, items: Inputs, vectors: FloatArray) -> None:
        self.items, self.vectors = items, np.asarray(vectors, dtype=np.float32)

    def drawn(self, vectors: FloatArray, rng: np.random.Generator) -> IntArray:
        """Draw one of the items nearest to each vector, shape (n,)."""
        similar = np.asarray(vectors, dtype=np.float32) @ self.vectors.T
        count = min(PARTNERS, len(self.items))
        near = np.argpartition(-similar, count - 1, axis=1)[:, :count]
        drawn: IntArray = near[np.arange(len(near)), rng.integers(0, count, size=len(near))]
        return drawn


class MixByRetrieval(RetrievalSampler):
    """Proposes the unknown pool text nearest to the mix of a text and one of its neighbours."""

    name = "mix-retrieval"

    def __init__(self, pool: Pool, partners: Partners, represent: Represent) -> None:
        super().__init__(pool, represent, choices=1)
        self._partners = partners

    def _queries(self, points: Inputs, rng: np.random.Generator) -> FloatArray:
        vectors = self._represent(points)
        share = rng.uniform(LEAST, MOST, size=(len(points), 1))
        other = self._partners.vectors[self._partners.drawn(vectors, rng)]
        mixed: FloatArray = (1 - share) * vectors + share * other
        # Rescaled to the texts' length, because the mix itself is inside the sphere.
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        mixed *= length / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12)
        return mixed


class MixByEdits:
    """Replaces a text's words with mixes of them and words of one of its neighbours."""

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
        """Propose one mix for each of `points`, if it and its partner have words to replace."""
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


class Proposers:
    """Makes samplers by name, in any space.

    Args:
        words: the words that may be written into new texts.
        train: training inputs, at least one.
        pool: unlabelled inputs; may be empty.

    Attributes:
        items: training inputs, then the pool.
    """

    def __init__(self, tokens: TextTokens, words: WordTable, train: Inputs, pool: Inputs) -> None:
        self._tokens, self._words, self._pool_items = tokens, words, pool
        self.items = joined([train, pool])

    def sampler(self, name: str, represent: Represent) -> Sampler:
        """Make the sampler of that name, one of `bort.agora.text.spec.SAMPLERS`.

        Raises:
            InvalidOptionError: it is "retrieval", and there is no pool.
        Cost: one representation of each training and pool text.
        """
        if name == "edits":
            return EditSampler(self._words, self._tokens)
        if name == "retrieval" and not len(self._pool_items):
            raise InvalidOptionError(
                "there is no pool of unlabelled texts to retrieve from; keep fewer labels with "
                "--labelled, add --pool FILE, or choose --sampler edits"
            )
        if name == "retrieval":
            return RetrievalSampler(self._pool(represent), represent)
        if name == "mix":
            return self._mix(represent)
        if not len(self._pool_items):
            made = {"edits": self.sampler("edits", represent), "mix": self._mix(represent)}
        else:
            pool = self._pool(represent)
            made = {
                "retrieval": RetrievalSampler(pool, represent),
                "edits": self.sampler("edits", represent),
                "mix": MixByRetrieval(pool, self._partners(represent), represent),
            }
        return MixtureSampler([(sampler, SHARES[key]) for key, sampler in made.items()])

    def _mix(self, represent: Represent) -> Sampler:
        partners = self._partners(represent)
        if len(self._pool_items):
            return MixByRetrieval(self._pool(represent), partners, represent)
        return MixByEdits(self._words, self._tokens, partners, represent)

    def _pool(self, represent: Represent) -> Pool:
        return Pool(self._pool_items, represent(self._pool_items))

    def _partners(self, represent: Represent) -> Partners:
        return Partners(self.items, represent(self.items))
