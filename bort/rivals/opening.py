"""Open a classifier's files: a function from texts to classes that reads nothing else.

Needs neither torch nor the code that made the files, so that a process that only classifies is as
small as it can be. Each runs on one CPU thread.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.core.files import load_arrays
from bort.core.rivals import RivalKind
from bort.export.classify import NUMPY_FILES, read_numpy, read_onnx
from bort.latency.classifiers import Classify
from bort.latency.workload import Text, parts_of

Vectors = Callable[[Sequence[str]], NDArray[np.float32]]

REGRESSION = "regression.npz"
TERMS, IDF = "terms.txt", "idf.npy"
LABEL, FASTTEXT_FILE = "__label__", "model.ftz"
WIDTH = 256  # of wordllama's and model2vec's vectors; the default of both
MODEL, READING, TOKENIZER = "model.onnx", "reading.json", "tokenizer.json"
ONNX = "onnx"
"""The code of every folder with an ONNX file, whoever made it."""


def opened(what: str, folder: Path) -> Classify:
    """Open the folder of a classifier.

    Args:
        what: a rival's code, or the runtime of one of our files.
    """
    if what in NUMPY_FILES:
        return read_numpy(folder, NUMPY_FILES[what])
    if what.startswith(ONNX):
        return read_network(folder)
    return _OPEN[RivalKind(what)](folder)


def joined(texts: Sequence[Text]) -> list[str]:
    """Make one text of each pair, for methods that know no pairs."""
    return [" ".join(parts_of(text)) for text in texts]


def read_regression(folder: Path) -> Callable[[Any], NDArray[np.int64]]:
    """Read a logistic regression: vectors, shape (n, width), to class numbers."""
    fit = load_arrays(folder / REGRESSION)
    assert fit is not None
    rows, offsets, classes = fit["rows"], fit["offsets"], fit["classes"]

    def decide(vectors: Any) -> NDArray[np.int64]:
        scores = np.asarray(vectors @ rows.T) + offsets
        places = (scores[:, 0] > 0).astype(np.int64) if len(rows) == 1 else scores.argmax(1)
        found: NDArray[np.int64] = classes[places]
        return found

    return decide


def vectorizer_of(vocabulary: Sequence[str] | None = None) -> Any:
    """Make scikit-learn's tf-idf of words and pairs of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, vocabulary=vocabulary, dtype=np.float32
    )


def _read_tfidf(folder: Path) -> Classify:
    vectorizer = vectorizer_of((folder / TERMS).read_text("utf-8").split("\n"))
    vectorizer.idf_ = np.load(folder / IDF, allow_pickle=False)
    decide = read_regression(folder)
    return lambda texts: decide(vectorizer.transform(joined(texts)))


def _read_fasttext(folder: Path) -> Classify:
    import fasttext

    return fasttext_classifier(fasttext.load_model(str(folder / FASTTEXT_FILE)))


def fasttext_classifier(model: Any) -> Classify:
    """Classify with fastText; a text that it knows no word of gets class 0."""

    def classify(texts: Sequence[Text]) -> NDArray[np.int64]:
        found, _ = model.predict([one_line(text) for text in joined(texts)])
        return np.array([int(row[0].removeprefix(LABEL)) if row else 0 for row in found])

    return classify


def one_line(text: str) -> str:
    """Write a text as fastText reads it: one line, in lower case."""
    return " ".join(text.lower().split())


def _read_wordllama(folder: Path) -> Classify:
    return _by_vectors(folder, wordllama_vectors(folder))


def wordllama_vectors(folder: Path) -> Vectors:
    """Open the vectors and the tokenizer in `folder`."""
    from wordllama import WordLlama

    # The package looks for its tokenizer in the cache only, so the cache is named.
    model = WordLlama.load(dim=WIDTH, cache_dir=folder, disable_download=True)
    return lambda texts: model.embed(list(texts), norm=True)


def _read_model2vec(folder: Path) -> Classify:
    return _by_vectors(folder, model2vec_vectors(folder))


def model2vec_vectors(folder: Path) -> Vectors:
    """Open the vectors and the tokenizer in `folder`."""
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(str(folder))
    return lambda texts: model.encode(list(texts), use_multiprocessing=False)


def _by_vectors(folder: Path, vectors: Vectors) -> Classify:
    decide = read_regression(folder)
    return lambda texts: decide(vectors(joined(texts)))


def read_network(folder: Path) -> Classify:
    """Open an ONNX file with its tokenizer, and the file that says how its texts are read."""
    reading = json.loads((folder / READING).read_text("utf-8"))
    return read_onnx(folder / MODEL, folder / TOKENIZER, **reading)


_OPEN: Mapping[RivalKind, Callable[[Path], Classify]] = {
    RivalKind.TFIDF: _read_tfidf,
    RivalKind.FASTTEXT: _read_fasttext,
    RivalKind.WORDLLAMA: _read_wordllama,
    RivalKind.MODEL2VEC: _read_model2vec,
    RivalKind.PROBE: read_network,
    RivalKind.SOURCE: read_network,
    RivalKind.SOURCE_INT8: read_network,
    RivalKind.FEWER_LAYERS: read_network,
    RivalKind.PRUNED: read_network,
    RivalKind.SETFIT: read_network,
}
