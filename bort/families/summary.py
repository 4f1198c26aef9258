"""The summary of a space that `bort space show` prints, with the papers' figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bort.core.architecture import Architecture
from bort.core.errors import InvalidFieldError
from bort.core.serialise import to_json
from bort.core.size import SizeSpec, SizeUnit
from bort.families.family import PARTS, Elasticities
from bort.families.polynomial import BoolArray, FloatArray, IntArray
from bort.families.sizes import sizes_of
from bort.families.space import FamilySpace, SearchSpace
from bort.families.union import UnionSpace

MOST_LAYERS = 3_000  # of all depths together; the bytes of a file are counted layer by layer


@dataclass(frozen=True, eq=False)
class AbncReport:
    """Costs of the first part A, the middle B and the last part C over a space.

    [source] As a reader's notes on de Wynter 2020 give it, a space has the ABnC property where
    the middle layers cost more than the first and the last, in parameters and in operations.
    [ours] We read "more than" as more than each of the two, take the embedding layer for A, the
    stack of layers for B and pooler and classifier for C, and count operations as multiply-adds;
    a look-up costs none.

    Attributes:
        parameters: number of parameters of each of `PARTS`, shape (N,).
        operations: number of operations of each of `PARTS` in one forward pass, shape (N,).
    """

    parameters: dict[str, IntArray]
    operations: dict[str, FloatArray]
    batch_size: int
    sequence_length: int

    @property
    def holds_in_parameters(self) -> BoolArray:
        """Mark architectures whose middle has more parameters than first and last, shape (N,)."""
        return _middle_is_largest(self.parameters)

    @property
    def holds_in_operations(self) -> BoolArray:
        """Mark architectures whose middle needs more operations than first and last, shape (N,)."""
        return _middle_is_largest(self.operations)

    @property
    def holds(self) -> BoolArray:
        """Mark architectures with the property in both, shape (N,)."""
        return self.holds_in_parameters & self.holds_in_operations


def abnc_report(space: FamilySpace, *, batch_size: int, sequence_length: int) -> AbncReport:
    """Compute the costs of the parts of every architecture of a space; O(N)."""
    return AbncReport(
        space.family.part_parameter_counts(space.columns, space.fixed),
        space.family.part_operation_counts(
            space.columns, space.fixed, batch_size=batch_size, sequence_length=sequence_length
        ),
        batch_size,
        sequence_length,
    )


def clearest_examples(report: AbncReport, holds: BoolArray) -> tuple[int | None, int | None]:
    """Find the architectures whose middle outweighs the rest most and least, in parameters.

    Returns:
        The numbers of the one with the largest share of parameters in the middle among those
        that have the property, and of the one with the smallest share among those that lack
        it; None if there is none.
    """
    everything = np.sum([report.parameters[part] for part in PARTS], axis=0)
    share = report.parameters["middle"] / everything
    best = int(np.argmax(np.where(holds, share, -1.0))) if holds.any() else None
    worst = None if holds.all() else int(np.argmin(np.where(holds, 2.0, share)))
    return best, worst


def _middle_is_largest(costs: dict[str, IntArray] | dict[str, FloatArray]) -> BoolArray:
    larger: BoolArray = (costs["middle"] > costs["first"]) & (costs["middle"] > costs["last"])
    return larger


@dataclass(frozen=True, slots=True)
class PublishedAnswer:
    """The architecture that a paper found in a space.

    Attributes:
        architecture: its dimensions, by our names.
        parameter_count_millions: the published, rounded count.
        embedding_count_millions: the published, rounded count.
    """

    architecture: Architecture
    parameter_count_millions: float
    embedding_count_millions: float
    source: str


_BORT_DIMENSIONS = {
    "depth": (2, 4, 6, 8, 10, 12),
    "heads": (4, 8, 12, 16),
    "hidden": (512, 768, 1024),
    "intermediate": (256, 512, 768, 1024, 3072),
}
_BORT = PublishedAnswer(
    architecture=Architecture.of(depth=4, heads=8, hidden=1024, intermediate=768),
    parameter_count_millions=56.1,
    embedding_count_millions=39.0,
    source="de Wynter & Perry 2020, Optimal Subarchitecture Extraction for BERT, arXiv 2010.10499",
)


def published_answer(space: FamilySpace) -> PublishedAnswer | None:
    """Return Bort if this is the space in which it was found, else None."""
    is_bort = space.family_name == "bert" and space.dimensions == _BORT_DIMENSIONS
    return _BORT if is_bort else None


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and the largest value over a space."""

    min: int
    max: int


