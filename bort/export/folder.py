"""Export a model as a folder for `transformers`. A failed export leaves nothing behind.

Nothing here overwrites existing files.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bort.core.errors import ExportError, InvalidDataError
from bort.core.progress import OnStep, ignore
from bort.core.scratch import scratch
from bort.core.serialise import to_json
from bort.core.study import TaskSpec
from bort.export.card import model_card
from bort.finetuning.realised import RealisedLatency, evidence_of, realised_of
from bort.storage import ModelRecord, fetch_model
from bort.studies.commands import finetune_command
from bort.tasks import Task, load_task
from bort.training.limits import READS

RELIABILITY = "dev_reliability"  # in config.json: how often sure answers are right
TEXT_COLUMNS = "text_columns"  # in config.json: what the model was trained on, one or two columns
NEEDED = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file of an export: its name, its SHA-256 and its size."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The result of an export, as `bort export --json` prints it.

    Attributes:
        latency_ms: the exported files' latency; None if it was not measured.
        latency: by runtime.
    """

    format: str
    model: str
    path: str
    files: tuple[ExportedFile, ...]
    latency_ms: float | None
    latency: Mapping[str, RealisedLatency]


@dataclass(frozen=True, slots=True, kw_only=True)
class SameWeights:
    """The parity of an export that contains the model's own weights."""

    max_abs_difference: float = 0.0
    note: str = "the same weights"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsExport(Export):
    """An export of the model's own weights: a Hugging Face folder or a bundle."""

    parity: SameWeights = field(default_factory=SameWeights)


def export_huggingface(model: ModelRecord, out: Path) -> WeightsExport:
    """Write config, weights, tokenizer and model card to the new folder `out`.

    Raises:
        ExportError: `out` exists or cannot be written, or the model's files are missing.
    """
    check_files(model)
    realised = realised_of(model)
    with new_output(out, is_folder=True) as part:
        for file in sorted(model.folder.iterdir()):
            if file.is_file():
                shutil.copyfile(file, part / file.name)
        name_inputs(part, model)
        card = model_card(model.name, realised, evidence_of(model))
        (part / "README.md").write_text(card, encoding="utf-8")
    return WeightsExport(
        format="hf",
        model=model.name,
        path=str(out),
        files=listed(out),
        latency_ms=realised.latency_ms,
        latency=realised.latency,
    )


def name_inputs(folder: Path, model: ModelRecord, *, is_int8: bool = False) -> None:
    """Write into a copied model's files what it reads.

    The text columns stand in config.json, so that half a pair is refused, how many tokens it
    reads, and how often it is right where it is sure, so that `bort predict --accuracy` can reject.
    The arrays stand in tokenizer_config.json, or `transformers` chooses them by the tokenizer's
    class: a model of pairs gives other answers without segments.

    Args:
        is_int8: only int8 weights are in the folder; nobody counted how often those are right.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    has_segments = config.get("type_vocab_size", 0) > 1
    names = ["input_ids", *(["token_type_ids"] if has_segments else []), "attention_mask"]
    evidence = evidence_of(model)
    more: dict[str, Any] = {TEXT_COLUMNS: evidence.data.text, READS: evidence.max_length}
    realised = realised_of(model)
    if realised.reliability and not (realised.dev_is_seen or is_int8):  # it is about float32
        more[RELIABILITY] = to_json(realised.reliability)
    _add(folder / "config.json", more)
    _add(
        folder / "tokenizer_config.json",
        {"model_input_names": names, "model_max_length": evidence.max_length},
    )


def own_task(model: ModelRecord, *, on_step: OnStep = ignore) -> Task:
    """Load the task that a model was trained on.

    Raises:
        InvalidDataError: its texts have changed, and may be in other splits.
        BortError: it cannot be loaded.
    """
    evidence = evidence_of(model)
    task = load_task(TaskSpec.from_dict(evidence.data.task_spec), on_step=on_step)
    before = evidence.oracle.task_digest
    if before is not None and before != task.digest:
        raise InvalidDataError(
            f"the task's texts or labels have changed since {model.name} was trained "
            f"({before[:12]}… then, {task.digest[:12]}… now); restore them, or train it again"
        )
    return task


def _add(path: Path, more: Mapping[str, Any]) -> None:
    content = {**json.loads(path.read_text(encoding="utf-8")), **more}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def check_files(model: ModelRecord) -> None:
    """Check that the model's files are complete.

    Raises:
        ExportError: one is missing, or it is an example, which has none.
    """
    if model.is_example:
        again = finetune_command(model.study, [model.architecture_id])
        raise ExportError(
            f"the model {model.name!r} was recorded elsewhere, without its weights; make them "
            f"with: {again}"
        )
    fetch_model(model)
    missing = [name for name in NEEDED if not (model.folder / name).is_file()]
    if missing:
        raise ExportError(
            f"the model {model.name!r} has no {missing[0]} in {model.folder}; train it again"
        )


@contextmanager
def new_output(path: Path, *, is_folder: bool = False) -> Iterator[Path]:
    """Yield a file to write or a folder to fill; it appears at `path` if the block succeeds.

    Raises:
        ExportError: `path` exists, or cannot be written.
    """
    _check_free(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch(path.parent, path.name, is_folder=is_folder) as part:
            yield part
            os.rename(part, path)
    except ExportError:
        raise
    except OSError as error:
        raise _unwritable(path, error) from error


def _check_free(path: Path) -> None:
    if path.exists() or path.is_symlink():
        what = "folder" if path.is_dir() else "file"
        raise ExportError(
            f"the {what} {path} exists already; choose another --out, or remove it first"
        )


def _unwritable(path: Path, error: OSError) -> ExportError:
    return ExportError(
        f"{path} cannot be written ({error.strerror or error}); choose another --out, or free "
        "some space"
    )


def listed(path: Path) -> tuple[ExportedFile, ...]:
    """List the file at `path`, or all files in the folder, by name."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return tuple(
        ExportedFile(
            file.name if file == path else file.relative_to(path).as_posix(),
            digest_of(file),
            file.stat().st_size,
        )
        for file in files
    )


def digest_of(file: Path) -> str:
    """Compute the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
