"""The loop's values: inputs (points or texts), examples, error rates with intervals."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Inputs = npt.NDArray[Any]
"""One entry of the first axis per example. Points in R^d are floats of shape (n, d), texts are
strings (dtype object) of shape (n,), and pairs of texts are strings of shape (n, 2)."""

Value = str | tuple[str | float, ...]
"""One input that JSON can store: a text, a tuple of texts, or a point's coordinates."""

Z_95 = 1.959963984540054  # two-sided 95% quantile of the normal distribution


def as_inputs(values: Sequence[Value] | Inputs) -> Inputs:
    """Turn values into an array with one entry of the first axis per value.

    Examples:
        >>> as_inputs([(0.0, 1.0), (2.0, 3.0)]).shape, as_inputs(["a", "b"]).shape
        ((2, 2), (2,))
    """
    if isinstance(values, np.ndarray):
        is_text = values.dtype.kind in "OUS"
    else:
        first = values[0] if len(values) else 0.0
        is_text = isinstance(first, str) or (
            isinstance(first, tuple) and bool(first) and isinstance(first[0], str)
        )
    return np.array(values, dtype=object if is_text else float)


def as_values(inputs: Inputs) -> tuple[Value, ...]:
    """Turn an array of inputs back into values; floats keep every bit."""
    if inputs.ndim == 1:
        return tuple(inputs.tolist())
    return tuple(map(tuple, inputs.tolist()))


def identities(inputs: Inputs) -> list[Hashable]:
    """Return what makes two inputs the same: the text itself, or the exact coordinates."""
    return list(as_values(inputs))


def joined(parts: Sequence[Inputs]) -> Inputs:
    """Concatenate inputs; skips empty parts, whatever their shape."""
    full = [part for part in parts if len(part)]
    if not full:
        return parts[0]
    return np.concatenate(full) if len(full) > 1 else full[0]


def most_probable(probabilities: FloatArray) -> IntArray:
    """Return the class with the largest probability, shape (n,); the first one on a tie."""
    classes: IntArray = probabilities.argmax(axis=1)
    return classes


@dataclass(frozen=True, eq=False, slots=True)
class Examples:
    """Inputs with a probability for each class.

    Attributes:
        inputs: n inputs.
        probabilities: shape (n, number of classes), rows sum to 1; one-hot if a label is certain,
            softer if a labeler was unsure.
    """

    inputs: Inputs
    probabilities: FloatArray

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.probabilities):
            raise ValueError(
                f"{len(self.inputs)} inputs need as many labels, got {len(self.probabilities)}"
            )

    @classmethod
    def of(cls, inputs: Inputs, labels: npt.ArrayLike, class_count: int) -> "Examples":
        """Make examples with certain labels, which are integers from 0."""
        rows = np.eye(class_count)[np.asarray(labels, dtype=np.int64)]
        return cls(inputs, rows.reshape(-1, class_count))

    @property
    def labels(self) -> IntArray:
        """The most probable classes, shape (n,); the first one on a tie."""
        return most_probable(self.probabilities)

    @property
    def class_count(self) -> int:
        """Number of the task's classes, whether or not they occur here."""
        return int(self.probabilities.shape[1])

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, slots=True, order=True)
class ErrorRate:
    """A number of wrong answers among n, with Wilson's 95% interval.

    Examples:
        >>> rate = ErrorRate(5, 100)
        >>> rate.rate, round(rate.low, 3), round(rate.high, 3)
        (0.05, 0.022, 0.112)

    Source: E. B. Wilson (1927), *Probable inference, the law of succession, and statistical
    inference*, JASA 22.
    """

    wrong: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.wrong <= self.n or self.n < 1:
            raise ValueError(f"wrong must be from 0 to n, and n at least 1, got {self}")

    @property
    def rate(self) -> float:
        """Share of wrong answers, 0..1."""
        return self.wrong / self.n

    @property
    def low(self) -> float:
        """Lower end of the 95% interval."""
        return self._bound(-1.0) if self.wrong else 0.0

    @property
    def high(self) -> float:
        """Upper end of the 95% interval."""
        return self._bound(1.0) if self.wrong < self.n else 1.0

    def _bound(self, side: float) -> float:
        z2 = Z_95 * Z_95
        centre = self.rate + z2 / (2 * self.n)
        spread = Z_95 * math.sqrt(self.rate * (1 - self.rate) / self.n + z2 / (4 * self.n**2))
        return (centre + side * spread) / (1 + z2 / self.n)


def error_rate(predicted: IntArray, labels: IntArray) -> ErrorRate:
    """Count where `predicted` differs from `labels`; both have shape (n,)."""
    return ErrorRate(int(np.count_nonzero(predicted != labels)), len(labels))
