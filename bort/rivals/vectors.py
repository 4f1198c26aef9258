"""Rivals that average word vectors: wordllama and model2vec, with logistic regression."""

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bort.core.files import read_json, write_json_atomically
from bort.core.locks import building
from bort.rivals.opening import WIDTH, Vectors, joined, model2vec_vectors, wordllama_vectors
from bort.rivals.rival import Making, Method, fit_regression, texts_of, whole_folder
from bort.training.model_files import quiet_transformers

MODEL2VEC_FILES = ("config.json", "model.safetensors", "tokenizer.json")
NOTE = "note.json"


def _make(making: Making, folder: Path, vectors: Vectors) -> Mapping[str, Any]:
    task = making.task
    found = {
        name: vectors(joined(texts_of(split)))
        for name, split in {"train": task.train, "dev": task.dev}.items()
    }
    return fit_regression(found, making, folder)


def make_wordllama(making: Making, folder: Path) -> Mapping[str, Any]:
    """Copy the vectors and tokenizer of the installed package, and fit the regression."""
    import wordllama

    package = Path(wordllama.__file__).parent
    for part in ("weights", "tokenizers"):
        (folder / part).mkdir()
        for file in (package / part).iterdir():
            if file.suffix in (".safetensors", ".json"):
                shutil.copyfile(file, folder / part / file.name)
    return _make(making, folder, wordllama_vectors(folder))


def distil_vectors(making: Making) -> float:
    """Distil static vectors from the source network, once for all tasks; return its seconds.

    Cost: one to five minutes for a vocabulary of 30,000.
    """
    shared = _distilled(making)
    with building(shared.with_suffix(".lock")):
        if not shared.is_dir():
            begun = time.monotonic()
            with whole_folder(shared) as part:
                _distil(making.context.source.folder, part)
                write_json_atomically(part / NOTE, {"seconds": time.monotonic() - begun})
    note = read_json(shared / NOTE)
    assert note is not None
    return float(note["seconds"])


def make_model2vec(making: Making, folder: Path) -> Mapping[str, Any]:
    """Copy the distilled vectors, and fit the regression."""
    for name in MODEL2VEC_FILES:
        shutil.copyfile(_distilled(making) / name, folder / name)
    return _make(making, folder, model2vec_vectors(folder))


def _distilled(making: Making) -> Path:
    return making.shared / f"distilled-{making.context.source.digest[:32]}"


def _distil(source: Path, out: Path) -> None:
    from model2vec.distill import distill

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with quiet_transformers():
        distill(str(source), pca_dims=WIDTH, device="cpu").save_pretrained(str(out))


WORDLLAMA = Method(make_wordllama)
MODEL2VEC = Method(make_model2vec, distil_vectors)
