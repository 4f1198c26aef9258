"""The search space: one list of architectures, of one family or several, costed exactly."""

import contextlib
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Any, ClassVar

import numpy as np

from bort.core.architecture import Architecture
from bort.core.errors import InvalidArchitectureError, InvalidSpaceError
from bort.families.family import Elasticities, Family
from bort.families.making.validation import (
    check_countable,
    check_dimensions,
    check_distinct,
    check_fixed,
    check_lists,
    no_architecture,
)
from bort.families.polynomial import FloatArray, IntArray, frozen
from bort.families.registry import family

MAX_COMBINATIONS = 2_000_000  # about 64 MB of values for four dimensions


class SearchSpace(ABC):
    """The search space Ξ. Architectures are numbered 0..len-1.

    Attributes:
        name: for display; the digest does not include it.
        dimensions: values of each dimension, ascending. In a space of several families a dimension
            is called `family.dimension`.
        fixed: sizes that all architectures of a family share, called like the dimensions.
        family_name: the family; of several, their names joined by "+".
        parts: the space of each family.
    """

    name: str
    dimensions: Mapping[str, tuple[int, ...]]
    fixed: Mapping[str, int]
    family_name: str
    parts: "tuple[FamilySpace, ...]"

    _kinds: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls, *, key: str) -> None:
        """Register a kind of space by the key that only its JSON values have."""
        SearchSpace._kinds[key] = cls

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "SearchSpace":
        """Make the space that `to_dict` describes.

        Raises:
            InvalidSpaceError: see `FamilySpace` and `UnionSpace`.
        """
        kind: type[SearchSpace] = next(k for key, k in SearchSpace._kinds.items() if key in values)
        return kind.read(values)

    @classmethod
    @abstractmethod
    def read(cls, values: Mapping[str, Any]) -> "SearchSpace":
        """Inverse of `to_dict`, for this kind of space."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Everything needed to make the space again, as JSON values."""

    @abstractmethod
    def with_labels(self, count: int) -> "SearchSpace":
        """Return the same space for classifiers of this many classes."""

    @abstractmethod
    def member(self, architecture: Architecture) -> "tuple[FamilySpace, Architecture]":
        """Return an architecture's own space, and the architecture as that space calls it."""

    @abstractmethod
    def architecture(self, index: int) -> Architecture:
        """Return the architecture with this number.

        Raises:
            IndexError: `index` is not in 0..len-1.
        """

    @abstractmethod
    def index_or_none(self, architecture: Architecture) -> int | None:
        """Return the number of this architecture, if the space has it."""

    @abstractmethod
    def operation_terms(self, batch_size: int, sequence_length: int) -> Mapping[str, FloatArray]:
        """Features of a latency model by name, each of shape (N,)."""

    @abstractmethod
    def elasticities(self) -> Mapping[str, Mapping[str, float]]:
        """The largest exponents of each dimension in each objective; see `Family.elasticities`.

        NaN in the dimensions of a family for which no bound is known.
        """

    @property
    @abstractmethod
    def coordinates(self) -> FloatArray:
        """ln of every dimension, shape (N, K); 0 in the dimensions of other families."""

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    def __contains__(self, architecture: object) -> bool:
        return (
            isinstance(architecture, Architecture) and self.index_or_none(architecture) is not None
        )

    def index(self, architecture: Architecture) -> int:
        """Return the number of this architecture; O(log N).

        Raises:
            InvalidArchitectureError: it is not in the space.
        """
        found = self.index_or_none(architecture)
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
        for part in self.parts:
            names = [name for name in self.dimensions if self._belongs(name, part)]
            with contextlib.suppress(InvalidArchitectureError):
                architecture = Architecture.from_id(id_, names)
                if architecture in self:
                    return architecture
        forms = dict.fromkeys(self._form(part) for part in self.parts)
        raise InvalidArchitectureError(
            f"the space {self.name!r} has no architecture {id_!r}; an id is "
            f"{' or '.join(forms)}, for example {self.architecture(0).id} "
            "(bort front lists the best)"
        )

    def _belongs(self, name: str, part: "FamilySpace") -> bool:  # noqa: ARG002
        return True

    def _form(self, part: "FamilySpace") -> str:
        return "-".join(part.dimensions)

    @cached_property
    def families(self) -> IntArray:
        """The place of each architecture's family among `parts`, shape (N,)."""
        lengths = [len(part) for part in self.parts]
        return frozen(np.repeat(np.arange(len(lengths)), lengths))

    @cached_property
    def parameter_count(self) -> IntArray:
        """Trainable parameters, exact, shape (N,)."""
        return frozen(np.concatenate([part.parameter_count for part in self.parts]))

    @cached_property
    def effective_parameter_count(self) -> IntArray:
        """Trainable parameters without the embedding layer, exact, shape (N,)."""
        return frozen(np.concatenate([part.effective_parameter_count for part in self.parts]))

    def operation_count(self, batch_size: int, sequence_length: int) -> FloatArray:
        """Multiply-adds of the matrix products of one forward pass, shape (N,)."""
        return np.concatenate(
            [part.operation_count(batch_size, sequence_length) for part in self.parts]
        )

    @cached_property
    def maximum(self) -> int:
        """The number of the maximum point T: most parameters, then last in order."""
        return len(self) - 1 - int(np.argmax(self.parameter_count[::-1]))

    @property
    def positions(self) -> int | None:
        """The longest text, in tokens, that all its networks can read; None if any length."""
        known = [part.fixed["positions"] for part in self.parts if "positions" in part.fixed]
        return min(known, default=None)

    @property
    def vocabularies(self) -> tuple[int, ...]:
        """The listed sizes of vocabularies, ascending; none if the size is no dimension."""
        listed = [size for part in self.parts for size in part.dimensions.get("vocabulary", ())]
        return tuple(sorted(set(listed)))

    @cached_property
    def vocabulary_sizes(self) -> IntArray:
        """The size of each architecture's vocabulary, shape (N,); 0 if it reads no text."""
        fixed = [part.family.with_defaults(part.fixed).get("vocabulary", 0) for part in self.parts]
        columns = [
            np.zeros(len(part), dtype=np.int64) + part.columns.get("vocabulary", size)
            for part, size in zip(self.parts, fixed, strict=True)
        ]
        return frozen(np.concatenate(columns))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the space's contents, without its name."""
        content = {key: value for key, value in self.to_dict().items() if key != "name"}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class FamilySpace(SearchSpace, key="family"):
    """All valid architectures of a family over lists of values, in lexicographic order.

    Stored in columns; an `Architecture` is made on request, and an array once, on first use.

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
        >>> space = FamilySpace("tiny", "bert", {"depth": (1, 2), "heads": (2, 3),
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
        if self.combinations > MAX_COMBINATIONS:
            raise InvalidSpaceError(
                f"the space has {self.combinations:,} combinations, but at most "
                f"{MAX_COMBINATIONS:,} can be searched; list fewer values"
            )
        if not len(self):
            raise InvalidSpaceError(no_architecture(kind, dimensions))

    def __hash__(self) -> int:
        return super().__hash__()

    def __len__(self) -> int:
        return len(self._flat)

    @property
    def parts(self) -> "tuple[FamilySpace, ...]":  # type: ignore[override]
        """This space alone."""
        return (self,)

    @property
    def combinations(self) -> int:
        """Combinations of the listed values; some of them cannot be built."""
        return prod(len(values) for values in self.dimensions.values())

    def with_labels(self, count: int) -> "FamilySpace":
        """Return the same space for classifiers of this many classes."""
        return replace(self, fixed={**self.fixed, "labels": count})

    def member(self, architecture: Architecture) -> "tuple[FamilySpace, Architecture]":
        """Return this space and the architecture."""
        return self, architecture

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
        return frozen(everything[valid])

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
        return {name: frozen(column) for name, column in self._columns_at(self._flat).items()}

    @cached_property
    def values(self) -> IntArray:
        """All architectures, shape (N, K), in lexicographic order."""
        return frozen(np.stack(list(self.columns.values()), axis=1))

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

    def index_or_none(self, architecture: Architecture) -> int | None:
        """Return the number of this architecture, if the space has it; O(log N)."""
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
        return frozen(self.family.parameter_count(self.columns, self.fixed))

    @cached_property
    def effective_parameter_count(self) -> IntArray:
        """Trainable parameters without the embedding layer, exact, shape (N,)."""
        return frozen(self.family.effective_parameter_count(self.columns, self.fixed))

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

    def elasticities(self) -> Elasticities:
        """The largest exponents of each dimension in each objective."""
        return self.family.elasticities()

    @cached_property
    def coordinates(self) -> FloatArray:
        """ln of every dimension, shape (N, K)."""
        return np.log(self.values)

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
    def read(cls, values: Mapping[str, Any]) -> "FamilySpace":
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
