"""Spaces of several families: one list of architectures, each with its family's own dimensions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bort.core.architecture import Architecture
from bort.core.errors import InvalidSpaceError
from bort.families.polynomial import FloatArray, IntArray
from bort.families.registry import family
from bort.families.space import MAX_COMBINATIONS, FamilySpace, SearchSpace

JOINED = "+"


@dataclass(frozen=True)
class UnionSpace(SearchSpace, key="families"):
    """The union of spaces of different families, in their order.

    Everything that belongs to one family is called by its name, a dot and its own name:
    `static.hidden` is a dimension of static networks, `bert.ffn` a feature of a BERT's latency. An
    architecture's id begins with its family: `static-1000-64`.

    Raises:
        InvalidSpaceError: no families, one that is listed twice, or too many combinations.

    Examples:
        >>> space = UnionSpace("both", (
        ...     FamilySpace("both", "static", {"vocabulary": (1000,), "hidden": (32, 64)}),
        ...     FamilySpace("both", "mlp", {"depth": (1,), "hidden": (8,)})))
        >>> [space.architecture(index).id for index in range(len(space))]
        ['static-1000-32', 'static-1000-64', 'mlp-1-8']
        >>> list(space.dimensions)
        ['static.vocabulary', 'static.hidden', 'mlp.depth', 'mlp.hidden']
    """

    name: str
    parts: tuple[FamilySpace, ...]

    def __post_init__(self) -> None:
        names = [part.family_name for part in self.parts]
        if not names:
            raise InvalidSpaceError("the space has no families; write one table [[families]] each")
        for name in names:
            if names.count(name) > 1:
                raise InvalidSpaceError(
                    f"family {name!r} is listed twice; list it once, with all its values"
                )
        combinations = sum(part.combinations for part in self.parts)
        if combinations > MAX_COMBINATIONS:
            raise InvalidSpaceError(
                f"the families have {combinations:,} combinations, but at most "
                f"{MAX_COMBINATIONS:,} can be searched; list fewer values"
            )

    def __hash__(self) -> int:
        return super().__hash__()

    @cached_property
    def dimensions(self) -> dict[str, tuple[int, ...]]:  # type: ignore[override]
        """Values of each dimension of each family."""
        return {
            f"{part.family_name}.{name}": values
            for part in self.parts
            for name, values in part.dimensions.items()
        }

    @cached_property
    def fixed(self) -> dict[str, int]:  # type: ignore[override]
        """What all architectures of a family share."""
        return {
            f"{part.family_name}.{name}": value
            for part in self.parts
            for name, value in part.fixed.items()
        }

    @property
    def family_name(self) -> str:  # type: ignore[override]
        """The names of the families, joined."""
        return JOINED.join(part.family_name for part in self.parts)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "UnionSpace":
        """Inverse of `to_dict`.

        Raises:
            InvalidSpaceError: see the constructor, and that of `FamilySpace`.
        """
        name = values["name"]
        parts = (FamilySpace.read({"name": name, **part}) for part in values["families"])
        return cls(name, tuple(parts))

    def to_dict(self) -> dict[str, Any]:
        """Everything needed to make the space again, as JSON values."""
        parts = [part.to_dict() for part in self.parts]
        for part in parts:
            del part["name"]
        return {"name": self.name, "families": parts}

    def with_labels(self, count: int) -> "UnionSpace":
        """Return the same space for classifiers of this many classes."""
        return UnionSpace(self.name, tuple(part.with_labels(count) for part in self.parts))

    def member(self, architecture: Architecture) -> tuple[FamilySpace, Architecture]:
        """Return an architecture's own space, and the architecture as that space calls it.

        Raises:
            InvalidArchitectureError: the space does not have it.
        """
        self.index(architecture)
        part = next(one for one in self.parts if one.family_name == architecture.family)
        return part, architecture.alone

    def architecture(self, index: int) -> Architecture:
        """Return the architecture with this number."""
        if not 0 <= index < len(self):
            raise IndexError(f"architecture {index} of a space of {len(self)}")
        place = int(self.families[index])
        first = int(np.searchsorted(self.families, place))
        part = self.parts[place]
        return part.architecture(index - first).within(part.family_name)

    def index_or_none(self, architecture: Architecture) -> int | None:
        """Return the number of this architecture, if the space has it."""
        first = 0
        for part in self.parts:
            if part.family_name == architecture.family:
                found = part.index_or_none(architecture.alone)
                return None if found is None else first + found
            first += len(part)
        return None

    def operation_terms(self, batch_size: int, sequence_length: int) -> dict[str, FloatArray]:
        """Features of a latency model, those of each family 0 for the others."""
        terms = {
            part.family_name: part.operation_terms(batch_size, sequence_length)
            for part in self.parts
        }
        return _side_by_side(terms, [self.families == place for place in range(len(self.parts))])

    def elasticities(self) -> dict[str, dict[str, float]]:
        """The largest exponents of each dimension in each objective."""
        each = {part.family_name: part.elasticities() for part in self.parts}
        objectives = {objective for one in each.values() for objective in one}
        return {
            objective: {
                f"{part.family_name}.{name}": each[part.family_name]
                .get(objective, {})
                .get(name, np.nan)
                for part in self.parts
                for name in part.dimensions
            }
            for objective in sorted(objectives)
        }

    @cached_property
    def coordinates(self) -> FloatArray:
        """ln of every dimension, shape (N, K); 0 in the dimensions of other families."""
        blocks = [part.coordinates for part in self.parts]
        whole = np.zeros((len(self), len(self.dimensions)))
        row = column = 0
        for block in blocks:
            rows, columns = block.shape
            whole[row : row + rows, column : column + columns] = block
            row, column = row + rows, column + columns
        whole.setflags(write=False)
        return whole

    def _belongs(self, name: str, part: FamilySpace) -> bool:
        return name.startswith(f"{part.family_name}.")

    def _form(self, part: FamilySpace) -> str:
        return "-".join([part.family_name, *part.dimensions])


def operation_terms_of(
    family_name: str,
    fixed: Mapping[str, int],
    architectures: Sequence[Mapping[str, int]],
    *,
    batch_size: int,
    sequence_length: int,
) -> Mapping[str, FloatArray]:
    """Compute the features of a latency model for some architectures, each of shape (n,).

    Args:
        family_name, fixed: of their space.
        architectures: their dimensions; at least one.
    Raises:
        InvalidSpaceError: a family does not come with the package.
        KeyError: an architecture lacks a dimension.
    """
    if JOINED not in family_name:
        columns = {
            name: np.array([row[name] for row in architectures]) for name in architectures[0]
        }
        return family(family_name).operation_terms(
            columns, dict(fixed), batch_size=batch_size, sequence_length=sequence_length
        )
    terms, members = {}, []
    for name in family_name.split(JOINED):
        begin = f"{name}."
        own = np.array([next(iter(row)).startswith(begin) for row in architectures])
        members.append(own)
        rows = [
            {key.removeprefix(begin): value for key, value in row.items()}
            for row, is_own in zip(architectures, own, strict=True)
            if is_own
        ]
        shared = {k.removeprefix(begin): v for k, v in fixed.items() if k.startswith(begin)}
        if rows:
            terms[name] = operation_terms_of(
                name, shared, rows, batch_size=batch_size, sequence_length=sequence_length
            )
    return _side_by_side(terms, [own for own in members if own.any()])


def vocabulary_sizes_of(
    family_name: str, fixed: Mapping[str, int], architectures: Sequence[Mapping[str, int]]
) -> IntArray:
    """Return the sizes of some architectures' vocabularies, shape (n,); for the arguments see
    `operation_terms_of`.

    Raises:
        InvalidSpaceError: a family does not come with the package.
    """
    found = []
    for row in architectures:
        name, dot, _ = next(iter(row)).rpartition(".")
        begin = name + dot
        shared = {k.removeprefix(begin): v for k, v in fixed.items() if k.startswith(begin)}
        known = family(name or family_name).with_defaults(shared)
        found.append(row.get(f"{begin}vocabulary", known.get("vocabulary", 0)))
    return np.array(found, dtype=np.int64)


def _side_by_side(
    terms: Mapping[str, Mapping[str, FloatArray]], members: Sequence[Any]
) -> dict[str, FloatArray]:
    """Give each family's terms columns of their own, with a constant that is 1 for its members."""
    columns: dict[str, FloatArray] = {}
    for (name, own), rows in zip(terms.items(), members, strict=True):
        columns[f"{name}.constant"] = np.asarray(rows, dtype=np.float64)
        for term, values in own.items():
            columns[f"{name}.{term}"] = np.zeros(len(rows))
            columns[f"{name}.{term}"][rows] = values
    return columns