@dataclass(frozen=True, slots=True)
class OperationRange(Range):
    """Multiply-adds of one forward pass."""

    batch_size: int
    sequence_length: int


@dataclass(frozen=True, slots=True)
class FileRanges:
    """Bytes of the exported weights, without the tokenizer."""

    float32: Range
    int8: Range


@dataclass(frozen=True, slots=True)
class Costed:
    """An architecture with its exact costs."""

    id: str
    architecture: Mapping[str, int]
    parameter_count: int
    effective_parameter_count: int
    operation_count: int


@dataclass(frozen=True, slots=True)
class Published:
    """A published architecture with our own counts."""

    published_parameter_count_millions: float
    published_embedding_count_millions: float
    source: str
    recount: Costed


@dataclass(frozen=True, slots=True)
class PartCosts:
    """The costs of each of `PARTS` over a space, and where the middle costs most."""

    first: Range
    middle: Range
    last: Range
    holds: int
    holds_share: float


@dataclass(frozen=True, slots=True)
class Example:
    """One architecture with the costs of its parts, by `PARTS`."""

    id: str
    parameters: Mapping[str, int]
    operations: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Abnc:
    """The share of a space with the ABnC property; see `AbncReport`."""

    parameters: PartCosts
    operations: PartCosts
    holds: int
    holds_share: float
    example_with: Example | None
    example_without: Example | None


@dataclass(frozen=True, slots=True)
class SpaceSummary:
    """A space of one family in numbers.

    Attributes:
        combinations: combinations of the listed values; some of them cannot be built.
        built_parameter_count: parameters of one built network if a `factor` multiplies the
            size, as in the toy; otherwise None.
        file_bytes: None for families without a closed form.
        polynomials: the polynomial of each objective, as text.
    """

    space: FamilySpace
    combinations: int
    maximum: Costed
    parameter_count: Range
    effective_parameter_count: Range
    built_parameter_count: Range | None
    file_bytes: FileRanges | None
    operation_count: OperationRange
    polynomials: Mapping[str, str]
    elasticities: Elasticities
    published: Published | None
    abnc: Abnc

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values, with the space's own keys first."""
        rest = {name: getattr(self, name) for name in self.__slots__ if name != "space"}
        return {
            **self.space.to_dict(),
            "digest": self.space.digest,
            "architectures": len(self.space),
            **to_json(rest),
        }


def space_summary(space: FamilySpace, *, batch_size: int, sequence_length: int) -> SpaceSummary:
    """Size, ranges, polynomials and the ABnC property of a space; O(N).

    Args:
        space: any space.
        batch_size: texts per forward pass, for the operations.
        sequence_length: tokens per text; image models ignore it.
    """
    kind = space.family
    operations = space.operation_count(batch_size, sequence_length)
    counted = _range(operations)
    report = abnc_report(space, batch_size=batch_size, sequence_length=sequence_length)
    return SpaceSummary(
        space=space,
        combinations=space.combinations,
        maximum=_costed(space, space.maximum, operations),
        parameter_count=_range(space.parameter_count),
        effective_parameter_count=_range(space.effective_parameter_count),
        built_parameter_count=_built(space),
        file_bytes=_file_bytes(space),
        operation_count=OperationRange(counted.min, counted.max, batch_size, sequence_length),
        polynomials={
            "parameter_count": str(kind.parameters),
            "effective_parameter_count": str(kind.effective_parameters),
            "operation_count": str(kind.operations),
        },
        elasticities=kind.elasticities(),
        published=_published(space, operations),
        abnc=_abnc(space, report),
    )


