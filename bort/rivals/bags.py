"""Rivals that read bags of words: tf-idf and fastText."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from bort.core.errors import InvalidDataError
from bort.core.scratch import temporary
from bort.rivals.opening import (
    FASTTEXT_FILE,
    IDF,
    LABEL,
    TERMS,
    fasttext_classifier,
    joined,
    one_line,
    vectorizer_of,
)
from bort.rivals.rival import Making, Method, dev_error, fit_regression, texts_of

EPOCHS, NGRAMS = (10, 50), (1, 2)
WIDTH, BUCKETS, RATE = 50, 100_000, 0.5
FEWEST_TO_QUANTISE = 512  # fastText cannot quantise fewer rows


def make_tfidf(making: Making, folder: Path) -> Mapping[str, Any]:
    """Fit tf-idf and logistic regression."""
    vectorizer = vectorizer_of()
    task = making.task
    try:
        vectors = {"train": vectorizer.fit_transform(joined(texts_of(task.train)))}
    except ValueError:
        raise InvalidDataError(
            "no training text has a word of two letters or more, so tf-idf has nothing to count; "
            "name the other rivals with --rival"
        ) from None
    vectors["dev"] = vectorizer.transform(joined(texts_of(task.dev)))
    terms = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
    (folder / TERMS).write_text("\n".join(terms), encoding="utf-8")
    np.save(folder / IDF, vectorizer.idf_.astype(np.float32), allow_pickle=False)
    return fit_regression(vectors, making, folder)


def make_fasttext(making: Making, folder: Path) -> Mapping[str, Any]:
    """Train fastText with several settings on one thread; quantise the best on dev.

    It reads the texts in the order of its file, again and again, so they are shuffled: sorted by
    class, it would learn the last class.
    """
    import fasttext

    task = making.task
    texts, labels = joined(texts_of(task.train)), task.train.labels
    order = np.random.default_rng(0).permutation(len(texts))
    lines = [f"{LABEL}{labels[place]} {one_line(texts[place])}" for place in order]
    best: tuple[float, Any, dict[str, Any]] | None = None
    with temporary("fasttext") as files:
        data = files / "train.txt"
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
            error = dev_error(fasttext_classifier(model), task)
            if best is None or error < best[0]:
                best = error, model, {"epochs": epochs, "word_ngrams": ngrams}
        assert best is not None
        _, model, chosen = best
        if len(model.words) >= FEWEST_TO_QUANTISE:
            model.quantize(str(data), qnorm=True, thread=1, verbose=0)
    model.save_model(str(folder / FASTTEXT_FILE))
    return chosen


TFIDF = Method(make_tfidf)
FASTTEXT = Method(make_fasttext, recipe="shuffled")
