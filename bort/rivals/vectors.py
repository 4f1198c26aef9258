"""Rivals that average word vectors: wordllama and model2vec, with logistic regression."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.core.locks import building
from bort.latency.classifiers import Classify
from bort.rivals.rival import (
    Making,
    Method,
    fit_regression,
    joined,
    read_regression,
    texts_of,
    whole_folder,
)
from bort.training.model_files import quiet_transformers

Vectors = Callable[[Sequence[str]], NDArray[np.float32]]
WIDTH = 256  # the default of both
MODEL2VEC_FILES = ("config.json", "model.safetensors", "tokenizer.json")


def _make(making: Making, folder: Path, vectors: Vectors) -> Mapping[str, Any]:
    task = making.task
    found = {
        name: vectors(joined(texts_of(split)))
        for name, split in {"train": task.train, "dev": task.dev}.items()
    }
    return fit_regression(found, making, folder)


def _read(folder: Path, vectors: Vectors) -> Classify:
    decide = read_regression(folder)
    return lambda texts: decide(vectors(joined(texts)))


def make_wordllama(making: Making, folder: Path) -> Mapping[str, Any]:
    """Copy the vectors and tokenizer of the installed package, and fit the regression."""
    import wordllama

    package = Path(wordllama.__file__).parent
    for part in ("weights", "tokenizers"):
        (folder / part).mkdir()
        for file in (package / part).iterdir():
            if file.suffix in (".safetensors", ".json"):
                shutil.copyfile(file, folder / part / file.name)
    return _make(making, folder, _wordllama(folder))


def read_wordllama(folder: Path) -> Classify:
    """Open what `make_wordllama` wrote."""
    return _read(folder, _wordllama(folder))


def _wordllama(folder: Path) -> Vectors:
    from wordllama import WordLlama

    # The package looks for its tokenizer in the cache only, so the cache is named.
    model = WordLlama.load(dim=WIDTH, cache_dir=folder, disable_download=True)
    return lambda texts: model.embed(list(texts), norm=True)


def make_model2vec(making: Making, folder: Path) -> Mapping[str, Any]:
    """Distil static vectors from the source network once per network, and fit the regression.

    Cost: one to five minutes for a vocabulary of 30,000.
    """
    source = making.context.source
    shared = making.shared / f"model2vec-{source.digest[:32]}"
    with building(shared.with_suffix(".lock")):
        if not shared.is_dir():
            with whole_folder(shared) as part:
                _distil(source.folder, part)
    for name in MODEL2VEC_FILES:
        shutil.copyfile(shared / name, folder / name)
    return _make(making, folder, _model2vec(folder))


def _distil(source: Path, out: Path) -> None:
    from model2vec.distill import distill

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with quiet_transformers():
        distill(str(source), pca_dims=WIDTH, device="cpu").save_pretrained(str(out))


def read_model2vec(folder: Path) -> Classify:
    """Open what `make_model2vec` wrote."""
    return _read(folder, _model2vec(folder))


def _model2vec(folder: Path) -> Vectors:
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(str(folder))
    return lambda texts: model.encode(list(texts), use_multiprocessing=False)


WORDLLAMA = Method(make_wordllama, read_wordllama)
MODEL2VEC = Method(make_model2vec, read_model2vec)
