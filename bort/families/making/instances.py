"""Instances of a `transformers` model type on the meta device: shapes, but no weights."""

from collections.abc import Mapping
from typing import Any

from bort.core.errors import InvalidSpaceError
from bort.families.family import PARTS
from bort.families.transformers_family import make_config, make_model

Key = tuple[str, str]
"""What is counted ("parameters" or "operations") and the part."""


class Instances:
    """What built models count at single points; each point is built once.

    Args:
        model_type: what `transformers` calls it.
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
        from bort.families.making.model_counts import count_parameters

        sizes = {n: v for n, v in {**self._defaults, **point}.items() if n in self._fields}
        try:
            config = make_config(self._model_type, self._fields, sizes)
            config._attn_implementation = "eager"  # fused kernels look at a mask's values
            model = make_model(config, device="meta")
            counts = {
                "parameters": count_parameters(model),
                "operations": self._operations(model, point),
            }
        except Exception as error:  # whatever a library's model raises at sizes it cannot have
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

        from bort.families.making.model_counts import count_operations

        config = model.config
        if self._is_image:
            shape = (point["batch"], config.num_channels, config.image_size, config.image_size)
            return count_operations(model, {"pixel_values": torch.zeros(shape, device="meta")})
        tokens = torch.ones(point["batch"], point["sequence"], dtype=torch.long, device="meta")
        # Values cannot be looked at on the meta device. Causal classifiers look for padding among
        # the tokens unless there is a mask; bidirectional ones look at the mask if there is one.
        try:
            return count_operations(model, {"input_ids": tokens})
        except RuntimeError as error:
            try:
                return count_operations(model, {"input_ids": tokens, "attention_mask": tokens})
            except RuntimeError:
                raise error from None
