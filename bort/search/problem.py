"""The problem of a search: coordinates and the two objectives that are known in advance."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bort.core.errors import InvalidSpaceError
from bort.search.arrays import BoolArray, FloatArray, IntArray, frozen
from bort.search.intervals import Population

# "Larger" usually means a wider network with the same number of heads. More, smaller heads are
# neither larger nor smaller.
_NEVER_MONOTONE = ("heads",)
_UNSET: BoolArray = np.zeros(0, dtype=bool)
_ONE_FAMILY: IntArray = np.zeros(0, dtype=np.int64)


class Part(NamedTuple):
    """One family of a space: its rows in the whole, and the problem of these rows alone."""

    rows: IntArray
    problem: "SearchProblem"


@dataclass(frozen=True, eq=False)
class SearchProblem:
    """A finite space Ξ with exact size and predicted latency; only the error is unknown.

    Architectures are the rows 0..N-1. Both objectives are minimised. The arrays are copied and
    write-protected. A space of several families has the dimensions of all of them side by side; a
    row is constant in those of the other families, and bounds no error in them.

    Attributes:
        names: K dimension names.
        coordinates: shape (N, K); the logarithm of an integer dimension, the value of a linear
            one, a code of a categorical one.
        size: shape (N,), parameters, all > 0.
        latency: shape (N,), milliseconds (or any positive cost), all > 0.
        categorical: shape (K,); a categorical dimension contributes λ per mismatch.
        monotone: shape (K,); dimensions in which larger may be assumed to be no worse, if a slack
            is given. In the others, two architectures must agree to be comparable.
        latency_band: relative error m of the latency model; the true latency is within ±m.
        latency_is_refused: the noise check refused the measurement, so nothing can be certified.
        scales: per dimension "log", "linear" or "category", for the ledger; None is all "log".
        size_elasticity, latency_elasticity: shape (K,) or None; constants α with
            |ln p(ξ) - ln p(ξ')| <= Σ α_k |x_k - x'_k|, for the bound on the evaluations. NaN in
            the dimensions of a family that has none.
        choices: networks that could have represented one architecture: those of all learning
            rates and retries, to the power of the number of seeds.
        is_paired: the architectures answer the same examples, and we know which each got wrong.
        label: gives an architecture's name, for display.
        families: shape (N,), the number of each row's family; all 0 if there is one.
        effort: shape (N,) or None; what an evaluation of each row costs, in any unit, if they
            differ. It guides the choice; no claim depends on it.

    Raises:
        InvalidSpaceError: there are no rows, lengths differ, a cost is not finite and positive, or
            a dimension varies in two families.
    """

    names: tuple[str, ...]
    coordinates: FloatArray
    size: FloatArray
    latency: FloatArray
    categorical: BoolArray = field(default_factory=lambda: _UNSET)
    monotone: BoolArray = field(default_factory=lambda: _UNSET)
    latency_band: float = 0.0
    latency_is_refused: bool = False
    scales: tuple[str, ...] | None = None
    size_elasticity: FloatArray | None = None
    latency_elasticity: FloatArray | None = None
    choices: int = 1
    is_paired: bool = True
    label: Callable[[int], str] = str
    families: IntArray = field(default_factory=lambda: _ONE_FAMILY)
    effort: FloatArray | None = None

    def __post_init__(self) -> None:
        names = tuple(self.names)
        coordinates = frozen(self.coordinates)
        if coordinates.ndim != 2 or coordinates.shape[1] != len(names) or not len(coordinates):
            raise InvalidSpaceError(
                f"coordinates must have one row per architecture and {len(names)} columns, "
                f"got shape {coordinates.shape}"
            )
        _set(self, "names", names)
        _set(self, "coordinates", coordinates)
        for name in ("size", "latency"):
            _set(self, name, _positive_column(name, getattr(self, name), len(coordinates)))
        _set(self, "categorical", _flags(self.categorical, len(names), default=False))
        if self.effort is not None:
            _set(self, "effort", _positive_column("effort", self.effort, len(coordinates)))
        monotone = _flags(self.monotone, len(names), default=True)
        usable = np.array([n.split(".")[-1] not in _NEVER_MONOTONE for n in names])
        usable &= ~self.categorical
        _set(self, "monotone", frozen(monotone & usable, bool))
        for name in ("size_elasticity", "latency_elasticity"):
            if getattr(self, name) is not None:
                _set(self, name, frozen(getattr(self, name)))
        _set(self, "families", _family_column(self.families, len(coordinates)))
        if self.has_families and (np.sum(self._spans > 0, axis=0) > 1).any():
            raise InvalidSpaceError("a dimension varies in two families; each needs its own")

    def __len__(self) -> int:
        return len(self.coordinates)

    def population(self, confidence: float | None) -> Population | None:
        """Make the population at this confidence; None for a claim about this dev set."""
        if confidence is None:
            return None
        return Population(confidence, len(self), self.choices, self.is_paired)

    @cached_property
    def has_families(self) -> bool:
        """Whether there is more than one family."""
        return bool((self.families != self.families[0]).any())

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The families, each as a problem of its own with the same dimensions."""
        if not self.has_families:
            return (Part(np.arange(len(self)), self),)
        return tuple(self._part(np.flatnonzero(self.families == f)) for f in self._codes)

    def _part(self, rows: IntArray) -> Part:
        columns = ["coordinates", "size", "latency", "families"]
        columns += [] if self.effort is None else ["effort"]
        alone = {name: getattr(self, name)[rows] for name in columns}
        return Part(rows, replace(self, **alone, label=lambda row: self.label(int(rows[row]))))

    @cached_property
    def _codes(self) -> list[int]:
        """The families, in the order in which they begin."""
        return list(dict.fromkeys(self.families.tolist()))

    @cached_property
    def _scales(self) -> list[tuple[FloatArray, IntArray]]:
        """The values of each dimension, ascending, and which of them each row has."""
        scales = [np.unique(column, return_inverse=True) for column in self.coordinates.T]
        return [(values, codes.astype(np.int64, copy=False)) for values, codes in scales]

    @cached_property
    def _spans(self) -> FloatArray:
        """Largest difference in each family and dimension: shape (families, K)."""
        if not self.has_families:
            return np.asarray(np.ptp(self.coordinates, axis=0))[None]
        rows = [self.coordinates[self.families == f] for f in self._codes]
        return np.array([np.ptp(some, axis=0) for some in rows])

    @property
    def extents(self) -> FloatArray:
        """Largest difference within a family, per dimension; 1 for a categorical one that varies:
        shape (K,).
        """
        spans = self._spans.max(axis=0)
        return np.asarray(np.where(self.categorical, (spans > 0).astype(float), spans))

    @property
    def matters(self) -> BoolArray:
        """Mark the dimensions with more than one value: shape (K,)."""
        return np.asarray(self._spans.max(axis=0) > 0)

    def are_kin(self, rows: IntArray | slice, others: IntArray) -> BoolArray:
        """Mark which rows and others are of one family: shape (n, m)."""
        return np.asarray(self.families[rows][:, None] == self.families[others][None, :])

    def differences(self, rows: FloatArray, point: FloatArray) -> FloatArray:
        """Compute |x_k(row) - x_k(point)| per dimension (categorical: 1 or 0): shape (n, K)."""
        steps = np.abs(rows - point)
        if self.categorical.any():
            steps[:, self.categorical] = steps[:, self.categorical] > 0
        return steps

    def distance(
        self, rows: IntArray | slice, others: IntArray, lipschitz: FloatArray
    ) -> FloatArray:
        """Compute d(c, ξ) from every row to every other, shape (n, m), summed over dimensions.

        It is infinite between families, because nothing is inferred from one for another.
        """
        total = np.zeros((len(self.families[rows]), len(others)))
        for k in np.flatnonzero(self.matters):
            values, codes = self._scales[k]
            ours, theirs = codes[rows], self.coordinates[others, k]
            if len(values) > len(ours):  # a row for each value would cost more
                values, ours = values[ours], np.arange(len(ours))
            steps = values[:, None] - theirs[None, :]
            steps = lipschitz[k] * ((steps != 0) if self.categorical[k] else np.abs(steps))
            total += steps.take(ours, axis=0)
        if self.has_families:
            total[~self.are_kin(rows, others)] = np.inf
        return total

    def is_no_larger(self, rows: IntArray | slice, others: IntArray) -> BoolArray:
        """Mark rows that are comparable with each other one and not larger: shape (n, m)."""
        ours, theirs = self.coordinates[rows], self.coordinates[others]
        holds = np.ones((len(ours), len(theirs)), dtype=bool)
        for k in np.flatnonzero(self.matters):
            a, b = ours[:, k, None], theirs[None, :, k]
            holds &= (a <= b) if self.monotone[k] else (a == b)
        return holds & self.are_kin(rows, others) if self.has_families else holds


def _set(problem: SearchProblem, name: str, value: object) -> None:
    object.__setattr__(problem, name, value)


def _flags(values: BoolArray, count: int, *, default: bool) -> BoolArray:
    chosen = np.full(count, default) if values is _UNSET else values
    return frozen(chosen, bool)  # type: ignore[return-value]


def _family_column(values: IntArray, count: int) -> IntArray:
    column = np.zeros(count, dtype=np.int64) if values is _ONE_FAMILY else values
    if np.shape(column) != (count,):
        raise InvalidSpaceError(f"families need {count} numbers, got shape {np.shape(column)}")
    return frozen(column, int)  # type: ignore[return-value]


def _positive_column(name: str, values: npt.ArrayLike, count: int) -> FloatArray:
    column = frozen(values)
    if column.shape != (count,):
        raise InvalidSpaceError(f"{name} needs {count} values, got shape {column.shape}")
    bad = np.flatnonzero(~(np.isfinite(column) & (column > 0)))  # type: ignore[operator]
    if len(bad):
        raise InvalidSpaceError(
            f"{name} must be finite and above 0, got {column[bad[0]]} in row {bad[0]}"
        )
    return column  # type: ignore[return-value]
