"""Labelers for texts: a fine-tuned network, a linear probe, classifiers of scikit-learn.

None is ever unpickled: networks come as safetensors, the others are fitted anew from the training
split and the seed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.agora.loop.parts import Labels, Represent
from bort.agora.loop.values import Examples, Inputs, Value, as_inputs, as_values
from bort.agora.text.classifiers import built
from bort.agora.text.inputs import whole_texts
from bort.training.teacher import softmax

Float32Array = NDArray[np.float32]
Logits = Callable[[Inputs], Float32Array]
"""Inputs to logits, shape (n, classes), in the order of the task's classes."""


@dataclass(frozen=True, eq=False, slots=True)
class NetworkLabeler:
    """A trained network.

    Attributes:
        class_names: the task's classes.
        logits: computes them.
        known: logits of inputs that were computed before, by input.
    """

    class_names: tuple[str, ...]
    logits: Logits
    known: Mapping[Value, Float32Array]

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """The network's probabilities; never abstains."""
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
    """A scikit-learn classifier over vectors of texts.

    Attributes:
        class_names: the task's classes.
        classifier: fitted, with `predict_proba`; it may never have seen some of the classes.
        features: inputs to what it reads.
    """

    class_names: tuple[str, ...]
    classifier: Any
    features: Callable[[Inputs], Any]

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """The classifier's probabilities; never abstains."""
        del rng
        probabilities = np.zeros((len(inputs), len(self.class_names)))
        if len(inputs):
            found = self.classifier.predict_proba(self.features(inputs))
            probabilities[:, self.classifier.classes_] = found
        return Labels(probabilities, np.zeros(len(inputs), dtype=bool))


def linear_probe(
    class_names: tuple[str, ...], train: Examples, represent: Represent
) -> FittedLabeler:
    """Logistic regression on frozen sentence vectors.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    classifier = built("LogisticRegression", seed=0)
    classifier.fit(represent(train.inputs), train.labels)
    return FittedLabeler(class_names, classifier, represent)


def sklearn_labeler(
    name: str, class_names: tuple[str, ...], train: Examples, *, seed: int
) -> FittedLabeler:
    """A classifier of `CLASSIFIERS` on the tf-idf of words and pairs of words.

    Args:
        name: of its class.
        train: what it is fitted on; only the most probable classes count.
    Raises:
        InvalidOptionError: a name that is not allowed.
        MissingExtraError: scikit-learn is not installed.
    """
    classifier = built(name, seed=seed)
    if "n_neighbors" in classifier.get_params():
        fewer = min(classifier.n_neighbors, len(train))
        classifier.set_params(n_neighbors=fewer)
    from sklearn.feature_extraction.text import TfidfVectorizer

    # Any run of characters between spaces counts, so that no script is left out.
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True)
    classifier.fit(vectorizer.fit_transform(whole_texts(train.inputs)), train.labels)
    return FittedLabeler(
        class_names, classifier, lambda inputs: vectorizer.transform(whole_texts(inputs))
    )
