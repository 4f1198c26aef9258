"""Export models as ONNX files, for the runtimes that read them.

The exporter is PyTorch's current one, with free batch size and sequence length, because people
deploy such files; it takes some seconds per model. The older, tracing one is ten times faster, but
the runtime fuses its graphs less (docs/latency.md, "Runtimes"). So exports can be kept for a while:
one file serves every batch size and length.
"""

import hashlib
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from bort.core.errors import InvalidOptionError
from bort.core.files import write_atomically
from bort.core.scratch import temporary
from bort.core.telemetry import send_nothing
from bort.latency.runtimes.pytorch import Inputs, TorchRuntime, model_inputs
from bort.latency.workload import Blueprint, Workload

COPIES_WHILE_BUILDING = 4  # the exported bytes, the file's, the session's, its packed weights
FLOAT32_BYTES = 4


class Exporter:
    """Builds models in PyTorch and writes them as ONNX, in int8 if `variant` says so."""

    def __init__(self, workload: Workload, variant: str) -> None:
        self._variant = variant
        self._workload = workload
        self._torch = TorchRuntime(workload, "float32")

    def exported(self, blueprint: Blueprint) -> tuple[bytes, list[Inputs]]:
        """Return the content of the model's ONNX file and its inputs, one per length.

        Raises:
            InvalidOptionError: there is not enough memory for one more.
        """
        model = self._torch.build(blueprint)
        _check_memory(sum(parameter.numel() for parameter in model.parameters()))
        content = kept(blueprint, self._variant, lambda: self._export(model, blueprint))
        passes = self._workload.passes_for(blueprint.vocabulary)
        return content, [model_inputs(model, blueprint, one) for one in passes]

    def _export(self, model: Any, blueprint: Blueprint) -> bytes:
        with temporary("onnx") as folder, quiet_exporter():
            path = folder / "model.onnx"
            export(model, blueprint, path)
            if self._variant == "int8":
                quantise(path, path)
            return path.read_bytes()

    def close(self) -> None:
        """Free the weights that exports started from."""
        self._torch.close()


def export(model: Any, blueprint: Blueprint, path: Path) -> None:
    """Write an ONNX file for any batch size and sequence length, as for deployment.

    Its output is called `logits`, its free axes `batch` and `length`.
    """
    # Two texts: from a batch of one, the exporter would conclude that it is always one.
    two_texts = Workload(batch_size=2, sequence_length=8, threads=1)
    export_module(model, model_inputs(model, blueprint, two_texts), path)


def export_module(model: torch.nn.Module, inputs: Inputs, path: Path) -> None:
    """Write an ONNX file of any module whose inputs are batches of tokens or vectors.

    Args:
        inputs: of two texts, by the name of the argument; integers are tokens.
    Raises:
        InvalidOptionError: PyTorch cannot export it.
    """
    program = torch.onnx.export(
        model,
        kwargs={name: torch.from_numpy(array) for name, array in inputs.items()},
        output_names=["logits"],
        dynamic_shapes={
            name: {0: "batch", 1: "length"} if array.dtype == np.int64 else {0: "batch"}
            for name, array in inputs.items()
        },
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise InvalidOptionError(f"{type(model).__name__} could not be exported to ONNX")
    program.save(path, external_data=False)


def quantise(source: Path, target: Path) -> None:
    """Write an ONNX file with its matrices in int8; their inputs are quantised as they come."""
    send_nothing()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, target, weight_type=QuantType.QInt8)


def _check_memory(parameters: int) -> None:
    needed = COPIES_WHILE_BUILDING * FLOAT32_BYTES * parameters
    available = psutil.virtual_memory().available
    if needed > available:
        raise InvalidOptionError(
            f"building the next architecture takes about {needed / 2**30:.1f} GiB of memory, "
            f"but only {available / 2**30:.1f} GiB are free; choose a torch runtime, "
            "or a space of smaller models"
        )


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """Silence the warnings of tracing and quantisation, which do not concern a latency."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


_folder: ContextVar[Path | None] = ContextVar("_folder", default=None)


@contextmanager
def keeping_exports(folder: Path) -> Iterator[None]:
    """Keep exports in `folder` for the length of a `with` block; about 50 MB each for `minilm`.

    The block deletes the files at its end. They stay if it is interrupted, so that resuming is
    quick.
    """
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)
    for file in folder.glob("*.onnx"):
        file.unlink()


def kept(blueprint: Blueprint, variant: str, export: Callable[[], bytes]) -> bytes:
    """Return the kept export of this blueprint, or a new one, which `keeping_exports` keeps."""
    folder = _folder.get()
    if folder is None:
        return export()
    key = json.dumps(
        [blueprint.family.name, blueprint.architecture.id, sorted(blueprint.fixed.items()), variant]
    )
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.onnx"
    if path.is_file():
        return path.read_bytes()
    content = export()
    write_atomically(path, content)
    return content
