"""The rows of a table as values: which columns are the objectives, and one evaluated row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table that are its objectives, and those in which more is better."""

    size: str
    latency: str
    error: str
    error_se: str | None = None
    maximised: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePoint:
    """One row of a table, with the cells of the file.

    Attributes:
        id: number of the row in the file, counted from 0.
        label: its name in the file, or else its row's number counted from 1.
        size, latency: cells of the objectives.
        costs: size and latency as they are minimised: inverted where more is better.
        error_rate: always an error, even if the table lists accuracies.
    """

    id: int
    label: str
    architecture: Mapping[str, Any]
    size: float
    latency: float
    error_rate: float
    error_se: float | None
    w: float
    costs: tuple[float, float]
    is_on_front: bool
    is_in_cover: bool

    @property
    def name(self) -> str:
        """What people call it."""
        return self.label

    def as_json(self) -> dict[str, Any]:
        """Convert to the keys that the command line prints."""
        return {
            "id": self.id,
            "label": self.label,
            "architecture": dict(self.architecture),
            "parameter_count": self.size,
            "effective_parameter_count": None,
            "latency_ms": self.latency,
            "error_rate": self.error_rate,
            "error_se": self.error_se,
            "n_dev": None,
        }
