"""Unlabelled texts for distillation: the task's own, other tasks', and synthetic ones.

Synthetic texts replace words with their neighbours in the source network's embedding table. The
teacher labels them, so a changed meaning does no harm: the student learns what the teacher answers
near the training texts. Dev and audit texts have no part in it, and other tasks' texts that read
like one are left out.

Source: word exchange as in TinyBERT (Jiao et al. 2020), which uses BERT's own guesses for words of
several tokens; splicing two texts is our own.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bort.core.study import TaskSpec
from bort.tasks import Split, Task, list_tasks, load_task
from bort.tasks.task import UNLABELLED
from bort.training.source import SourceNetwork
from bort.training.tokens import load_tokenizer

IntArray = NDArray[np.int64]

TABLE = "embeddings.word_embeddings.weight"
BLOCK = 1024  # rows of similarities computed at once: 56 MB for the tokens of movie reviews


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """The settings for making synthetic texts.

    Attributes:
        copies: synthetic texts per text.
        exchanged: share of the words to replace.
        neighbours: how many nearest neighbours of a word to draw from.
        spliced: share of synthetic texts that join the start of one text to the end of another.
    """

    copies: int
    exchanged: float = 0.3
    neighbours: int = 10
    spliced: float = 0.25


def with_unlabelled(
    task: Task, source: SourceNetwork, *, others: bool, augmentation: Augmentation | None, seed: int
) -> Task:
    """Add a pool of unlabelled texts to the task: its own, then other tasks', then synthetic ones.

    Args:
        others: add the training texts of the named tasks in the cache; downloads nothing. A task
            with two text columns gets none.
        augmentation: how to make synthetic texts from the training texts and the pool; None makes
            none.
    Cost: a few seconds for 100,000 synthetic texts; reads the source network's embedding table.
    """
    own = task.pool
    texts = list(own.texts) if own else []
    pairs = list(own.pairs) if own and own.pairs else []
    if others and task.train.pairs is None:
        texts += _unlike(task, _other_texts(task))
    if augmentation is not None and augmentation.copies:
        known = [task.train, *([own] if own else [])]
        firsts = [text for split in known for text in split.texts]
        seconds = [text for split in known for text in split.pairs or ()]
        both = [*firsts, *seconds]
        texts += synthetic_texts(firsts, source, augmentation, [seed, 0], vocabulary=both)
        if seconds:
            pairs += synthetic_texts(seconds, source, augmentation, [seed, 1], vocabulary=both)
    if not texts:
        return task
    labels = np.full(len(texts), UNLABELLED, dtype=np.int64)
    pool = Split(tuple(texts), tuple(pairs) if task.train.pairs is not None else None, labels)
    return replace(task, pool=pool)


def _other_texts(task: Task) -> list[str]:
    names = [info.name for info in list_tasks() if info.prepared and info.name != task.name]
    return [text for name in names for text in load_task(TaskSpec(task=name)).train.texts]


def _unlike(task: Task, texts: Iterable[str]) -> list[str]:
    """Drop texts with the same letters and digits as a dev or audit text."""
    held_out = {_normalised(text) for split in (task.dev, task.audit) for text in split.texts}
    return [text for text in texts if _normalised(text) not in held_out]


def _normalised(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def synthetic_texts(
    texts: Sequence[str],
    source: SourceNetwork,
    settings: Augmentation,
    seed: Sequence[int],
    *,
    vocabulary: Sequence[str],
) -> list[str]:
    """Make synthetic texts in rounds. Each round makes one per text, in the order of `texts`.

    Args:
        vocabulary: texts that provide the replacement words.
    """
    tokenizer = load_tokenizer(source.folder)
    ids = _ids(tokenizer, texts)
    exchanger = _exchanger(tokenizer, _ids(tokenizer, vocabulary), source, settings)
    new = augmented(ids, exchanger, settings, np.random.default_rng(list(seed)))
    found: list[str] = tokenizer.decode_batch([part.tolist() for part in new])
    return found


def _ids(tokenizer: Any, texts: Sequence[str]) -> list[IntArray]:
    found = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [np.array(encoding.ids, dtype=np.int64) for encoding in found]


def nearest_words(table: Tensor, words: IntArray, *, count: int) -> IntArray:
    """Find the nearest neighbours of each word among `words` by cosine, nearest first.

    Args:
        table: embeddings, shape (vocabulary, hidden).
        words: ids of whole words, ascending, shape (w,).
        count: how many neighbours; fewer if there are fewer words.
    Returns:
        Ids, shape (w, count).
    Cost: w² products, 3 s for 13,000 words of 384 dimensions.
    """
    if not len(words):
        return np.empty((0, 0), dtype=np.int64)
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
    """Mark the tokens of a WordPiece vocabulary that are whole words, shape (len(tokens),)."""
    return np.array([token.isalpha() for token in tokens], dtype=bool)


class Exchanger:
    """Makes new token sequences from old ones.

    Args:
        words: ids that may be replaced, ascending, shape (w,).
        neighbours: ids to replace each word with, shape (w, k).
        is_continuation: which tokens of the vocabulary continue a word ("##ing"), shape
            (vocabulary,). A word followed by one of them is left alone.
    """

    def __init__(
        self, words: IntArray, neighbours: IntArray, is_continuation: NDArray[np.bool_]
    ) -> None:
        self._place = np.full(len(is_continuation), -1, dtype=np.int64)
        self._place[words] = np.arange(len(words))
        self._neighbours, self._continues = neighbours, is_continuation

    def exchanged(self, ids: IntArray, share: float, rng: np.random.Generator) -> IntArray:
        """Replace a share of the replaceable words in `ids`, at least one."""
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
        """Join the start of one sequence to the end of another, each cut between words."""
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
    """Make `settings.copies` new token sequences per text, without special tokens, in rounds."""
    new = []
    for _ in range(settings.copies):
        for ids in texts:
            base = ids
            if rng.random() < settings.spliced:
                base = exchanger.spliced(ids, texts[int(rng.integers(len(texts)))], rng)
            new.append(exchanger.exchanged(base, settings.exchanged, rng))
    return new


def _exchanger(
    tokenizer: Any, texts: Sequence[IntArray], source: SourceNetwork, settings: Augmentation
) -> Exchanger:
    """Make an exchanger over the whole words that occur in `texts`."""
    tokens = [tokenizer.id_to_token(i) or "" for i in range(tokenizer.get_vocab_size())]
    present = np.unique(np.concatenate(texts))
    words = present[whole_words(tokens)[present]]
    table = source.encoder_weights()[TABLE]
    near = nearest_words(table, words, count=settings.neighbours)
    return Exchanger(words, near, np.array([token.startswith("##") for token in tokens]))
