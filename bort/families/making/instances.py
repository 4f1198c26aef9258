"""Build instances of a `transformers` model type without weights, and count the costs of each part.

The parts are read off the model's own structure. The first list of modules is the stack of
layers: the middle. What the base model registers before it comes first. All else comes last: the
rest of the base model and the classifier, wherever that is registered.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from bort.core.errors import InvalidSpaceError
from bort.families.family import PARTS
from bort.families.transformers_family import make_config, make_model

if TYPE_CHECKING:
    import torch

Key = tuple[str, str]
"""What is counted ("parameters" or "operations") and the part."""


class Instances:
    """Counts from built models at single points; each point is built once.

    Args:
        model_type: its name in `transformers`.
        fields: every size's field in the configuration.
        defaults: sizes that a point need not name.
        is_image: the model reads images of the configuration's size, not tokens.
    """

    def __init__(
        self,
        model_type: str,
        fields: Mapping[str, str],
        defaults: Mapping[str, int],
        *,
        is_image: bool,
    ) -> None:
        self._model_type = model_type
        self._fields = fields
        self._defaults = defaults
        self._is_image = is_image
        self._known: dict[tuple[tuple[str, int], ...], dict[Key, int]] = {}

    def __call__(self, point: Mapping[str, int]) -> dict[Key, int]:
        """All counts at a point that names sizes, `batch` and `sequence`.

        Raises:
            InvalidSpaceError: the model cannot be built or run there.
        """
        key = tuple(sorted(point.items()))
        if key not in self._known:
            self._known[key] = self._count(point)
        return self._known[key]

    def _count(self, point: Mapping[str, int]) -> dict[Key, int]:
        sizes = {n: v for n, v in {**self._defaults, **point}.items() if n in self._fields}
        try:
            config = make_config(self._model_type, self._fields, sizes)
            config._attn_implementation = "eager"  # fused kernels read a mask's values
            model = make_model(config, device="meta")
            counts = {
                "parameters": count_parameters(model),
                "operations": self._operations(model, point),
            }
        except (
            Exception
        ) as error:  # a library's model may raise anything if it cannot have these sizes
            where = ", ".join(f"{name}={value}" for name, value in sizes.items())
            raise InvalidSpaceError(
                f"family {self._model_type!r} cannot be built or run at {where}: "
                f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            ) from error
        return {
            (what, part): value
            for what, parts in counts.items()
            for part, value in zip(PARTS, parts, strict=True)
        }

    def _operations(self, model: Any, point: Mapping[str, int]) -> tuple[int, int, int]:
        import torch

        config = model.config
        if self._is_image:
            shape = (point["batch"], config.num_channels, config.image_size, config.image_size)
            return count_operations(model, {"pixel_values": torch.zeros(shape, device="meta")})
        tokens = torch.ones(point["batch"], point["sequence"], dtype=torch.long, device="meta")
        # Values cannot be read on the meta device. Causal classifiers look for padding among
        # the tokens unless there is a mask; bidirectional ones read the mask if there is one.
        try:
            return count_operations(model, {"input_ids": tokens})
        except RuntimeError as error:
            try:
                return count_operations(model, {"input_ids": tokens, "attention_mask": tokens})
            except RuntimeError:
                raise error from None


class PartCounts(NamedTuple):
    """One number for each part of a model."""

    first: int
    middle: int
    last: int


def count_parameters(model: "torch.nn.Module") -> PartCounts:
    """Trainable parameters of each part; a shared tensor counts where it first occurs."""
    stack = _stack_name(model)
    before = _modules_before(model, stack)
    sizes = [0, 0, 0]
    for name, parameter in model.named_parameters():
        owner = name.rpartition(".")[0]
        part = 1 if name.startswith(f"{stack}.") else 0 if owner in before else 2
        sizes[part] += parameter.numel()
    return PartCounts(*sizes)


def count_operations(model: "torch.nn.Module", inputs: dict[str, Any]) -> PartCounts:
    """Multiply-adds of each part in one forward pass, as torch's own counter sees them.

    Args:
        model: on the meta device; put into evaluation mode.
        inputs: keyword arguments of the forward pass, on the meta device.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

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


def _stack_name(model: "torch.nn.Module") -> str:
    from torch.nn import ModuleList

    for name, module in model.named_modules():
        if isinstance(module, ModuleList):
            return str(name)
    raise ValueError(f"{type(model).__name__} has no list of layers")


def _is_entry(name: str, stack: str) -> bool:
    return name.startswith(f"{stack}.") and "." not in name[len(stack) + 1 :]


def _modules_before(model: "torch.nn.Module", stack: str) -> set[str]:
    base = str(getattr(model, "base_model_prefix", ""))
    names = [name for name, _ in model.named_modules()]
    earlier = names[: names.index(stack)]
    return {name for name in earlier if not base or f"{name}.".startswith(f"{base}.")}
