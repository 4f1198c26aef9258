"""Which things belong together, when it is only known which pairs do."""

import numpy as np
import numpy.typing as npt


class DisjointSets:
    """Sets of the numbers 0..n-1 that can only be merged.

    Attributes:
        names: shape (n,), the name of the set that each number is in; always up to date, so that
            many numbers can be looked up at once.

    Cost: the smaller set is renamed, so each number is renamed at most log2(n) times.

    Examples:
        >>> sets = DisjointSets(4)
        >>> sets.join(3, 1)
        >>> sets.numbered().tolist()
        [0, 1, 2, 1]
    """

    def __init__(self, count: int) -> None:
        self.names = np.arange(count)
        self._members = [[number] for number in range(count)]

    def join(self, first: int, second: int) -> None:
        """Merge the sets of both."""
        kept, lost = int(self.names[first]), int(self.names[second])
        if kept == lost:
            return
        if len(self._members[kept]) < len(self._members[lost]):
            kept, lost = lost, kept
        self.names[self._members[lost]] = kept
        self._members[kept] += self._members[lost]
        self._members[lost] = []

    def numbered(self) -> npt.NDArray[np.int64]:
        """Shape (n,): the set of each number, numbered 0, 1, ... by first appearance."""
        numbers: dict[int, int] = {}
        found = [numbers.setdefault(name, len(numbers)) for name in self.names.tolist()]
        return np.array(found, dtype=np.int64)
