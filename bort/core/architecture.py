"""One point of a search space: a tuple of named architectural parameters."""

from collections.abc import Sequence
from dataclasses import dataclass

from bort.core.errors import InvalidArchitectureError


@dataclass(frozen=True, slots=True, order=True)
class Architecture:
    """Named positive integers, for BERT `depth`, `heads`, `hidden`, `intermediate`.

    The family decides which combinations can be built (`bort.families.Family.is_valid`). This
    class checks only what is true of every family. In a space of several families a name is
    `family.dimension`, and the id begins with the family.

    Examples:
        >>> bort = Architecture.of(depth=4, heads=8, hidden=1024, intermediate=768)
        >>> bort.id, bort["hidden"]
        ('4-8-1024-768', 1024)
        >>> Architecture.of(vocabulary=1000, hidden=64).within("static").id
        'static-1000-64'

    Raises:
        InvalidArchitectureError: there is no parameter, or one is not a positive integer.
    """

    names: tuple[str, ...]
    values: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.names or len(self.names) != len(self.values):
            raise InvalidArchitectureError(
                f"an architecture needs one value per name, got names {self.names} "
                f"and values {self.values}"
            )
        for name, value in zip(self.names, self.values, strict=True):
            if type(value) is not int or value < 1:
                raise InvalidArchitectureError(
                    f"{name}={value!r} is not a positive integer; choose 1 or more"
                )

    @classmethod
    def of(cls, **parameters: int) -> "Architecture":
        """Build from keyword arguments, in their order."""
        return cls(tuple(parameters), tuple(parameters.values()))

    @classmethod
    def from_id(cls, id_: str, names: Sequence[str]) -> "Architecture":
        """Read an id as `id` writes it: the values in the order of `names`, joined by dashes.

        Examples:
            >>> str(Architecture.from_id("2-96", ("depth", "hidden")))
            'depth=2, hidden=96'

        Raises:
            InvalidArchitectureError: `id_` is not one positive whole number per name.
        """
        begin = "".join(f"{name}-" for name in _families(names))
        parts = id_.removeprefix(begin).split("-") if id_.startswith(begin) else []
        if len(parts) != len(names) or not all(p.isascii() and p.isdigit() for p in parts):
            raise InvalidArchitectureError(
                f"{id_!r} is not the id of an architecture; write "
                f"{begin}{'-'.join(names)}, whole numbers joined by dashes"
            )
        return cls(tuple(names), tuple(map(int, parts)))

    @property
    def id(self) -> str:
        """The values joined by dashes, as papers write them: unique within a space."""
        return "-".join([*_families(self.names), *map(str, self.values)])

    @property
    def family(self) -> str | None:
        """The family, if the names say so."""
        return next(iter(_families(self.names)), None)

    @property
    def alone(self) -> "Architecture":
        """The architecture with its family's own names."""
        return Architecture(tuple(name.rpartition(".")[2] for name in self.names), self.values)

    def within(self, family: str) -> "Architecture":
        """Return the architecture with the names that it has in a space of several families."""
        return Architecture(tuple(f"{family}.{name}" for name in self.names), self.values)

    def __getitem__(self, name: str) -> int:
        return self.values[self.names.index(name)]

    def as_dict(self) -> dict[str, int]:
        """Name to value, in order."""
        return dict(zip(self.names, self.values, strict=True))

    def __str__(self) -> str:
        return ", ".join(f"{n}={v}" for n, v in zip(self.names, self.values, strict=True))


def _families(names: Sequence[str]) -> list[str]:
    """List the family that the names belong to; nothing if they do not say."""
    return [family for name in names[:1] if (family := name.rpartition(".")[0])]
