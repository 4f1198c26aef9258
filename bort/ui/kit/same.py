"""Keys of caches in the page's process, for values that take long to compare."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Same(Generic[T]):
    """A value that is equal only to itself.

    What was read once is the same object for all sessions (`readings`), so comparing objects is
    enough, and comparing 20,000 points would take as long as drawing them. The cache that has the
    key keeps the value, so no other one can take its place in memory.
    """

    value: T

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)
