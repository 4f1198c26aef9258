"""Texts without labels to distil on: of the task, of the other named tasks, and made-up ones.

Nothing of the task's dev and audit splits gets in, nor any text that reads like one of them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bort.core.study import TaskSpec
from bort.tasks import Split, Task, list_tasks, load_task
from bort.tasks.task import UNLABELLED
from bort.training.augmentation import (
    Augmentation,
    Exchanger,
    IntArray,
    augmented,
    nearest_words,
    whole_words,
)
from bort.training.source import SourceNetwork
from bort.training.tokens import load_tokenizer

TABLE = "embeddings.word_embeddings.weight"


def with_unlabelled(
    task: Task, source: SourceNetwork, *, others: bool, augmentation: Augmentation | None, seed: int
) -> Task:
    """The task with a pool of unlabelled texts: its own, then other tasks', then made-up ones.

    Args:
        others: take the training texts of the named tasks that lie in the cache; nothing is
            fetched, and a task of two text columns gets none.
        augmentation: of the training texts and the pool; None adds none.
        seed: of the made-up texts.
    Cost: some seconds for 100,000 made-up texts; the source's embedding table is read.
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
        texts += made_up(firsts, source, augmentation, [seed, 0], vocabulary=both)
        if seconds:
            pairs += made_up(seconds, source, augmentation, [seed, 1], vocabulary=both)
    if not texts:
        return task
    labels = np.full(len(texts), UNLABELLED, dtype=np.int64)
    pool = Split(tuple(texts), tuple(pairs) if task.train.pairs is not None else None, labels)
    return replace(task, pool=pool)


def _other_texts(task: Task) -> list[str]:
    names = [info.name for info in list_tasks() if info.prepared and info.name != task.name]
    return [text for name in names for text in load_task(TaskSpec(task=name)).train.texts]


def _unlike(task: Task, texts: Iterable[str]) -> list[str]:
    """Those texts that no dev or audit text equals in its letters and digits."""
    held_out = {_plain(text) for split in (task.dev, task.audit) for text in split.texts}
    return [text for text in texts if _plain(text) not in held_out]


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def made_up(
    texts: Sequence[str],
    source: SourceNetwork,
    settings: Augmentation,
    seed: Sequence[int],
    *,
    vocabulary: Sequence[str],
) -> list[str]:
    """New texts from `texts`, in rounds: as many per round as there are texts, in their order.

    Args:
        vocabulary: texts whose words may be put in.
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


def _exchanger(
    tokenizer: Any, texts: Sequence[IntArray], source: SourceNetwork, settings: Augmentation
) -> Exchanger:
    """Exchanges among the whole words that occur in `texts`."""
    tokens = [tokenizer.id_to_token(i) or "" for i in range(tokenizer.get_vocab_size())]
    present = np.unique(np.concatenate(texts))
    words = present[whole_words(tokens)[present]]
    table = source.encoder_weights()[TABLE]
    near = nearest_words(table, words, count=settings.neighbours)
    return Exchanger(words, near, np.array([token.startswith("##") for token in tokens]))
