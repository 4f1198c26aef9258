"""Learners and labelers on points whose answers are known."""

from itertools import pairwise

import numpy as np
import pytest

from bort.agora.loop import Examples, Verdict, error_rate
from bort.agora.loop.labelers import CarefulLabeler, LabelerDoubt, appraise
from bort.agora.torus.learners import (
    ModelLabeler,
    NearestNeighbours,
    Oracle,
    RandomFeatures,
    RandomGuesser,
)
from bort.agora.torus.world import DistanceGuard
from bort.core.errors import InvalidOptionError

NAMES = ("left", "right", "far")


def truth(inputs: np.ndarray) -> np.ndarray:
    return np.digitize(inputs[:, 0], [0.0, 1.0])


def square(n: int, seed: int) -> Examples:
    inputs = np.random.default_rng(seed).uniform(-1, 2, size=(n, 2))
    return Examples.of(inputs, truth(inputs), 3)


@pytest.mark.parametrize("student", [NearestNeighbours(), RandomFeatures(), RandomGuesser()])
def test_students_learn_and_repeat_themselves(student) -> None:
    train, audit = square(800, 0), square(500, 1)
    one = student.fit(train, {}, np.random.default_rng(3)).predict(audit.inputs)
    other = student.fit(train, {}, np.random.default_rng(3)).predict(audit.inputs)
    np.testing.assert_array_equal(one, other)
    assert error_rate(one, audit.labels).rate < 0.1
    assert student.fit(train, {}, np.random.default_rng(3)).predict(audit.inputs[:0]).shape == (0,)


def test_the_guesser_guesses_uniformly_where_it_remembers_nothing() -> None:
    model = RandomGuesser().fit(square(50, 0), {}, np.random.default_rng(0))
    far_away = np.full((3000, 2), 100.0)
    shares = np.bincount(model.predict(far_away), minlength=3) / 3000
    assert shares == pytest.approx([1 / 3] * 3, abs=0.04)


def test_the_guesser_answers_with_the_majority_within_its_radius() -> None:
    memory = Examples.of(np.array([[0.0, 0], [0.1, 0], [0.2, 0], [5, 0]]), [1, 1, 0, 2], 3)
    model = RandomGuesser().fit(memory, {"memory_radius": 0.5}, np.random.default_rng(0))
    assert model.predict(np.array([[0.0, 0.0], [5.3, 0.0]])).tolist() == [1, 2]


def test_the_guesser_breaks_ties_at_random_among_the_tied() -> None:
    memory = Examples.of(np.array([[0.0, 0], [0.0, 0]]), [0, 2], 3)
    model = RandomGuesser().fit(memory, {}, np.random.default_rng(0))
    answers = model.predict(np.zeros((400, 2)))
    assert set(answers.tolist()) == {0, 2}


def test_soft_labels_weigh_in() -> None:
    memory = Examples(np.zeros((3, 2)), np.array([[0.9, 0.1], [0.4, 0.6], [0.4, 0.6]]))
    for student in (NearestNeighbours(), RandomGuesser()):
        assert student.fit(memory, {}, np.random.default_rng(0)).predict(np.zeros((1, 2))) == [0]


def test_an_oracle_errs_as_often_as_it_says() -> None:
    inputs = square(4000, 0).inputs
    labels = Oracle(NAMES, truth, noise=0.2).label(inputs, np.random.default_rng(0))
    assert error_rate(labels.classes, truth(inputs)).rate == pytest.approx(0.2, abs=0.02)
    assert labels.probabilities.sum(axis=1) == pytest.approx(1.0)
    assert labels.confidence == pytest.approx(0.8)


def test_a_fitted_labeler_is_better_than_chance() -> None:
    model = RandomFeatures().fit(square(300, 0), {}, np.random.default_rng(0))
    appraisal = appraise(ModelLabeler(NAMES, model), square(300, 1), np.random.default_rng(0))
    assert appraisal.doubt is None
    assert appraisal.error is not None
    assert appraisal.error.rate < 0.15
    assert appraisal.chance == pytest.approx(2 / 3)


@pytest.mark.parametrize("noise", [0.7, 1.0])
def test_a_labeler_worse_than_chance_is_warned_of(noise: float) -> None:
    appraisal = appraise(Oracle(NAMES, truth, noise), square(900, 1), np.random.default_rng(0))
    assert appraisal.doubt is LabelerDoubt.NO_BETTER_THAN_CHANCE


def test_a_labeler_that_never_speaks_is_warned_of() -> None:
    silent = CarefulLabeler(Oracle(NAMES, truth, 0.2), threshold=0.9)
    appraisal = appraise(silent, square(50, 1), np.random.default_rng(0))
    assert (appraisal.error, appraisal.abstained) == (None, 1.0)
    assert appraisal.doubt is LabelerDoubt.ALWAYS_ABSTAINS


def test_temperature_moves_confidence_not_the_answer() -> None:
    inputs = square(200, 0).inputs
    plain = Oracle(NAMES, truth, 0.2)
    answers = [
        CarefulLabeler(plain, temperature=t).label(inputs, np.random.default_rng(5))
        for t in (0.01, 0.5, 1.0, 4.0)
    ]
    for one, other in pairwise(answers):
        np.testing.assert_array_equal(one.classes, other.classes)
        assert (one.confidence > other.confidence).all()
        assert other.probabilities.sum(axis=1) == pytest.approx(1.0)
    hard = CarefulLabeler(plain, is_hard=True).label(inputs, np.random.default_rng(5))
    assert set(hard.probabilities.ravel().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("change", [{"temperature": 0.0}, {"threshold": 1.5}, {"threshold": -1.0}])
def test_careful_options_out_of_range(change) -> None:
    with pytest.raises(InvalidOptionError):
        CarefulLabeler(Oracle(NAMES, truth), **change)


def test_a_noise_that_is_no_probability() -> None:
    with pytest.raises(InvalidOptionError, match="probability"):
        Oracle(NAMES, truth, noise=2.0)


def test_the_guard_refuses_audit_points_and_copies_of_dev() -> None:
    audit, dev = np.array([[0.0, 0.0]]), np.array([[1.0, 1.0]])
    guard = DistanceGuard(audit, dev, tolerance=0.1)
    asked = np.array([[0.05, 0.0], [1.0, 1.0], [1.0, 1.01], [0.2, 0.0]])
    assert guard(asked) == [Verdict.NEAR_AUDIT, Verdict.COPY_OF_DEV, None, None]
    assert DistanceGuard(audit[:0], dev, tolerance=0.1)(asked[:1]) == [None]
    with pytest.raises(InvalidOptionError):
        DistanceGuard(audit, dev, tolerance=-1.0)
