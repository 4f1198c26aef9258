"""Logistic regression: scikit-learn's own fit, which ends when somebody cancels."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from bort.training.execution import TrainingStoppedError
from bort.training.regression import fit_logistic


def table(rows: int, width: int, classes: int):
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, width)), rng.integers(classes, size=rows)


@pytest.mark.parametrize("classes", [2, 5])
def test_a_fit_that_nobody_stops_is_scikit_learns_own(classes):
    features, labels = table(80, 6, classes)
    ours = fit_logistic(features, labels, c=4.0, iterations=300, should_stop=lambda: False)
    theirs = LogisticRegression(C=4.0, max_iter=300).fit(features, labels)
    assert np.array_equal(ours.coef_, theirs.coef_)
    assert np.array_equal(ours.intercept_, theirs.intercept_)


def test_a_fit_stops_between_two_iterations():
    features, labels = table(80, 6, 5)
    asked = []

    def should_stop() -> bool:
        asked.append(True)
        return len(asked) == 4

    with pytest.raises(TrainingStoppedError):
        fit_logistic(features, labels, c=4.0, iterations=300, should_stop=should_stop)
    assert len(asked) == 4
