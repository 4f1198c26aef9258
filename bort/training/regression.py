"""Logistic regression that can be stopped between its iterations."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.core.errors import MissingExtraError
from bort.training.execution import ShouldStop, stop_or_pause


def fit_logistic(
    features: Any,
    labels: NDArray[np.int64],
    *,
    c: float,
    iterations: int,
    should_stop: ShouldStop | None = None,
) -> Any:
    """Fit scikit-learn's logistic regression; nearly converged is near enough.

    Args:
        features: shape (n, width), dense or sparse.
        c: the inverse regularisation.
        iterations: at most so many.
        should_stop: asked after each iteration.
    Raises:
        MissingExtraError: scikit-learn is not installed.
        TrainingStoppedError: `should_stop` returned True.
    """
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingExtraError(
            "the baselines need scikit-learn, which is not installed; install it with: "
            "pip install 'bort[train]'"
        ) from None
    model = LogisticRegression(C=c, max_iter=iterations).set_callbacks(_Stopping(should_stop))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(features, labels)


class _Stopping:
    """A callback of scikit-learn that stops or pauses a fit between two iterations."""

    def __init__(self, should_stop: ShouldStop | None) -> None:
        self._should_stop = should_stop

    def setup(self, estimator: Any, context: Any) -> None:
        """Called before a fit."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Called after a fit."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Called before each iteration."""
        del estimator, context
        stop_or_pause(self._should_stop)

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        """Called after each iteration; True would end the fit as if it were done."""
        del estimator, context
        return False
