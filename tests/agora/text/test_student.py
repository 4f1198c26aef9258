"""A student's training that explodes says nothing about points, so it is tried again."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from bort.agora.loop.values import Examples
from bort.agora.text.student import TextStudent
from bort.core.errors import TrainingDivergedError

HALF = math.log(2)  # loss of a constant answer to two equally frequent classes


def fitted(monkeypatch, losses):
    """Return which attempt is kept if attempts end with these losses, and how many were made."""
    made = []

    def train(self, material, learning_rate, seed):
        made.append(learning_rate)
        return SimpleNamespace(number=len(made)), losses[len(made) - 1]

    monkeypatch.setattr(TextStudent, "_train", train)
    tokens = SimpleNamespace(padding=0)
    student = TextStudent(
        build=lambda seed: None,
        tokens=type("Tokens", (), {"__call__": lambda self, texts: texts, **vars(tokens)})(),
        learning_rate=0.9,
        steps=5,
        batch_size=2,
        threads=1,
    )
    examples = Examples(np.array(["a", "b"], dtype=object), np.eye(2))
    model = student.fit(examples, {}, np.random.default_rng(0))
    return model.classifier.number, np.array(made)


def test_one_training_is_enough_where_something_is_learned(monkeypatch):
    assert fitted(monkeypatch, [0.5])[0] == 1


@pytest.mark.parametrize("bad", [HALF, 3.0, math.nan])
def test_one_that_learns_nothing_is_repeated_with_a_lower_rate(monkeypatch, bad):
    number, rates = fitted(monkeypatch, [bad, 0.4])
    assert number == 2
    assert rates == pytest.approx([0.9, 0.3])


def test_if_none_learns_the_lowest_loss_counts(monkeypatch):
    assert fitted(monkeypatch, [0.72, 0.69, math.nan])[0] == 2


def test_if_none_is_finite_it_is_told(monkeypatch):
    with pytest.raises(TrainingDivergedError, match="not finite at any learning rate"):
        fitted(monkeypatch, [math.nan] * 3)
