"""Export as a folder that `transformers` loads without this package."""

import shutil
from pathlib import Path
from typing import Any

from bort.core.errors import ExportError
from bort.export.card import model_card
from bort.export.target import listed, new_folder
from bort.storage import ModelRecord

NEEDED = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def export_huggingface(model: ModelRecord, out: Path) -> dict[str, Any]:
    """Write config, weights, tokenizer and model card to the new folder `out`.

    Returns:
        What `bort export --json` prints. Parity is 0: these are the model's own weights.
    Raises:
        ExportError: `out` exists or cannot be written, or the model's files are gone.
    """
    check_files(model)
    with new_folder(out) as part:
        copy_model(model, part)
        card = model_card(model.name, model.realised, model.evidence)
        (part / "README.md").write_text(card, encoding="utf-8")
    realised = model.realised
    return {
        "format": "hf",
        "model": model.name,
        "path": str(out),
        "files": listed(out),
        "parity": {"max_abs_difference": 0.0, "note": "the same weights"},
        "latency_ms": realised["latency_ms"],
        "latency": dict(realised["latency"]),
    }


def check_files(model: ModelRecord) -> None:
    """Pass if the model's files are complete.

    Raises:
        ExportError: one is missing.
    """
    missing = [name for name in NEEDED if not (model.folder / name).is_file()]
    if missing:
        raise ExportError(
            f"the model {model.name!r} has no {missing[0]} in {model.folder}; train it again"
        )


def copy_model(model: ModelRecord, folder: Path) -> None:
    """The model's own files, nothing else."""
    for file in sorted(model.folder.iterdir()):
        if file.is_file():
            shutil.copyfile(file, folder / file.name)
