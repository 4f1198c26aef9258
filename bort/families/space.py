"""A search space: every valid combination of listed dimension values, costed exactly."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from bort.core.architecture import Architecture
from bort.core.errors import InvalidArchitectureError, InvalidFieldError, InvalidSpaceError
from bort.core.size import SizeSpec, SizeUnit
from bort.families.family import Family
from bort.families.making.validation import (
    check_countable,
    check_dimensions,
    check_distinct,
    check_fixed,
    check_lists,
)
from bort.families.polynomial import FloatArray, IntArray
from bort.families.registry import family

MAX_COMBINATIONS = 2_000_000  # about 64 MB of values for four dimensions


@dataclass(frozen=True)
class SearchSpace:
    """The search space Ξ: all valid architectures over lists of values, in lexicographic order.

    Architectures are numbered 0..len-1 and stored in columns; an `Architecture` is made only on
    request. Arrays are computed once, on first use, and are read-only.

    Args:
        name: for display; the digest does not include it.
        family_name: a name that `bort.families.family` knows.
        dimensions: values of each dimension; kept sorted, in the family's order.
        fixed: sizes that all architectures share (vocabulary, ...); defaults complete them.
        definition: the definition of a family fitted for this space; None for a known family.
    Raises:
        InvalidSpaceError: one line on what is wrong: a missing or unknown dimension, values
            that are not distinct positive integers, no valid architecture, more than
            `MAX_COMBINATIONS` combinations, or counts beyond 64 bits.

    Examples:
        >>> space = SearchSpace("tiny", "bert", {"depth": (1, 2), "heads": (2, 3),
        ...                                      "hidden": (8, 12), "intermediate": (16,)})
        >>> len(space), space.architecture(0).id
        (6, '1-2-8-16')
        >>> space.architecture(space.maximum).id
        '2-3-12-16'
    """

    name: str
    family_name: str
    dimensions: Mapping[str, tuple[int, ...]]
    fixed: Mapping[str, int] = field(default_factory=dict)
    definition: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dimensions", check_lists(self.dimensions))
        kind = self.family
        dimensions = check_dimensions(kind, self.dimensions)
        object.__setattr__(self, "dimensions", dimensions)
        object.__setattr__(self, "fixed", check_fixed(kind, self.fixed))
        check_distinct(kind, dimensions, self.fixed)
        check_countable(kind, dimensions, self.fixed)
        combinations = prod(len(values) for values in dimensions.values())
        if combinations > MAX_COMBINATIONS:
            raise InvalidSpaceError(
                f"the space has {combinations:,} combinations, but at most {MAX_COMBINATIONS:,} "
                "can "
                "be searched; list fewer values"
            )
        if not len(self):
            raise InvalidSpaceError(_no_architecture(kind, dimensions))

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    def __len__(self) -> int:
        return len(self._flat)

    @cached_property
    def family(self) -> Family:
        """The family that costs and builds these architectures."""
        return family(self.family_name, self.definition).listing(self.dimensions)

    @cached_property
    def _flat(self) -> IntArray:
        """Position of each valid architecture among all combinations, ascending."""
        shape = tuple(len(values) for values in self.dimensions.values())
        everything = np.arange(prod(shape), dtype=np.int64)
        valid = self.family.is_valid(self._columns_at(everything), self.fixed)
        return _frozen(everything[valid])

    def _columns_at(self, flat: IntArray) -> dict[str, IntArray]:
        shape = tuple(len(values) for values in self.dimensions.values())
        digits = np.unravel_index(flat, shape)
        return {
            name: np.array(values, dtype=np.int64)[digit]
            for (name, values), digit in zip(self.dimensions.items(), digits, strict=True)
        }

    @cached_property
    def columns(self) -> dict[str, IntArray]:
        """Dimension to its values over all architectures, each of shape (N,)."""
        return {name: _frozen(column) for name, column in self._columns_at(self._flat).items()}

    @cached_property
    def values(self) -> IntArray:
        """All architectures, shape (N, K), in lexicographic order."""
        return _frozen(np.stack(list(self.columns.values()), axis=1))

    def architecture(self, index: int) -> Architecture:
        """Return the architecture with this number.

        Raises:
            IndexError: `index` is not in 0..len-1.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"architecture {index} of a space of {len(self)}")
        return Architecture(
            tuple(self.dimensions), tuple(int(column[index]) for column in self.columns.values())
        )

    def index(self, architecture: Architecture) -> int:
        """Return the number of this architecture; O(log N).

        Raises:
            InvalidArchitectureError: it is not in the space.
        """
        found = self._index_or_none(architecture)
        if found is None:
            raise InvalidArchitectureError(
                f"{architecture.id} ({architecture}) is not in the space {self.name!r}; "
                "choose values listed in its dimensions"
            )
        return found

    def named(self, id_: str) -> Architecture:
        """Return the architecture with this id, such as "4-8-1024-768".

        Raises:
            InvalidArchitectureError: the space has no architecture with that id.
        """
        with contextlib.suppress(InvalidArchitectureError):
            architecture = Architecture.from_id(id_, tuple(self.dimensions))
            if architecture in self:
                return architecture
        raise InvalidArchitectureError(
            f"the space {self.name!r} has no architecture {id_!r}; an id is "
            f"{'-'.join(self.dimensions)}, for example {self.architecture(0).id} "
            "(bort front lists the best)"
        )

    def __contains__(self, architecture: object) -> bool:
        return (
            isinstance(architecture, Architecture) and self._index_or_none(architecture) is not None
        )

    def _index_or_none(self, architecture: Architecture) -> int | None:
        parameters = architecture.as_dict()
        if parameters.keys() != self.dimensions.keys():
            return None
        flat = 0
        for name, values in self.dimensions.items():
            if parameters[name] not in values:
                return None
            flat = flat * len(values) + values.index(parameters[name])
        at = int(np.searchsorted(self._flat, flat))
        return at if at < len(self) and self._flat[at] == flat else None

    @cached_property
    def parameter_count(self) -> IntArray:
        """Trainable parameters, exact, shape (N,)."""
        return _frozen(self.family.parameter_count(self.columns, self.fixed))

    @cached_property
    def effective_parameter_count(self) -> IntArray:
        """Trainable parameters without the embedding layer, exact, shape (N,)."""
        return _frozen(self.family.effective_parameter_count(self.columns, self.fixed))

    def sizes(self, size: SizeSpec) -> IntArray:
        """Sizes in a unit, shape (N,); of bytes, those of the weights and of tokenizer.json.

        While nobody has counted the tokenizers, those of the weights alone.

        Raises:
            InvalidFieldError: the family has no such size.
        """
        if size.unit is SizeUnit.PARAMETERS:
            return self.parameter_count
        if size.unit is SizeUnit.EFFECTIVE:
            if not self.family.embedding.terms:
                raise InvalidFieldError(
                    "size",
                    f"networks of the family {self.family.name!r} have no embeddings to leave "
                    "out; choose --size parameters",
                )
            return self.effective_parameter_count
        is_int8 = size.unit is SizeUnit.INT8
        weights = self.family.file_bytes(self.columns, self.fixed, is_int8=is_int8)
        if size.tokenizer_bytes is None:
            return weights
        return weights + self._tokenizer_bytes(size.tokenizer_bytes)

    def _tokenizer_bytes(self, known: Mapping[str, int]) -> IntArray:
        """Bytes of tokenizer.json by architecture, shape (N,)."""
        everywhere = np.full(len(self), self.family.with_defaults(self.fixed).get("vocabulary", 0))
        sizes, places = np.unique(self.columns.get("vocabulary", everywhere), return_inverse=True)
        if missing := [size for size in sizes.tolist() if str(size) not in known]:
            raise InvalidFieldError(
                "size",
                f"the bytes of the tokenizer with {missing[0]} pieces are missing; search again",
            )
        return np.array([known[str(size)] for size in sizes.tolist()])[places]

    def operation_count(self, batch_size: int, sequence_length: int) -> FloatArray:
        """Multiply-adds of the matrix products of one forward pass, shape (N,)."""
        return self.family.operation_count(
            self.columns, self.fixed, batch_size=batch_size, sequence_length=sequence_length
        )

    def operation_terms(self, batch_size: int, sequence_length: int) -> dict[str, FloatArray]:
        """Features of a latency model by name, each of shape (N,)."""
        return self.family.operation_terms(
            self.columns, self.fixed, batch_size=batch_size, sequence_length=sequence_length
        )

    @cached_property
    def maximum(self) -> int:
        """The number of the maximum point T: most parameters, then last in order."""
        return len(self) - 1 - int(np.argmax(self.parameter_count[::-1]))

    @property
    def has_vocabularies(self) -> bool:
        """Whether the size of the vocabulary is a dimension."""
        return "vocabulary" in self.dimensions

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the space's contents, without its name."""
        content = {key: value for key, value in self.to_dict().items() if key != "name"}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Everything needed to make the space again, as JSON values."""
        values: dict[str, Any] = {
            "name": self.name,
            "family": self.family_name,
            "dimensions": {name: list(values) for name, values in self.dimensions.items()},
            "fixed": dict(self.fixed),
        }
        return values if self.definition is None else {**values, "definition": self.definition}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SearchSpace":
        """Inverse of `to_dict`.

        Raises:
            InvalidSpaceError: see the constructor.
        """
        return cls(
            name=values["name"],
            family_name=values["family"],
            dimensions=values["dimensions"],
            fixed=values.get("fixed", {}),
            definition=values.get("definition"),
        )


def _frozen(array: IntArray) -> IntArray:
    array.setflags(write=False)
    return array


def _no_architecture(kind: Family, dimensions: Mapping[str, tuple[int, ...]]) -> str:
    rules = [f"{large} must be a multiple of {small}" for small, large in kind.divisibility]
    rules += [f"{left} must equal {right}" for left, right in kind.equal]
    rules += [f"{name} must be odd" for name in kind.odd]
    found = ", ".join(f"{name} {list(values)}" for name, values in dimensions.items())
    return (
        f"the space contains no valid architecture: {' and '.join(rules)}, found {found}; list "
        "values that fit together"
    )
