"""PyTorch on the CPU, eager, in evaluation and inference mode.

All models take their weights from one block of memory as large as the largest of them, so that
hundreds can be compared without having hundreds in memory. Within a model no two weights overlap,
so
the caches behave as if it were alone: times differ by 1-3% in either direction (docs/latency.md,
"Shared weights").
"""

import inspect
import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.initialization import no_init_weights

from bort.core.errors import InvalidOptionError
from bort.latency.protocol import Run
from bort.latency.workload import Blueprint, Workload

ALIGNMENT = 64  # bytes, a cache line: where torch's own allocator would put a tensor
WEIGHT_SCALE = 0.02  # BERT's own initialisation; nothing near a denormal, which would be slow

Inputs = dict[str, NDArray[Any]]
"""Arguments of one forward pass by name."""

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "int8": torch.float32}


class TorchRuntime:
    """Implements `bort.latency.workload.Runtime` for `variant` float32, bfloat16 or int8."""

    def __init__(self, workload: Workload, variant: str) -> None:
        self._workload = workload
        self._variant = variant
        self._dtype = _DTYPES[variant]
        self._arena = torch.empty(0, dtype=self._dtype)
        self._threads_before = torch.get_num_threads()
        torch.set_num_threads(workload.threads)

    def prepare(self, blueprint: Blueprint) -> Run:
        """Build the model on the shared weights; see `Runtime.prepare`."""
        model = self.build(blueprint)
        passes = [
            {
                name: torch.from_numpy(array).to(self._dtype if array.dtype == np.float32 else None)
                for name, array in model_inputs(model, blueprint, workload).items()
            }
            for workload in self._workload.passes_for(blueprint.vocabulary)
        ]

        def run() -> object:
            with torch.inference_mode():
                return [model(**inputs) for inputs in passes]

        return run

    def build(self, blueprint: Blueprint) -> Any:
        """Build the model as a module in evaluation mode, with random weights."""
        with no_init_weights():  # the weights are replaced below, and random ones take a while
            model = blueprint.family.build(blueprint.architecture, blueprint.fixed, device="cpu")
        self._bind(model)
        model.eval()
        return quantised(model) if self._variant == "int8" else model

    def close(self) -> None:
        """Restore the number of threads and free the weights."""
        torch.set_num_threads(self._threads_before)
        self._arena = torch.empty(0, dtype=self._dtype)

    def _bind(self, model: torch.nn.Module) -> None:
        """Replace every parameter by a slice of the arena; tied ones stay tied."""
        step = ALIGNMENT // self._dtype.itemsize
        parameters = list(model.parameters())
        sizes = [-(-parameter.numel() // step) * step for parameter in parameters]
        self._grow(sum(sizes))
        replaced: dict[int, torch.nn.Parameter] = {}
        offset = 0
        for parameter, size in zip(parameters, sizes, strict=True):
            view = self._arena[offset : offset + parameter.numel()].view(parameter.shape)
            replaced[id(parameter)] = torch.nn.Parameter(view, requires_grad=False)
            offset += size
        for module in model.modules():
            for name, parameter in list(module.named_parameters(recurse=False)):
                setattr(module, name, replaced[id(parameter)])

    def _grow(self, elements: int) -> None:
        if elements > len(self._arena):
            generator = torch.Generator().manual_seed(0)
            self._arena = torch.empty(elements, dtype=self._dtype)
            self._arena.normal_(std=WEIGHT_SCALE, generator=generator)


def quantised(model: torch.nn.Module) -> torch.nn.Module:
    """Quantise linear layers to int8, and activations dynamically.

    Raises:
        InvalidOptionError: the installed PyTorch has no dynamic quantisation any more.
    """
    try:
        from torch.ao.quantization import quantize_dynamic
    except ImportError:
        raise InvalidOptionError(
            f"PyTorch {torch.__version__} no longer quantises dynamically; "
            "choose the runtime onnx-int8"
        ) from None
    with warnings.catch_warnings():
        # Deprecated in favour of torchao, which has no such kernels for CPUs.
        warnings.simplefilter("ignore")
        module: torch.nn.Module = quantize_dynamic(  # type: ignore[no-untyped-call]
            model, {torch.nn.Linear}, dtype=torch.qint8, inplace=True
        )
    return module


def model_inputs(model: Any, blueprint: Blueprint, workload: Workload) -> Inputs:
    """Make the arguments of the model's `forward` by name: tokens, images or vectors.

    There is no padding: every token counts, as in a batch of texts of equal length. The values of
    tokens and pixels do not change the time, so they are the same in every run.
    """
    accepted = inspect.signature(model.forward).parameters
    rng = np.random.default_rng(0)
    if "input_ids" in accepted:
        tokens = _tokens(blueprint, workload, rng)
        return {name: array for name, array in tokens.items() if name in accepted}
    if "pixel_values" in accepted:
        size, channels = model.config.image_size, model.config.num_channels
        height, width = (size, size) if isinstance(size, int) else size
        shape: tuple[int, ...] = (workload.batch_size, channels, height, width)
        return {"pixel_values": rng.standard_normal(shape, dtype=np.float32)}
    width = next(iter(model.parameters())).shape[1]
    shape = (workload.batch_size, width)
    return {next(iter(accepted)): rng.standard_normal(shape, dtype=np.float32)}


def _tokens(blueprint: Blueprint, workload: Workload, rng: np.random.Generator) -> Inputs:
    """Make what a BERT tokenizer returns, each of shape (batch_size, sequence_length)."""
    shape = (workload.batch_size, workload.sequence_length)
    sizes = {
        **blueprint.family.defaults,
        **blueprint.fixed,
        **blueprint.architecture.as_dict(),
    }
    return {
        "input_ids": rng.integers(0, sizes["vocabulary"], size=shape),
        "attention_mask": np.ones(shape, dtype=np.int64),
        "token_type_ids": np.zeros(shape, dtype=np.int64),
    }
