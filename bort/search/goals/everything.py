"""The goals that evaluate everything: the paper's own algorithm, and the exact front."""

import numpy as np

from bort.search.arrays import IntArray
from bort.search.goals.base import SearchGoal
from bort.search.goals.cover import reduced_cover
from bort.search.knowledge import Knowledge


class Everything(SearchGoal):
    """A goal that evaluates every architecture and so assumes nothing."""

    needs_bounds = False

    def gap(self, state: Knowledge) -> float:
        """Return 0 once everything is evaluated, else infinity."""
        return 0.0 if state.is_exhausted else np.inf

    def pick(self, state: Knowledge, limit: int) -> int:  # noqa: ARG002
        """Choose the first architecture that is not evaluated."""
        return int(np.argmax(state.is_open))

    def packing_number(self, state: Knowledge) -> int:
        """Return N."""
        return len(state.problem)

    def cover(self, state: Knowledge) -> IntArray:
        """Choose a few architectures that cover all at ε."""
        return reduced_cover(state, self.delta)
