"""Count a built model's weights and multiply-adds, by part; imports torch.

The parts are read off the model's own structure. The first list of modules is the stack of
layers: the middle. What the base model registers before it comes first. All else comes last: the
rest of the base model and the classifier, wherever that is registered.
"""

from typing import Any, NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode


class PartCounts(NamedTuple):
    """One number for each part of a model."""

    first: int
    middle: int
    last: int


def count_parameters(model: torch.nn.Module) -> PartCounts:
    """Trainable parameters of each part; a shared tensor counts where it first occurs."""
    stack = _stack_name(model)
    before = _modules_before(model, stack)
    sizes = [0, 0, 0]
    for name, parameter in model.named_parameters():
        owner = name.rpartition(".")[0]
        part = 1 if name.startswith(f"{stack}.") else 0 if owner in before else 2
        sizes[part] += parameter.numel()
    return PartCounts(*sizes)


def count_operations(model: torch.nn.Module, inputs: dict[str, Any]) -> PartCounts:
    """Multiply-adds of each part in one forward pass, as torch's own counter sees them.

    Args:
        model: on the meta device; put into evaluation mode.
        inputs: keyword arguments of the forward pass, on the meta device.
    """
    model.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(**inputs)
    # The counter counts a multiply-add as two, under "Class.path.to.module".
    flops = {
        name.partition(".")[2]: sum(kinds.values())
        for name, kinds in counter.get_flop_counts().items()
        if "." in name
    }
    stack = _stack_name(model)
    middle = sum(n for name, n in flops.items() if _is_entry(name, stack))
    leaves = (
        n for n in _modules_before(model, stack) if not any(model.get_submodule(n).children())
    )
    first = sum(flops.get(name, 0) for name in leaves)
    return PartCounts(first // 2, middle // 2, (counter.get_total_flops() - first - middle) // 2)


def _stack_name(model: torch.nn.Module) -> str:
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.ModuleList):
            return str(name)
    raise ValueError(f"{type(model).__name__} has no list of layers")


def _is_entry(name: str, stack: str) -> bool:
    return name.startswith(f"{stack}.") and "." not in name[len(stack) + 1 :]


def _is_leaf(model: torch.nn.Module, name: str) -> bool:
    return not any(model.get_submodule(name).children())


def _modules_before(model: torch.nn.Module, stack: str) -> set[str]:
    base = str(getattr(model, "base_model_prefix", ""))
    names = [name for name, _ in model.named_modules()]
    earlier = names[: names.index(stack)]
    return {name for name in earlier if not base or f"{name}.".startswith(f"{base}.")}
