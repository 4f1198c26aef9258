"""Our trained models as contenders: the files that `bort export` writes."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bort.core.files import sha256_of, write_json_atomically
from bort.export import numpy_folder, onnx
from bort.export.card import is_ours
from bort.finetuning.realised import evidence_of, realised_of
from bort.rivals.opening import MODEL, READING, TOKENIZER
from bort.rivals.rival import whole_folder
from bort.storage import ModelRecord
from bort.training.limits import read_limits
from bort.training.source import WEIGHTS, read_config


def export_own(model: ModelRecord, folder: Path) -> Mapping[str, Path]:
    """Write the files of a model that are deployed, once; a folder for each runtime."""
    folder = folder / sha256_of(model.folder / WEIGHTS)[:16]  # of a name's present weights
    has_numpy = is_ours(realised_of(model), evidence_of(model))
    done = {
        name: folder / name for name in (*onnx.FILES, *(numpy_folder.FILES if has_numpy else ()))
    }
    if all(path.is_dir() for path in done.values()):
        return done
    whole = folder / "export"
    shutil.rmtree(whole, ignore_errors=True)
    onnx.export_onnx(model, whole, measure=False)
    limits: Any = read_limits(read_config(whole, model.name))
    reading = {"max_length": evidence_of(model).max_length, "padding": limits.padding or 0}
    for name, file in onnx.FILES.items():
        with whole_folder(done[name]) as part:
            shutil.copyfile(whole / file, part / MODEL)
            shutil.copyfile(whole / TOKENIZER, part / TOKENIZER)
            write_json_atomically(part / READING, reading)
    shutil.rmtree(whole)
    if has_numpy:
        numpy_folder.export_numpy(model, whole)
        for name, file in numpy_folder.FILES.items():
            with whole_folder(done[name]) as part:
                for needed in (file, TOKENIZER, "config.json"):
                    shutil.copyfile(whole / needed, part / needed)
        shutil.rmtree(whole)
    return done
