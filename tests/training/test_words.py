"""Matching the words of texts that two networks split into different pieces."""

import csv
from itertools import pairwise

import numpy as np
import pytest
import tiny
import torch

from bort.core.study import TaskSpec
from bort.tasks import load_task
from bort.training.distillation import DistillationWeights, distillation
from bort.training.fine_tuning import classifier_over
from bort.training.loop import Examples, TrainingBatch, TrainingSettings, inputs_of, train
from bort.training.pieces import piece_order, pruned
from bort.training.source import source_network
from bort.training.tokens import encode_task, load_tokenizer
from bort.training.words import WordMatch, word_kinds

ONLY_STREAM = DistillationWeights(answers=0.0)


@pytest.fixture(scope="module")
def spelling(tmp_path_factory):
    """A source network that can spell every word."""
    folder = tmp_path_factory.mktemp("spelling") / "source"
    return source_network(str(tiny.write_source(folder, (*tiny.VOCABULARY, *tiny.LETTERS))))


@pytest.fixture(params=["single texts", "pairs"])
def task(request, place, tmp_path):
    found = load_task(TaskSpec(task=str(place / "reviews.csv")))
    if request.param == "single texts":
        return found
    path = tmp_path / "pairs.csv"
    texts = [text for text in found.train.texts if len(text) < 70]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = [(a, b, i % 2) for i, (a, b) in enumerate(pairwise(texts))]
        csv.writer(file).writerows([("one", "two", "label"), *rows])
    return load_task(TaskSpec(task=str(path), text=("one", "two"), label="label"))


@pytest.fixture
def readings(task, spelling):
    """The task in the full vocabulary and in one of 62 pieces; texts are cut off in both."""

    def read(pieces, length):
        return encode_task(
            task,
            spelling.folder,
            digest=spelling.digest,
            max_length=length,
            longest=32,
            pieces=pieces,
            only_used=True,
        )

    small = piece_order(task, load_tokenizer(spelling.folder)).kept(62)
    return read(None, 12), read(small, 24)


def match_of(own, theirs, source):
    tokenizer = load_tokenizer(source.folder)
    kinds = [word_kinds(encoded, tokenizer) for encoded in (own, theirs)]
    return WordMatch(theirs.all_texts, theirs.padding, *kinds)


def batch_of(encoded, rows):
    rows = np.array(rows)
    inputs = inputs_of(encoded.splits["train"], rows, encoded.padding, torch.device("cpu"))
    return TrainingBatch(*inputs, torch.empty(len(rows), 0), rows)


def means_by_word(encoded, source, task, rows, states):
    """Average states over words with the tokenizer's own record of what it split."""
    tokenizer = load_tokenizer(source.folder)
    if encoded.pieces is not None:
        tokenizer = pruned(tokenizer, encoded.pieces)
    tokenizer.enable_truncation(encoded.max_length)
    found = {}
    for place, row in enumerate(rows):
        pairs = task.train.pairs
        text = task.train.texts[row]
        read = tokenizer.encode(text) if pairs is None else tokenizer.encode(text, pairs[row])
        for token, (word, segment) in enumerate(zip(read.word_ids, read.type_ids, strict=True)):
            name = read.tokens[token] if word is None else word
            found.setdefault((place, segment, name), []).append(states[place, token])
    return {key: torch.stack(rows).mean(0) for key, rows in found.items()}


def test_words_are_those_of_the_tokenizer(readings, spelling, task):
    theirs, own = readings
    rows = [3, 0, 7, 8]
    match, batch = match_of(own, theirs, spelling), batch_of(own, rows)
    read = match.read(batch)
    assert batch.ids.shape != read[0].shape
    states = [torch.randn(*ids.shape, 5) for ids in (batch.ids, read[0])]
    expected = [
        means_by_word(encoded, spelling, task, rows, one)
        for encoded, one in zip((own, theirs), states, strict=True)
    ]
    shared = expected[0].keys() & expected[1].keys()
    assert len(shared) < max(len(one) for one in expected)  # some words are cut off
    assert {"[CLS]", "[SEP]"} < {name for _, _, name in shared}
    picked = [pick(one) for pick, one in zip(match.picks(batch, read), states, strict=True)]
    pairs = torch.cat(picked, dim=1)
    wanted = torch.stack([torch.cat([one[key] for one in expected]) for key in shared])
    order, back = pairs[:, 0].argsort(), wanted[:, 0].argsort()
    assert pairs.shape == wanted.shape
    assert torch.allclose(pairs[order], wanted[back], atol=1e-6)


def test_a_copy_that_reads_the_same_has_nothing_to_learn(readings, spelling):
    theirs, _ = readings
    teacher = classifier_over(theirs, spelling, classes=2)[0]
    match = match_of(theirs, theirs, spelling)
    objective = distillation(
        teacher, teacher, torch.eye(16), weights=ONLY_STREAM, dtype=torch.float32, match=match
    )
    assert objective(batch_of(theirs, [4, 1])).item() == pytest.approx(0.0, abs=1e-9)


def test_a_student_comes_closer_word_by_word(readings, spelling):
    theirs, own = readings
    student, teacher = (classifier_over(e, spelling, classes=2)[0] for e in (own, theirs))
    objective = distillation(
        student,
        teacher.requires_grad_(False),
        torch.eye(16),
        weights=ONLY_STREAM,
        dtype=torch.float32,
        match=match_of(own, theirs, spelling),
    )
    nothing = np.empty((len(own.splits["train"]), 0), dtype=np.float32)
    settings = TrainingSettings(steps=60, batch_size=16, learning_rate=5e-3)
    examples = Examples(own.splits["train"], nothing, own.padding)
    losses = [s.loss for s in train(student, examples, settings, objective=objective)]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])


def test_states_of_padding_do_not_matter(readings, spelling):
    theirs, own = readings
    match, batch = match_of(own, theirs, spelling), batch_of(own, [0, 1, 2])
    longer = replace_padding(batch, own)
    states = torch.randn(*longer.ids.shape, 3)
    one = match.picks(batch, match.read(batch))[0](states[:, : batch.ids.shape[1]])
    other = match.picks(longer, match.read(longer))[0](states)
    assert torch.equal(one, other)


def replace_padding(batch, encoded):
    more = torch.full((len(batch.ids), 3), encoded.padding)
    return batch._replace(ids=torch.cat([batch.ids, more], dim=1))
