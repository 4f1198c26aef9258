"""Token edits: some words of a text replaced by words near them in the embedding table.

[ours] Only words that are one token are replaced, so that the new text reads back as the tokens
that were chosen. What an edit does to the label is for the labeler to say: near "good" lies "bad".
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from bort.agora.loop.parts import Known, Proposals
from bort.agora.loop.values import Inputs, Value, as_inputs, as_values
from bort.agora.text.tokens import TextTokens
from bort.agora.text.words import WordTable

SHARE = 0.4  # of a text's words replaced at most, measured: docs/agora.md, "Token edits"


class Place(NamedTuple):
    """A word in a text: from character to character, and its number in the table."""

    start: int
    stop: int
    word: int


Replace = Callable[[Sequence[int], Sequence[Sequence[Place]], np.random.Generator], Iterator[str]]
"""Positions of some points, and the places to edit in each: a new word for every place."""


class EditSampler:
    """Replaces up to `share` of a text's words; of a pair, those of one of the two texts.

    Args:
        words: the words that may stand in a new text.
        tokens: reads texts; what is cut off is not edited.
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
        """One edit of each of `points` that has a word to replace."""
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
    """Edit each of `points` at random places; texts without a replaceable word are left out."""
    if len(words) < 2 or not len(points):
        return Proposals(points[:0], np.empty(0, dtype=np.int64), ())
    values = as_values(points)
    columns = rng.integers(0, 2, size=len(values)) if points.ndim == 2 else [None] * len(values)
    texts = [_column(v, c) for v, c in zip(values, columns, strict=True)]
    candidates = editable(texts, tokens, words)
    parents = [number for number, places in enumerate(candidates) if places]
    chosen = [_some(candidates[number], share, rng) for number in parents]
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
    """The words of each text that are one token and stand in the table."""
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
    """`text` with `words` at `places`, which are in order; a capital stays a capital.

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
    """One place or more, up to a share of all that is drawn itself."""
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
