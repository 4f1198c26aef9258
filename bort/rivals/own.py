"""Our trained models as contenders: the ONNX files that `bort export` writes."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bort.core.files import write_json_atomically
from bort.core.study import TaskSpec
from bort.export.onnx import FLOAT32, INT8, export_onnx
from bort.finetuning.realised import evidence_of
from bort.rivals.networks import MODEL, READING, TOKENIZER
from bort.rivals.rival import whole_folder
from bort.storage import ModelRecord, Store
from bort.training.limits import read_limits
from bort.training.source import read_config

VARIANTS = {"onnx-float32": FLOAT32, "onnx-int8": INT8}
"""The files of each model that compete, by runtime."""


def own_models(store: Store, task: TaskSpec) -> list[ModelRecord]:
    """List our models that were trained on exactly this task."""
    wanted = json.loads(json.dumps(task.to_dict()))
    return [one for one in store.models() if evidence_of(one).data.task_spec == wanted]


def export_own(model: ModelRecord, folder: Path) -> Mapping[str, Path]:
    """Write the files of a model that are deployed, once; a folder for each runtime."""
    done = {name: folder / name for name in VARIANTS}
    if all(path.is_dir() for path in done.values()):
        return done
    whole = folder / "export"
    shutil.rmtree(whole, ignore_errors=True)
    export_onnx(model, whole, measure=False)
    limits: Any = read_limits(read_config(whole, model.name))
    reading = {"max_length": evidence_of(model).max_length, "padding": limits.padding or 0}
    for name, file in VARIANTS.items():
        with whole_folder(done[name]) as part:
            shutil.copyfile(whole / file, part / MODEL)
            shutil.copyfile(whole / TOKENIZER, part / TOKENIZER)
            write_json_atomically(part / READING, reading)
    shutil.rmtree(whole)
    return done
