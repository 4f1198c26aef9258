"""A task's texts as networks with vocabularies of different sizes read them."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from bort.core.errors import InvalidModelError
from bort.core.files import load_arrays, save_arrays
from bort.core.paths import cache
from bort.core.study import TaskSpec
from bort.families import OWN_NETWORKS, SearchSpace
from bort.tasks import Task, load_task
from bort.training.fit import check_vocabulary
from bort.training.pieces import (
    PieceOrder,
    VocabularyFacts,
    piece_order,
    pruned,
    vocabulary_facts,
)
from bort.training.source import SourceNetwork, source_network
from bort.training.tokens import EncodedTask, encode_task, load_tokenizer

FORMAT = 1  # part of the cache key; raise it when the order changes
VOCABULARY = "vocabulary"


def task_pieces(task: Task, source: SourceNetwork) -> PieceOrder:
    """Order the pieces of the source's tokenizer for a task, or read the order from the cache.

    Raises:
        InvalidModelError: the source has no WordPiece tokenizer.
    """
    key = json.dumps([FORMAT, task.digest, source.digest])
    path = cache() / "pieces" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"
    known = load_arrays(path)
    if known is None:
        found = piece_order(task, load_tokenizer(source.folder))
        known = {"ids": found.ids, "always": np.array(found.always)}
        save_arrays(path, known)
    return PieceOrder(known["ids"], int(known["always"]))


def check_vocabularies(task: Task, source: SourceNetwork, space: SearchSpace) -> None:
    """Check that the source network and the task allow all vocabularies of the space.

    Raises:
        InvalidModelError: the source has fewer pieces, or no WordPiece tokenizer.
        InvalidSpaceError: a vocabulary is smaller than the pieces that are always kept.
    """
    if not space.vocabularies:
        return
    rows = int(source.config.get("vocab_size", 0))
    sizes, order = space.vocabularies, task_pieces(task, source)
    for size in (min(sizes), max(sizes)):
        order.kept(size)
    if len(order.ids) > rows:
        raise InvalidModelError(
            f"the tokenizer of {source.name} has {len(order.ids)} pieces, but the network has "
            f"{rows} embeddings; use the tokenizer that belongs to the network"
        )


def tokenizer_bytes(task: Task, source: SourceNetwork, space: SearchSpace) -> dict[str, int]:
    """Count the bytes of tokenizer.json as exported, by each size of vocabulary in the space.

    Cost: the first time, orders the task's pieces; then 0.1 s per vocabulary.
    """
    full = load_tokenizer(source.folder)
    whole = len(full.to_str().encode())
    fixed = [part.fixed[VOCABULARY] for part in space.parts if VOCABULARY in part.fixed]
    counted = {str(size): whole for size in fixed}
    if not space.vocabularies:
        return counted
    order = task_pieces(task, source)
    return counted | {
        str(size): len(pruned(full, order.kept(size)).to_str().encode())
        for size in space.vocabularies
    }


def vocabularies_of(space: SearchSpace, spec: TaskSpec) -> tuple[VocabularyFacts, ...]:
    """Read a task's training texts with each vocabulary of a space, or with the source's.

    The source network is the default one.

    Raises: the errors of `load_task`, `source_network` and `check_vocabularies`.
    Cost: tokenises the texts once per vocabulary; a second for 10,000.
    """
    task, source = load_task(spec), source_network()
    check_vocabulary(source, space)
    check_vocabularies(task, source, space)
    order, tokenizer = task_pieces(task, source), load_tokenizer(source.folder)
    texts: Sequence[Any] = task.train.texts
    if task.train.pairs is not None:
        texts = list(zip(task.train.texts, task.train.pairs, strict=True))
    sizes = space.vocabularies or (len(order.ids),)
    return tuple(vocabulary_facts(tokenizer, order.kept(size), texts) for size in sizes)


class Readings:
    """Reads a task's texts, once per vocabulary.

    Args:
        task: the texts to read.
        source: its tokenizer has all pieces.
        order: see `task_pieces`; another task's order may read this task's texts.
        max_length: most tokens per text; None uses the training texts' 95th percentile under each
            vocabulary, because smaller vocabularies split more words.
        longest: the most tokens that a network can read.
    """

    def __init__(
        self,
        task: Task,
        source: SourceNetwork,
        order: PieceOrder,
        *,
        max_length: int | None,
        longest: int,
    ) -> None:
        self._task, self._source, self.order = task, source, order
        self._max_length, self._longest = max_length, longest
        self._known: dict[tuple[int, bool], EncodedTask] = {}

    def over(self, task: Task) -> "Readings":
        """Read another task with the same vocabularies, and the same length if it has the same
        training texts.
        """
        return Readings(
            task,
            self._source,
            self.order,
            max_length=self._max_length,
            longest=self._longest,
        )

    def of(self, size: int, family: str) -> EncodedTask:
        """Return the texts in the pieces of a vocabulary, as networks of a family read them.

        Networks of our own keep pieces that do not occur in the task; see `encode_task`.
        Cost: the first time a task is read with a vocabulary, a second for 10,000 texts.
        """
        only_used = family not in OWN_NETWORKS
        if (size, only_used) not in self._known:
            self._known[size, only_used] = encode_task(
                self._task,
                self._source.folder,
                digest=self._source.digest,
                max_length=self._max_length,
                longest=self._longest,
                pieces=self.order.kept(size),
                only_used=only_used,
            )
        return self._known[size, only_used]
