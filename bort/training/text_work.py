"""Texts of a task to time networks with, from text to label."""

import numpy as np

from bort.core.progress import OnStep, ignore
from bort.core.study import TaskSpec
from bort.families import SearchSpace
from bort.latency.workload import STAND_FOR_ALL, Text, TextWork
from bort.tasks import load_task
from bort.training.fit import check_reads_text, check_vocabulary
from bort.training.pieces import pruned
from bort.training.readings import check_vocabularies, task_pieces
from bort.training.source import source_network
from bort.training.tokens import load_tokenizer, usual_length


def text_work(
    spec: TaskSpec, space: SearchSpace, *, batch_size: int, on_step: OnStep = ignore
) -> TextWork:
    """Choose texts of a task that stand for all, and the tokenizers of a space's vocabularies.

    Of single texts, eight: the middles of eight equal parts, sorted by length. Of batches, eight of
    texts drawn at random. Every tokenizer cuts texts where a search does by default, at the 95th
    percentile of the training texts' lengths in its own pieces.

    Raises: the errors of `load_task`, `source_network` and `check_vocabularies`.
    Cost: reads the training texts once per vocabulary; a second for 10,000.
    """
    check_reads_text(space)
    task, source = load_task(spec, on_step=on_step), source_network()
    check_vocabulary(source, space)
    check_vocabularies(task, source, space)
    full, longest = load_tokenizer(source.folder), int(source.config["max_position_embeddings"])
    tokenizers = {int(size): full for size in np.unique(space.vocabulary_sizes)}
    for size in space.vocabularies:
        tokenizers[size] = pruned(full, task_pieces(task, source).kept(size))
    for tokenizer in tokenizers.values():
        tokenizer.enable_truncation(usual_length(tokenizer, task.train, longest))
    texts: list[Text] = list(task.train.texts)
    if task.train.pairs is not None:
        texts = list(zip(task.train.texts, task.train.pairs, strict=True))
    return TextWork(task.name, _batches(texts, full, batch_size), tokenizers)


def _batches(texts: list[Text], tokenizer: object, size: int) -> tuple[tuple[Text, ...], ...]:
    if size > 1:
        rng = np.random.default_rng(0)
        rows = rng.choice(len(texts), (STAND_FOR_ALL, size), replace=len(texts) < 8 * size)
        return tuple(tuple(texts[row] for row in batch) for batch in rows.tolist())
    lengths = [len(e.ids) for e in tokenizer.encode_batch(texts)]  # type: ignore[attr-defined]
    order = np.argsort(lengths, kind="stable")
    places = len(order) * (2 * np.arange(STAND_FOR_ALL) + 1) // (2 * STAND_FOR_ALL)
    return tuple((texts[row],) for row in order[places].tolist())
