"""What a model must beat: tf-idf with logistic regression."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bort.tasks import Split, Task


def tfidf_answers(task: Task, split: Split) -> NDArray[np.int64]:
    """Answers of a logistic regression on words and pairs of words, fitted on the training split.

    Cost: seconds for 10,000 sentences. Deterministic.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=4.0, max_iter=1000),
    )
    model.fit(_texts(task.train), task.train.labels)
    found: NDArray[np.int64] = model.predict(_texts(split))
    return found


def _texts(split: Split) -> Sequence[str]:
    if split.pairs is None:
        return split.texts
    return [f"{text} {pair}" for text, pair in zip(split.texts, split.pairs, strict=True)]
