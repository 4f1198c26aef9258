"""Checkpoints of a training: weights and optimiser as safetensors, progress as JSON.

A checkpoint counts once `checkpoint.json` lists it with its hash. The previous one is kept until
the next is complete, so an interrupted training always has a good one left.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bort.core.errors import StoreError
from bort.core.files import read_json, whole_file, write_json_atomically

INDEX = "checkpoint.json"
KEPT = 2  # the last good one, and the one before it


class Checkpoints:
    """The checkpoints of one training.

    Args:
        folder: only this training uses it; the first `save` creates it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(
        self, model: Any, optimiser: torch.optim.Optimizer, progress: Mapping[str, Any]
    ) -> None:
        """Save the state after `progress["step"]` steps.

        Raises:
            StoreError: it cannot be written; the previous checkpoint remains.
        """
        tensors = {f"model.{name}": w for name, w in model.state_dict().items()}
        tensors |= _optimiser_tensors(optimiser)
        path = self.folder / f"step-{progress['step']:07d}.safetensors"
        digest = save_tensors(path, tensors)
        newest: dict[str, Any] = {
            "file": path.name,
            "sha256": digest,
            "progress": dict(progress),
        }
        entries = [newest, *(e for e in self._entries() if e["file"] != path.name)]
        write_json_atomically(self.folder / INDEX, {"checkpoints": entries[:KEPT]})
        for old in entries[KEPT:]:
            (self.folder / old["file"]).unlink(missing_ok=True)

    def load(self, model: Any, optimiser: torch.optim.Optimizer) -> dict[str, Any] | None:
        """Load the last good state into `model` and `optimiser`, and return its progress.

        Skips damaged files; returns None if no good one is left.
        """
        for entry in self._entries():
            tensors = load_tensors(self.folder / entry["file"], entry["sha256"])
            if tensors is not None:
                _restore(model, optimiser, tensors)
                return dict(entry["progress"])
        return None

    def progress(self) -> dict[str, Any] | None:
        """Read the progress of the last checkpoint, without its tensors."""
        return next((dict(entry["progress"]) for entry in self._entries()), None)

    def _entries(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = (read_json(self.folder / INDEX) or {}).get(
            "checkpoints", []
        )
        return entries


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> str:
    """Write a safetensors file atomically and return its SHA-256.

    Raises:
        StoreError: it cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    copies = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    remedy = "free some space and resume; the last good checkpoint is kept"
    try:
        with whole_file(path, remedy=remedy) as part:
            save_file(copies, part, metadata={"format": "pt"})
            digest = _digest(part)
    except SafetensorError as error:  # raised when the disk is full
        raise StoreError(f"{path} cannot be written ({error}); {remedy}") from error
    return digest


def load_tensors(path: Path, digest: str) -> dict[str, Tensor] | None:
    """Read a safetensors file; None if it is missing or its SHA-256 is not `digest`."""
    from safetensors.torch import load_file

    try:
        return load_file(path) if _digest(path) == digest else None
    except OSError:
        return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state: dict[int, dict[str, Tensor]] = optimiser.state_dict()["state"]
    return {
        f"optimiser.{number}.{name}": tensor
        for number, tensors in state.items()
        for name, tensor in tensors.items()
    }


def _restore(model: Any, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    weights = {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}
    model.load_state_dict(weights)
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, number, what = name.split(".", 2)
            state.setdefault(int(number), {})[what] = tensor
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
