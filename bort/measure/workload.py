"""What is timed, and the small interface that every runtime implements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bort.architecture import Architecture
from bort.families import Family
from bort.measure.protocol import Run


@dataclass(frozen=True, slots=True)
class Workload:
    """One forward pass: `batch_size` texts of `sequence_length` tokens on `threads` threads."""

    batch_size: int
    sequence_length: int
    threads: int

    def __str__(self) -> str:
        return (
            f"batch {self.batch_size}, sequence {self.sequence_length}, "
            f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """An architecture with all that is needed to build it."""

    family: Family
    architecture: Architecture
    fixed: Mapping[str, int] = field(default_factory=dict)


class Runtime(Protocol):
    """An inference engine, set up for one workload.

    Holds the thread setting while it is open; `close` gives it back.
    """

    def prepare(self, candidate: Candidate) -> Run:
        """Build the candidate with random weights; the result runs one forward pass.

        Prepare the largest candidate first: some runtimes let all share its memory.
        """
        ...

    def close(self) -> None:
        """Restore what was changed and free what was built."""
        ...
