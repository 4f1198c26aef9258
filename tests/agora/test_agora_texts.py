"""The same loop on texts and pairs of texts, including strange ones."""

import numpy as np
import pytest
from agora_parts import rounds_of, through_json

from bort.agora.loop import (
    AgoraOptions,
    AgoraTask,
    Examples,
    Labels,
    Parts,
    as_inputs,
    as_values,
)
from bort.agora.loop.samplers import Pool, RetrievalSampler

TEXTS = [
    "",
    " ",
    "a",
    "word " * 10_000,
    "🙂🙂🙂",
    "مرحبا بالعالم",
    "a\x00b\n",
    "naïve",
    "bb",
    "ccc",
]


def lengths(inputs: np.ndarray) -> np.ndarray:
    """Represent each text by the logarithm of its length."""
    rows = ["".join(row) if isinstance(row, (tuple, np.ndarray)) else row for row in inputs]
    return np.array([[np.log1p(len(row))] for row in rows]).reshape(-1, 1)


class MajorityStudent:
    """Gives every input the most frequent class of the training examples."""

    def fit(self, examples, hyperparameters, rng):
        self.answer = int(np.bincount(examples.labels, minlength=2).argmax())
        return self

    def predict(self, inputs):
        return np.full(len(inputs), self.answer)


class LengthLabeler:
    class_names = ("short", "long")

    def label(self, inputs, rng):
        is_long = (lengths(inputs)[:, 0] > 1.5).astype(int)
        return Labels(np.eye(2)[is_long], np.zeros(len(inputs), dtype=bool))


def examples(texts: list) -> Examples:
    inputs = as_inputs(texts)
    return Examples.of(inputs, (lengths(inputs)[:, 0] > 1.5).astype(int), 2)


@pytest.mark.parametrize("is_paired", [False, True])
def test_texts_go_round_and_resume(is_paired: bool) -> None:
    pool = [(text, "") for text in TEXTS] if is_paired else TEXTS
    train = [("x", ""), ("y", ""), ("longer", "")] if is_paired else ["x", "y", "longer"]
    dev = [(f"{t}!", "") for t in TEXTS] if is_paired else [f"{t}!" for t in TEXTS]
    task = AgoraTask(("short", "long"), examples(train), examples(dev))
    items = as_inputs(pool)
    parts = Parts(
        student=MajorityStudent(),
        labeler=LengthLabeler(),
        represent=lengths,
        sampler=RetrievalSampler(Pool(items, lengths(items)), lengths, choices=1),
    )
    options = AgoraOptions(radius=1.0, rounds=4, patience=None)
    whole = rounds_of(task, parts, options)
    taken = [point.value for r in whole for point in r.accepted]
    assert set(taken) <= set(pool)
    assert len(taken) == len(set(taken)) > 3
    done = through_json(whole[:2])
    assert done + rounds_of(task, parts, options, done=done) == whole


@pytest.mark.parametrize(
    "values", [("a", "b"), (("a", "b"), ("c", "")), ((0.1, 0.2), (1e-300, -0.0)), ()]
)
def test_values_survive_the_trip_through_arrays(values) -> None:
    assert as_values(as_inputs(values)) == values
