"""Read and write model folders as safetensors; never unpickle anything."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bort.core.errors import InvalidModelError, StoreError, first_line
from bort.core.files import make_folder
from bort.core.scratch import scratch
from bort.training.plausible import check_plausible
from bort.training.source import read_config

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "special_tokens_map.json",
)


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence the progress bars and advice of `transformers` within the block."""
    from transformers.utils import logging as untyped

    logging: Any = untyped
    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def load_classifier(folder: Path, name: str) -> Any:
    """Load the sequence classifier in `folder` on the CPU, in float32, ready to predict.

    Raises:
        InvalidModelError: `transformers` finds no classifier there with weights in safetensors.
    """
    from transformers import AutoModelForSequenceClassification

    import bort.families.networks  # noqa: F401, registers the families that are ours

    check_plausible(read_config(folder, name), folder, name)
    try:
        with quiet_transformers():
            model, notes = AutoModelForSequenceClassification.from_pretrained(
                folder,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                dtype=torch.float32,
            )
    except Exception as error:  # transformers raises many classes for an unusable folder
        raise InvalidModelError(
            f"{name} cannot be loaded as a text classifier ({first_line(error)}); "
            "name a folder that AutoModelForSequenceClassification can read"
        ) from error
    if missing := sorted(notes["missing_keys"]):
        raise InvalidModelError(
            f"{name} is not a trained classifier: it has no weights for {missing[0]}; "
            "fine-tune it first, or leave the teacher out"
        )
    return model.eval()


def save_classifier(
    folder: Path, config: Any, weights: Mapping[str, Tensor], *, tokenizer_from: Path
) -> None:
    """Write a folder that `AutoModelForSequenceClassification` can read, completely or not at all.

    Args:
        folder: replaced if it exists.
        config: a `transformers` configuration.
        weights: by name, on any device.
        tokenizer_from: folder to copy the tokenizer files from.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        make_folder(folder.parent)
        with scratch(folder.parent, folder.name) as part:
            copies = {name: w.detach().cpu().contiguous().clone() for name, w in weights.items()}
            save_file(copies, part / "model.safetensors", metadata={"format": "pt"})
            config.save_pretrained(part)
            for name in TOKENIZER_FILES:
                if (tokenizer_from / name).is_file():
                    shutil.copyfile(tokenizer_from / name, part / name)
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(part, folder)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StoreError(f"{folder} cannot be written ({reason}); check the disk") from error
