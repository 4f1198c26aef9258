"""Texts of a task to time networks with, from text to label."""

import hashlib
import json

import numpy as np

from bort.core.progress import OnStep, ignore
from bort.core.study import StudySpec, TaskSpec
from bort.families import SearchSpace
from bort.latency.workload import STAND_FOR_ALL, Text, TextSource, TextWork
from bort.tasks import load_task
from bort.training.fit import check_reads_text, check_vocabulary
from bort.training.pieces import pruned
from bort.training.readings import check_vocabularies, task_pieces
from bort.training.source import source_network
from bort.training.tokens import load_tokenizer, usual_length


def text_source(study: StudySpec, *, on_step: OnStep = ignore) -> TextSource | None:
    """The texts that a study's latency is measured with; None if it is that of the network alone.

    Raises: the errors of `load_task`; reading them, those of `text_work`.
    """
    if not study.latency.text_to_label:
        return None
    task, training = load_task(study.task, on_step=on_step), study.training
    facts = [task.training_digest, training.source, training.max_length]
    return TextSource(
        hashlib.sha256(json.dumps(facts).encode()).hexdigest(),
        lambda: text_work(
            study.task,
            SearchSpace.from_dict(study.space),
            batch_size=study.latency.batch_size,
            source=training.source,
            max_length=training.max_length,
            on_step=on_step,
        ),
    )


def text_work(
    spec: TaskSpec,
    space: SearchSpace,
    *,
    batch_size: int,
    source: str | None = None,
    max_length: int | None = None,
    on_step: OnStep = ignore,
) -> TextWork:
    """Choose texts of a task that stand for all, and the tokenizers of a space's vocabularies.

    Of single texts, eight: the middles of eight equal parts, sorted by length. Of batches, eight of
    texts drawn at random. Every tokenizer cuts texts where a search does, by default at the 95th
    percentile of the training texts' lengths in its own pieces. The source network's whole
    vocabulary is always among them, for teachers.

    Args:
        source, max_length: as in `TrainingSpec`.
    Raises: the errors of `load_task`, `source_network` and `check_vocabularies`.
    Cost: reads the training texts once per vocabulary; a second for 10,000.
    """
    check_reads_text(space)
    task, network = load_task(spec, on_step=on_step), source_network(source)
    check_vocabulary(network, space)
    check_vocabularies(task, network, space)
    full, longest = load_tokenizer(network.folder), int(network.config["max_position_embeddings"])
    tokenizers = {int(size): full for size in np.unique(space.vocabulary_sizes)}
    tokenizers[int(network.config["vocab_size"])] = full
    for size in space.vocabularies:
        tokenizers[size] = pruned(full, task_pieces(task, network).kept(size))
    for tokenizer in tokenizers.values():
        length = max_length or usual_length(tokenizer, task.train, longest)
        tokenizer.enable_truncation(length)
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
