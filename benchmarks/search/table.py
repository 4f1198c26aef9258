"""A table to compare samplers on: a grid of choices with their costs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bort.search.arrays import FloatArray
from bort.search.observation import Observation
from bort.search.pareto import hypervolume, is_non_dominated
from bort.search.problem import SearchProblem
from bort.studies.recorded_table import ErrorTable, table_of

if TYPE_CHECKING:
    import pandas as pd

REFERENCE = 1.1  # the hypervolume's reference point, in units of each column's maximum
Cell = int | float | str
Choice = Mapping[str, Cell]


def _ascending(cells: Iterable[Any]) -> tuple[Any, ...]:
    """Sort the different values; None, of rows of other families, comes last."""
    return tuple(sorted(set(cells), key=lambda cell: (cell is None, cell)))


@dataclass(frozen=True, eq=False)
class BenchmarkTable:
    """Architectures whose size, latency and error are all known.

    Attributes:
        name: the table's name on the command line.
        table: the values, and the space that the search sees.
    """

    name: str
    table: ErrorTable

    def __len__(self) -> int:
        return len(self.problem)

    @property
    def problem(self) -> SearchProblem:
        """The coordinates and the two objectives that are known for free."""
        return self.table.problem

    @cached_property
    def costs(self) -> FloatArray:
        """Size, latency and error, minimised: shape (N, 3)."""
        return np.column_stack([self.problem.size, self.problem.latency, self.table.errors])

    @cached_property
    def reference(self) -> FloatArray:
        """The hypervolume's reference point: shape (3,)."""
        return np.asarray(REFERENCE * self.costs.max(axis=0))

    @cached_property
    def front(self) -> FloatArray:
        """The costs of all non-dominated architectures."""
        return self.costs[is_non_dominated(self.costs)]

    @cached_property
    def front_hypervolume(self) -> float:
        """The hypervolume that an exhaustive search reaches."""
        return hypervolume(self.front, ref=self.reference)

    @cached_property
    def choices(self) -> dict[str, tuple[Cell, ...]]:
        """The values of each dimension, ascending; text for categorical ones."""
        return {name: _ascending(self.table.cells[name]) for name in self.problem.names}

    @cached_property
    def _rows(self) -> dict[tuple[Cell, ...], int]:
        columns = [self.table.cells[name] for name in self.problem.names]
        return {cells: row for row, cells in enumerate(zip(*columns, strict=True))}

    def find(self, choice: Choice) -> int | None:
        """Find the row with these values; None if the table has no such architecture."""
        return self._rows.get(tuple(choice[name] for name in self.problem.names))

    def choice(self, index: int) -> dict[str, Cell]:
        """Return the values of an architecture, by dimension."""
        return {name: self.table.cells[name][index] for name in self.problem.names}

    def shares(self, rows: Iterable[int]) -> Iterator[float]:
        """Yield the share of the front's hypervolume that is dominated after each of `rows`."""
        front = np.empty((0, self.costs.shape[1]))
        for row in rows:
            front = np.vstack([front, self.costs[row]])
            front = front[is_non_dominated(front)]
            yield hypervolume(front, ref=self.reference) / self.front_hypervolume

    def observe(self, index: int) -> Observation:
        """Return the recorded error as an observation for the search."""
        return self.table.observation(index)


def benchmark_table(
    name: str, frame: "pd.DataFrame", *, size: str, latency: str, error: str
) -> BenchmarkTable:
    """Make a table from a data frame: three objectives; every other column is a dimension.

    Raises:
        InvalidDataError: one line on what is wrong, and where.
    """
    return BenchmarkTable(name, table_of(frame, size=size, latency=latency, error=error))


def true_epsilon(costs: FloatArray, evaluated: Any) -> float:
    """Compute the smallest ε for which the evaluated rows cover all rows, by their true values.

    Args:
        costs: shape (N, d), all above 0 and minimised.
        evaluated: indices of rows.
        Returns:
            The ε; infinite for no rows.
    """
    logs = np.log(costs)
    gaps = np.full(len(logs), np.inf)
    for index in evaluated:
        np.minimum(gaps, np.maximum(0.0, (logs[index] - logs).max(axis=1)), out=gaps)
    return float(np.expm1(gaps.max()))
