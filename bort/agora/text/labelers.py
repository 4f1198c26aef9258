"""Labelers for texts: a fine-tuned network, a linear probe, classifiers of scikit-learn.

Nothing is ever unpickled. Networks are loaded from safetensors; the others are refitted in every
run from the training split and the seed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from bort.agora.loop import Examples, Inputs, Labels, Represent, Value, as_inputs, as_values
from bort.agora.text.data import whole_texts
from bort.agora.text.spec import CLASSIFIERS, check_classifier
from bort.agora.text.tokens import Float32Array
from bort.core.errors import MissingExtraError
from bort.training.teacher import softmax

Logits = Callable[[Inputs], Float32Array]
"""Maps inputs to logits, shape (n, classes), in the order of the task's classes."""


@dataclass(frozen=True, eq=False, slots=True)
class NetworkLabeler:
    """A labeler made from a trained network.

    Attributes:
        known: logits computed earlier, by input.
    """

    class_names: tuple[str, ...]
    logits: Logits
    known: Mapping[Value, Float32Array]

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """Return the network's probabilities; never abstains."""
        del rng
        values = as_values(inputs)
        new = [value for value in dict.fromkeys(values) if value not in self.known]
        found = dict(zip(new, self.logits(as_inputs(new)), strict=True)) if new else {}
        rows = [self.known[value] if value in self.known else found[value] for value in values]
        logits = np.array(rows, dtype=np.float32).reshape(-1, len(self.class_names))
        probabilities = softmax(logits).astype(np.float64)
        return Labels(probabilities, np.zeros(len(values), dtype=bool))


@dataclass(frozen=True, eq=False, slots=True)
class FittedLabeler:
    """A labeler made from a scikit-learn classifier of text vectors.

    Attributes:
        classifier: fitted, with `predict_proba`; some classes may be missing from its training set.
        features: maps inputs to the classifier's features.
    """

    class_names: tuple[str, ...]
    classifier: Any
    features: Callable[[Inputs], Any]

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """Return the classifier's probabilities; never abstains."""
        del rng
        probabilities = np.zeros((len(inputs), len(self.class_names)))
        if len(inputs):
            found = self.classifier.predict_proba(self.features(inputs))
            probabilities[:, self.classifier.classes_] = found
        return Labels(probabilities, np.zeros(len(inputs), dtype=bool))


def linear_probe(
    class_names: tuple[str, ...], train: Examples, represent: Represent
) -> FittedLabeler:
    """Fit logistic regression on frozen sentence vectors.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    classifier = _built("LogisticRegression", seed=0)
    classifier.fit(represent(train.inputs), train.labels)
    return FittedLabeler(class_names, classifier, represent)


def sklearn_labeler(
    name: str, class_names: tuple[str, ...], train: Examples, *, seed: int
) -> FittedLabeler:
    """Fit one of `CLASSIFIERS` on the tf-idf of words and word pairs.

    Args:
        train: the training set; each text counts as its most probable class.
    Raises:
        InvalidOptionError: the class is not allowed.
        MissingExtraError: scikit-learn is not installed.
    """
    classifier = _built(name, seed=seed)
    if "n_neighbors" in classifier.get_params():
        fewer = min(classifier.n_neighbors, len(train))
        classifier.set_params(n_neighbors=fewer)
    from sklearn.feature_extraction.text import TfidfVectorizer

    # Any run of characters between spaces is a word, so that this works in every script.
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True)
    classifier.fit(vectorizer.fit_transform(whole_texts(train.inputs)), train.labels)
    return FittedLabeler(
        class_names, classifier, lambda inputs: vectorizer.transform(whole_texts(inputs))
    )


def _built(name: str, *, seed: int) -> Any:
    """Build a classifier of that name, unfitted.

    Raises:
        InvalidOptionError: the class is not allowed.
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
