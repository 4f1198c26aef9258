"""Vocabularies of any size for a task: which pieces of the source's WordPiece tokenizer to keep.

A small vocabulary keeps the pieces that the task's training and unlabelled texts use most; dev and
audit texts have no say. All other words are split into kept pieces. Every character of those texts
and all of ASCII are always kept, alone and as a continuation, so such texts have no unknown words.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_letters, digits, punctuation
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bort.core.errors import InvalidModelError, InvalidSpaceError

if TYPE_CHECKING:
    from bort.tasks import Task

IntArray = NDArray[np.int64]

ASCII = frozenset(ascii_letters + digits + punctuation)


@dataclass(frozen=True)
class PieceOrder:
    """The pieces of a tokenizer in the order in which a task keeps them.

    Attributes:
        ids: first those that are always kept, then the others by how often the task's texts use
            them, then those that they do not use by their id. Shape (vocabulary,).
        always: how many are always kept.
    """

    ids: IntArray
    always: int

    def kept(self, size: int) -> IntArray:
        """Return the ids of a vocabulary of `size` pieces, ascending, shape (size,).

        A smaller vocabulary is part of every larger one.

        Raises:
            InvalidSpaceError: that is fewer than are always kept, or more than there are.
        """
        if not self.always <= size <= len(self.ids):
            raise InvalidSpaceError(
                f"a vocabulary of {size} is impossible for this task: the texts' characters and "
                f"the special tokens alone are {self.always}, and the source network has "
                f"{len(self.ids)}; list numbers in this range"
            )
        return np.sort(self.ids[:size])


def piece_order(task: "Task", tokenizer: Any) -> PieceOrder:
    """Order the pieces of `tokenizer` by how often the task's training and unlabelled texts use
    them.

    Args:
        tokenizer: a `tokenizers.Tokenizer` with a WordPiece model, without truncation.
    Raises:
        InvalidModelError: the tokenizer has another model.
    Cost: tokenises the texts once; a second for 10,000.
    """
    model = _wordpiece(json.loads(tokenizer.to_str()))
    texts = _learned_from(task)
    used = np.zeros(1 + max(tokenizer.get_vocab().values()), dtype=np.int64)
    for encoding in tokenizer.encode_batch(texts, add_special_tokens=False):
        np.add.at(used, encoding.ids, 1)
    characters = ASCII | _characters(tokenizer, texts)
    special = {str(token) for token in tokenizer.get_added_tokens_decoder().values()}
    special |= {model["unk_token"]}
    pieces = tokenizer.get_vocab()
    prefix = model["continuing_subword_prefix"]
    kept = {p for p in pieces if p in special or p.removeprefix(prefix) in characters}

    def place(piece: str) -> tuple[int, bool, int]:
        # Of the pieces that the texts do not use, words come first, then other scripts' characters.
        is_last = len(piece.removeprefix(prefix)) == 1 or piece.startswith("[unused")
        return -int(used[pieces[piece]]), is_last, pieces[piece]

    order = [*sorted(kept, key=pieces.__getitem__), *sorted(pieces.keys() - kept, key=place)]
    return PieceOrder(np.array([pieces[p] for p in order], dtype=np.int64), len(kept))


def pruned(tokenizer: Any, kept: IntArray) -> Any:
    """Make a tokenizer that knows only some pieces, numbered by their place in `kept`.

    A text that the full tokenizer reads as kept pieces only gets the same pieces: both take the
    longest piece that fits.

    Args:
        tokenizer: a `tokenizers.Tokenizer` with a WordPiece model.
        kept: ids of the pieces, ascending; includes all special tokens.
    Raises:
        InvalidModelError: the tokenizer has another model, or adds special tokens in a way that
            cannot be renumbered.
    """
    from tokenizers import Tokenizer

    content = json.loads(tokenizer.to_str())
    model = _wordpiece(content)
    number = {int(old): new for new, old in enumerate(kept)}
    model["vocab"] = {piece: number[old] for piece, old in model["vocab"].items() if old in number}
    for token in content["added_tokens"]:
        token["id"] = number[token["id"]]
    _renumber(content["post_processor"], number)
    return Tokenizer.from_str(json.dumps(content))


def continuations(tokenizer: Any) -> NDArray[np.bool_]:
    """Mark the pieces that continue a word, by id.

    Args:
        tokenizer: a `tokenizers.Tokenizer` with a WordPiece model.
    """
    prefix = _wordpiece(json.loads(tokenizer.to_str()))["continuing_subword_prefix"]
    pieces = tokenizer.get_vocab()
    continues = np.zeros(1 + max(pieces.values()), dtype=np.bool_)
    continues[[number for piece, number in pieces.items() if piece.startswith(prefix)]] = True
    return continues


@dataclass(frozen=True, slots=True)
class VocabularyFacts:
    """What a vocabulary does to texts.

    Attributes:
        size: the number of pieces.
        split: share of the words that become several pieces.
        unknown: share of the words that become the unknown token.
        median_length, long_length: tokens per text, special tokens included: the median and the
            95th percentile.
    """

    size: int
    split: float
    unknown: float
    median_length: float
    long_length: float


def vocabulary_facts(tokenizer: Any, kept: IntArray, texts: Sequence[Any]) -> VocabularyFacts:
    """Read `texts` with a vocabulary, and count.

    Args:
        tokenizer: the full one, without truncation.
        kept: see `pruned`.
        texts: strings or pairs of strings, one or more.
    """
    own = pruned(tokenizer, kept)
    unknown = own.token_to_id(_wordpiece(json.loads(own.to_str()))["unk_token"])
    continues = continuations(own)
    added = own.num_special_tokens_to_add(isinstance(texts[0], tuple))
    ids = [np.array(e.ids) for e in own.encode_batch(list(texts), add_special_tokens=False)]
    flat = np.concatenate([[unknown], *ids]).astype(np.int64)[1:]
    is_more = continues[flat]
    words = max(1, int((~is_more).sum()))
    lengths = np.array([len(one) for one in ids]) + added
    return VocabularyFacts(
        size=len(kept),
        split=int((is_more[1:] & ~is_more[:-1]).sum()) / words,
        unknown=int((flat == unknown).sum()) / words,
        median_length=float(np.median(lengths)),
        long_length=float(np.percentile(lengths, 95)),
    )


def _learned_from(task: "Task") -> list[str]:
    """List the texts that a vocabulary may depend on."""
    splits = [task.train, *([task.pool] if task.pool is not None else [])]
    return [text for split in splits for text in (*split.texts, *(split.pairs or ()))]


def _characters(tokenizer: Any, texts: Sequence[str]) -> frozenset[str]:
    normaliser = tokenizer.normalizer
    found: set[str] = set()
    for text in texts:
        found.update(text if normaliser is None else normaliser.normalize_str(text))
    return frozenset(found)


def _wordpiece(content: Mapping[str, Any]) -> dict[str, Any]:
    model: dict[str, Any] = content["model"]
    if model["type"] != "WordPiece":
        raise InvalidModelError(
            f"the source network's tokenizer is of type {model['type']}, but only WordPiece "
            "vocabularies can be made smaller; choose a BERT as the source network"
        )
    return model


def _renumber(processor: dict[str, Any] | None, number: Mapping[int, int]) -> None:
    """Renumber the special tokens that a post-processor adds, in place."""
    kind = None if processor is None else processor["type"]
    if processor is None:
        return
    if kind == "TemplateProcessing":
        for token in processor["special_tokens"].values():
            token["ids"] = [number[old] for old in token["ids"]]
    elif kind == "BertProcessing":
        for name in ("sep", "cls"):
            token, old = processor[name]
            processor[name] = [token, number[old]]
    else:
        raise InvalidModelError(
            f"the source network's tokenizer adds special tokens by {kind}, which cannot be "
            "renumbered; choose a BERT as the source network"
        )
