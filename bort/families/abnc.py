"""The ABnC property of a space, which the published guarantee requires."""

from dataclasses import dataclass

import numpy as np

from bort.families.family import PARTS
from bort.families.polynomial import BoolArray, FloatArray, IntArray
from bort.families.space import SearchSpace


@dataclass(frozen=True, eq=False)
class AbncReport:
    """Costs of the first part A, the middle B and the last part C over a space.

    [source] As a reader's notes on de Wynter 2020 give it, a space has the ABnC property where
    the middle layers cost more than the first and the last, in parameters and in operations.
    [ours] We read "more than" as more than each of the two, take the embedding layer for A, the
    stack of layers for B and pooler and classifier for C, and count operations as multiply-adds;
    a look-up costs none.

    Attributes:
        parameters: of each of `PARTS`, shape (N,).
        operations: of each of `PARTS`, shape (N,), for one forward pass.
        batch_size: texts per forward pass.
        sequence_length: tokens per text.
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


def abnc_report(space: SearchSpace, *, batch_size: int, sequence_length: int) -> AbncReport:
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
        that have the property, and with the smallest among those that lack it; None where
        there is none.
    """
    everything = np.sum([report.parameters[part] for part in PARTS], axis=0)
    share = report.parameters["middle"] / everything
    best = int(np.argmax(np.where(holds, share, -1.0))) if holds.any() else None
    worst = None if holds.all() else int(np.argmin(np.where(holds, 2.0, share)))
    return best, worst


def _middle_is_largest(costs: dict[str, IntArray] | dict[str, FloatArray]) -> BoolArray:
    larger: BoolArray = (costs["middle"] > costs["first"]) & (costs["middle"] > costs["last"])
    return larger
