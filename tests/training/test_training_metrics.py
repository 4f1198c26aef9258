import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from bort.training.attempts import attempts, constant_loss, default_learning_rate, has_diverged
from bort.training.loop import TrainingSettings
from bort.training.metrics import (
    error_se,
    macro_f1,
    majority_error,
    pack_items,
    unpack_items,
    weakest,
)

ANSWERS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@given(ANSWERS)
def test_macro_f1_is_scikit_learns(answers):
    labels, predictions = np.array(answers).T
    expected = f1_score(labels, predictions, average="macro", zero_division=0.0)
    assert macro_f1(labels, predictions, classes=4) == pytest.approx(expected)


@given(st.lists(st.booleans(), max_size=50))
def test_wrong_items_survive_packing(wrong):
    items = np.array(wrong, dtype=np.bool_)
    assert np.array_equal(unpack_items(pack_items(items), len(items)), items)


def test_all_classes_with_an_f1_of_0_are_listed():
    f1 = np.array([0.0, np.nan, *[0.0] * 6, 0.4])
    labels = np.array([0, *range(2, 9)])
    names = [f"c{i}" for i in range(9)]
    assert weakest(f1, labels, names) == tuple((n, 0.0) for n in names if n not in ("c1", "c8"))
    assert len(weakest(f1 + 0.1, labels, names)) == 5


def test_errors_of_chance():
    assert majority_error(np.array([0, 1, 1, 2]), classes=3) == 0.5
    assert error_se(0.5, 100) == pytest.approx(0.05)


def test_retries_are_fixed_beforehand():
    first = list(attempts(0.01, seed=7))
    assert first == list(attempts(0.01, seed=7))
    assert [a.number for a in first] == [1, 2, 3]
    assert first[0].seed == 7
    assert first[0].learning_rate == 0.01
    assert len({a.seed for a in first}) == 3
    assert [a.learning_rate for a in first] == sorted(a.learning_rate for a in first)[::-1]


@pytest.mark.parametrize(
    ("losses", "error", "expected"),
    [
        ([0.7, float("nan")], 0.1, True),
        ([0.7, float("inf")], 0.1, True),
        ([0.69] * 20, 0.5, True),  # nothing learned
        ([2.0, *[0.69] * 19], 0.51, True),  # exploded at first, then a constant answer
        ([0.69] * 20, 0.49, True),  # no better than chance within the noise of 1,000 examples
        ([0.69] * 20, 0.3, False),  # flat, but better than chance
        (list(np.linspace(0.7, 0.4, 20)), 0.5, False),  # learns something that dev does not test
    ],
)
def test_divergence_is_not_a_bad_error(losses, error, expected):
    constant = constant_loss(np.array([[1, 0], [0, 1]], dtype=np.float32))
    assert constant == pytest.approx(np.log(2))
    found = has_diverged(losses, error, majority_error=0.5, constant_loss=constant, n=1000)
    assert found is expected


def test_the_learning_rate_rises_then_falls():
    settings = TrainingSettings(steps=100, batch_size=8, learning_rate=1.0)
    rates = [settings.learning_rate_at(step) for step in range(100)]
    assert rates[9] == max(rates) == 1.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert 0 < rates[-1] < 0.02


def test_one_step_is_a_training_too():
    assert TrainingSettings(steps=1, batch_size=8, learning_rate=1.0).learning_rate_at(0) == 1.0


def test_narrow_models_take_larger_steps():
    narrow, wide = {"depth": 6, "hidden": 96}, {"depth": 6, "hidden": 384}
    assert default_learning_rate(narrow, "inherit") > default_learning_rate(wide, "inherit")
    assert default_learning_rate({}, "scratch") > default_learning_rate({"depth": 12}, "scratch")
