"""The error of one architecture as the search sees it: a value and an interval."""

import math
from dataclasses import dataclass

from bort.core.errors import InvalidOptionError


@dataclass(frozen=True, slots=True)
class Observation:
    """One architecture's error, above 0.

    Attributes:
        error: point estimate; an error of 0 is floored at 1/(2n).
        lower, upper: ends of the interval; equal to `error` if the claim is about this dev set,
            as trained.
        n: number of dev examples; None if the oracle has none.
        is_floored: the measured error was below the floor.
        is_witness: it may cover others and be an answer.
        is_anchor: it may bound the error of others. An architecture trained with part of Θ is a
            witness (its error is an upper bound) but not an anchor; a diverged one is neither.
        repeats: errors of its trainings, floored; one per seed that did not diverge.
        wrong_items: per training, one bit per dev example, packed by `numpy.packbits`; only for
            a claim about the population, to compare on the same examples.
        standard_error: standard error of `error`, if the interval is a normal one.
    """

    error: float
    lower: float
    upper: float
    n: int | None = None
    is_floored: bool = False
    is_witness: bool = True
    is_anchor: bool = True
    repeats: tuple[float, ...] = ()
    wrong_items: tuple[bytes, ...] = ()
    standard_error: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.lower <= self.error <= self.upper < math.inf:
            raise InvalidOptionError(
                "an observed error needs 0 < lower <= error <= upper, got "
                f"{self.lower}, {self.error}, {self.upper}; floor errors of 0 at 1/(2n)"
            )
        if self.is_anchor and not self.is_witness:
            raise InvalidOptionError(
                "an error that bounds others must also be able to be a witness"
            )

    @classmethod
    def of(cls, error: float, *, n: int | None = None) -> "Observation":
        """Make an observation of a measured error, floored at 1/(2n) if `n` is known."""
        floored = floor_error(error, n)
        return cls(floored, floored, floored, n=n, is_floored=floored > error)

    @classmethod
    def excluded(cls) -> "Observation":
        """Make the observation of an architecture whose trainings all diverged."""
        return cls(1.0, 1.0, 1.0, is_witness=False, is_anchor=False)

    @property
    def is_excluded(self) -> bool:
        """Whether the architecture is neither witness nor anchor."""
        return not (self.is_witness or self.is_anchor)


def floor_error(error: float, n: int | None) -> float:
    """Raise `error` to at least 1/(2n): half an example."""
    return max(error, 0.5 / n) if n else error
