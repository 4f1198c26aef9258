"""What the size of an architecture is: the first objective of a search."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bort.core.fields import Description, ask, check_fields
from bort.core.kinds import Choice
from bort.core.serialise import to_json

BYTES_OF_FLOAT32 = 4


class SizeUnit(StrEnum):
    """What size counts. Bytes are those of the exported weights and of tokenizer.json."""

    PARAMETERS = "parameters"
    EFFECTIVE = "effective-parameters"  # without embeddings
    FLOAT32 = "bytes-float32"
    INT8 = "bytes-int8"

    @property
    def is_bytes(self) -> bool:
        """Whether it counts the bytes of files."""
        return self in (SizeUnit.FLOAT32, SizeUnit.INT8)


SIZE_TITLES: Mapping[str, str] = {
    SizeUnit.PARAMETERS: "Parameters",
    SizeUnit.EFFECTIVE: "Parameters without embeddings",
    SizeUnit.FLOAT32: "Bytes on disk, float32",
    SizeUnit.INT8: "Bytes on disk, int8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeSpec(Description):
    """The size to minimise.

    Attributes:
        tokenizer_bytes: the bytes of tokenizer.json by size of the vocabulary; None if `unit` does
            not need them, or the task has not been read yet.
    """

    unit: SizeUnit = ask(
        SizeUnit.PARAMETERS,
        Choice(tuple(SizeUnit), SIZE_TITLES),
        "Size",
        "What size means: parameters, parameters without embeddings, or the bytes of the exported "
        "weights and tokenizer.",
        called="size",
    )
    tokenizer_bytes: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        object.__setattr__(self, "unit", SizeUnit(self.unit))

    @property
    def is_known(self) -> bool:
        """Whether the sizes of a space can be computed."""
        return self.tokenizer_bytes is not None or not self.unit.is_bytes

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values, without `tokenizer_bytes` if there are none."""
        values: dict[str, Any] = to_json(self)
        if self.tokenizer_bytes is None:
            del values["tokenizer_bytes"]
        return values
