"""The scikit-learn classifiers that may label: by allowed name, built here, fitted anew."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from bort.core.errors import InvalidOptionError, MissingExtraError

# Those that tell probabilities and read sparse, non-negative features. Only these are ever built.
CLASSIFIERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "BernoulliNB": ("naive_bayes", {}),
    "ComplementNB": ("naive_bayes", {}),
    "ExtraTreesClassifier": ("ensemble", {"n_estimators": 200}),
    "KNeighborsClassifier": ("neighbors", {"n_neighbors": 15, "metric": "cosine"}),
    "LogisticRegression": ("linear_model", {"C": 10.0, "max_iter": 1000}),
    "MultinomialNB": ("naive_bayes", {}),
    "RandomForestClassifier": ("ensemble", {"n_estimators": 200}),
    "SGDClassifier": ("linear_model", {"loss": "log_loss"}),
}
SKLEARN = "sklearn:"  # how such a labeler is named: sklearn:LogisticRegression


def check_classifier(name: str) -> str:
    """Return `name` if it is an allowed scikit-learn class.

    Raises:
        InvalidOptionError: it is not.
    """
    if name not in CLASSIFIERS:
        raise InvalidOptionError(
            f"{name!r} is not among the scikit-learn classifiers that can label; "
            f"choose one of {', '.join(CLASSIFIERS)}"
        )
    return name


def built(name: str, *, seed: int) -> Any:
    """A classifier of that name, not fitted yet.

    Raises:
        InvalidOptionError: a name that is not allowed.
        MissingExtraError: scikit-learn is not installed.
    """
    module, options = CLASSIFIERS[check_classifier(name)]
    try:
        found = getattr(import_module(f"sklearn.{module}"), name)
    except ImportError as error:
        raise MissingExtraError(
            "this labeler needs scikit-learn, which is not installed; "
            "install it with: pip install 'bort[train]'"
        ) from error
    seeded = {"random_state": seed} if "random_state" in found().get_params() else {}
    return found(**options, **seeded)