@dataclass(frozen=True, slots=True)
class UnionSummary:
    """A space of several families in numbers, and each of its families."""

    space: UnionSpace
    maximum: Costed
    parameter_count: Range
    effective_parameter_count: Range
    file_bytes: FileRanges | None
    operation_count: OperationRange
    families: tuple[SpaceSummary, ...]

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values; each family as its own space would be."""
        rest = {name: getattr(self, name) for name in self.__slots__ if name != "space"}
        return {
            "name": self.space.name,
            "digest": self.space.digest,
            "architectures": len(self.space),
            **to_json({name: value for name, value in rest.items() if name != "families"}),
            "families": [part.to_dict() for part in self.families],
        }


def summary_of(
    space: SearchSpace, *, batch_size: int, sequence_length: int
) -> SpaceSummary | UnionSummary:
    """Summarise any space; see `space_summary` and `union_summary`."""
    work = {"batch_size": batch_size, "sequence_length": sequence_length}
    if isinstance(space, UnionSpace):
        return union_summary(space, **work)
    return space_summary(space.parts[0], **work)


def union_summary(space: UnionSpace, *, batch_size: int, sequence_length: int) -> UnionSummary:
    """Size and ranges of a space of several families; see `space_summary`."""
    operations = space.operation_count(batch_size, sequence_length)
    counted = _range(operations)
    return UnionSummary(
        space=space,
        maximum=_costed(space, space.maximum, operations),
        parameter_count=_range(space.parameter_count),
        effective_parameter_count=_range(space.effective_parameter_count),
        file_bytes=_file_bytes(space),
        operation_count=OperationRange(counted.min, counted.max, batch_size, sequence_length),
        families=tuple(
            space_summary(part, batch_size=batch_size, sequence_length=sequence_length)
            for part in space.parts
        ),
    )


def _built(space: FamilySpace) -> Range | None:
    if "factor" not in space.dimensions:
        return None
    return _range(space.parameter_count // space.columns["factor"])


def _file_bytes(space: SearchSpace) -> FileRanges | None:
    if any(sum(part.dimensions.get("depth", ())) > MOST_LAYERS for part in space.parts):
        return None
    try:
        found = [sizes_of(space, SizeSpec(unit=u)) for u in (SizeUnit.FLOAT32, SizeUnit.INT8)]
    except InvalidFieldError:
        return None
    return FileRanges(*map(_range, found))


def _costed(space: SearchSpace, index: int, operations: FloatArray) -> Costed:
    architecture = space.architecture(index)
    return Costed(
        architecture.id,
        architecture.as_dict(),
        int(space.parameter_count[index]),
        int(space.effective_parameter_count[index]),
        int(operations[index]),
    )


def _published(space: FamilySpace, operations: FloatArray) -> Published | None:
    answer = published_answer(space)
    if answer is None:
        return None
    return Published(
        answer.parameter_count_millions,
        answer.embedding_count_millions,
        answer.source,
        _costed(space, space.index(answer.architecture), operations),
    )


def _abnc(space: FamilySpace, report: AbncReport) -> Abnc:
    best, worst = clearest_examples(report, report.holds)
    return Abnc(
        _part_costs(report.parameters, report.holds_in_parameters),
        _part_costs(report.operations, report.holds_in_operations),
        int(np.count_nonzero(report.holds)),
        float(np.mean(report.holds)),
        None if best is None else _example(space, report, best),
        None if worst is None else _example(space, report, worst),
    )


def _part_costs(costs: dict[str, IntArray] | dict[str, FloatArray], holds: BoolArray) -> PartCosts:
    first, middle, last = (_range(costs[part]) for part in PARTS)
    return PartCosts(first, middle, last, int(np.count_nonzero(holds)), float(np.mean(holds)))


def _example(space: SearchSpace, report: AbncReport, index: int) -> Example:
    return Example(
        space.architecture(index).id,
        {part: int(report.parameters[part][index]) for part in PARTS},
        {part: int(report.operations[part][index]) for part in PARTS},
    )


def _range(column: IntArray | FloatArray) -> Range:
    return Range(int(column.min()), int(column.max()))
