"""Rivals that read bags of words: tf-idf and fastText."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.core.scratch import temporary
from bort.latency.classifiers import Classify
from bort.latency.workload import Text
from bort.rivals.rival import (
    Making,
    Method,
    dev_error,
    fit_regression,
    joined,
    read_regression,
    texts_of,
)

TERMS, IDF = "terms.txt", "idf.npy"
LABEL = "__label__"
FASTTEXT_FILE = "model.ftz"
EPOCHS, NGRAMS = (10, 50), (1, 2)
WIDTH, BUCKETS, RATE = 50, 100_000, 0.5
FEWEST_TO_QUANTISE = 512  # fastText cannot quantise fewer rows


def _vectorizer(vocabulary: Sequence[str] | None = None) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, vocabulary=vocabulary, dtype=np.float32
    )


def make_tfidf(making: Making, folder: Path) -> Mapping[str, Any]:
    """Fit tf-idf and logistic regression."""
    vectorizer = _vectorizer()
    task = making.task
    vectors = {"train": vectorizer.fit_transform(joined(texts_of(task.train)))}
    vectors["dev"] = vectorizer.transform(joined(texts_of(task.dev)))
    terms = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
    (folder / TERMS).write_text("\n".join(terms), encoding="utf-8")
    np.save(folder / IDF, vectorizer.idf_.astype(np.float32), allow_pickle=False)
    return fit_regression(vectors, making, folder)


def read_tfidf(folder: Path) -> Classify:
    """Open what `make_tfidf` wrote."""
    vectorizer = _vectorizer((folder / TERMS).read_text("utf-8").split("\n"))
    vectorizer.idf_ = np.load(folder / IDF, allow_pickle=False)
    decide = read_regression(folder)
    return lambda texts: decide(vectorizer.transform(joined(texts)))


def make_fasttext(making: Making, folder: Path) -> Mapping[str, Any]:
    """Train fastText with several settings on one thread, and keep the best on dev, quantised."""
    import fasttext

    task = making.task
    best: tuple[float, dict[str, Any]] | None = None
    with temporary("fasttext") as place:
        data = place / "train.txt"
        lines = [
            f"{LABEL}{label} {_line(text)}"
            for label, text in zip(task.train.labels, joined(texts_of(task.train)), strict=True)
        ]
        data.write_text("\n".join(lines) + "\n", encoding="utf-8")
        for epochs, ngrams in product(EPOCHS, NGRAMS):
            making.context.pause()
            model = fasttext.train_supervised(
                str(data),
                epoch=epochs,
                wordNgrams=ngrams,
                dim=WIDTH,
                lr=RATE,
                bucket=BUCKETS if ngrams > 1 else 0,
                thread=1,
                seed=0,
                verbose=0,
            )
            if len(model.words) >= FEWEST_TO_QUANTISE:
                model.quantize(str(data), qnorm=True, thread=1, verbose=0)
            error = dev_error(_fasttext(model), task)
            if best is None or error < best[0]:
                best = error, {"epochs": epochs, "word_ngrams": ngrams}
                model.save_model(str(folder / FASTTEXT_FILE))
    assert best is not None
    return best[1]


def read_fasttext(folder: Path) -> Classify:
    """Open what `make_fasttext` wrote."""
    import fasttext

    return _fasttext(fasttext.load_model(str(folder / FASTTEXT_FILE)))


def _fasttext(model: Any) -> Classify:
    def classify(texts: Sequence[Text]) -> NDArray[np.int64]:
        found, _ = model.predict([_line(text) for text in joined(texts)])
        return np.array([int(row[0].removeprefix(LABEL)) if row else 0 for row in found])

    return classify


def _line(text: str) -> str:
    return " ".join(text.lower().split())


TFIDF = Method(make_tfidf, read_tfidf)
FASTTEXT = Method(make_fasttext, read_fasttext)
