from itertools import islice

import numpy as np
import pytest
import torch

from bort.training.contrast import (
    TEMPERATURE,
    class_batches,
    contrastive,
    nearest_class_error,
)
from bort.training.fine_tuning import classifier_over
from bort.training.forward import vectors_of
from bort.training.loop import TrainingBatch, predict

EXACT = torch.float32


@pytest.fixture
def model(encoded, source):
    return classifier_over(encoded, source, classes=2)[0]


def batch_of(encoded, labels):
    tokens = encoded.splits["train"]
    rows = np.arange(len(labels))
    return TrainingBatch(
        torch.from_numpy(tokens.padded(rows, padding=encoded.padding)),
        torch.from_numpy(tokens.lengths[rows]),
        torch.from_numpy(tokens.first[rows].astype(np.int64)),
        torch.nn.functional.one_hot(torch.tensor(labels)).float(),
        rows,
    )


def test_the_loss_is_that_of_the_paper(model, encoded):
    labels = [0, 1, 0, 1, 1, 2]
    batch = batch_of(encoded, labels)
    loss = contrastive(model, dtype=EXACT)(batch)
    vectors = vectors_of(model, dtype=EXACT)(batch.ids, batch.lengths, batch.first)
    z = vectors.detach().double().numpy() / np.sqrt(TEMPERATURE)
    losses = []
    for i, label in enumerate(labels):
        others = [a for a in range(len(labels)) if a != i]
        positives = [p for p in others if labels[p] == label]
        whole = np.log(sum(np.exp(z[i] @ z[a]) for a in others))
        if positives:  # the only text of class 2 has none
            losses.append(np.mean([whole - z[i] @ z[p] for p in positives]))
    assert loss.item() == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("labels", [[0], [0, 1], [0, 0]])
def test_a_batch_without_pairs_changes_nothing(model, encoded, labels):
    loss = contrastive(model, dtype=EXACT)(batch_of(encoded, labels))
    loss.backward()
    assert torch.isfinite(loss)
    weight = model.bert.encoder.layer[0].output.dense.weight
    assert torch.isfinite(weight.grad).all()


def test_a_batch_holds_several_texts_of_a_few_classes():
    labels = np.repeat(np.arange(20), 6)
    for rows in islice(class_batches(labels, 32, np.random.default_rng(0)), 50):
        found, counts = np.unique(labels[rows], return_counts=True)
        assert len(found) == 8
        assert set(counts) == {4}
        assert len(set(rows)) == len(rows)


def test_classes_with_one_text_have_no_pairs():
    labels = np.array([0, 1, 1, 2, 2, 2])
    seen = {
        row
        for rows in islice(class_batches(labels, 8, np.random.default_rng(0)), 20)
        for row in rows
    }
    assert seen == {1, 2, 3, 4, 5}
    alone = next(class_batches(np.arange(3), 8, np.random.default_rng(0)))
    assert sorted(alone) == [0, 1, 2]


def test_the_nearest_class_mean_answers(model, task, encoded):
    error = nearest_class_error(
        model, encoded, task.train.labels, task.dev.labels, dtype=EXACT, pause=lambda: None
    )
    vectors = {
        split: predict(
            model,
            encoded.splits[split],
            padding=encoded.padding,
            forward=vectors_of(model, dtype=EXACT),
        )
        for split in ("train", "dev")
    }
    means = [vectors["train"][task.train.labels == label].mean(0) for label in (0, 1)]
    scores = np.stack([vectors["dev"] @ (m / np.linalg.norm(m)) for m in means], axis=1)
    assert error == np.mean(scores.argmax(1) != task.dev.labels)
