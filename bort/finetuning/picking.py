"""Which architectures to fine-tune: those that a person names."""

from bort.architecture import Architecture
from bort.errors import InvalidArchitectureError
from bort.families import SearchSpace


def picked(space: SearchSpace, pick: str) -> Architecture:
    """The architecture of a space by its id.

    Raises:
        InvalidArchitectureError: the space has none of that id.
    """
    parts = pick.split("-")
    if len(parts) == len(space.dimensions) and all(part.isdecimal() for part in parts):
        values = tuple(int(part) for part in parts)
        if all(v in allowed for v, allowed in zip(values, space.dimensions.values(), strict=True)):
            architecture = Architecture(tuple(space.dimensions), values)
            space.index(architecture)
            return architecture
    example = space.architecture(0).id
    raise InvalidArchitectureError(
        f"the space {space.name!r} has no architecture {pick!r}; an id is "
        f"{'-'.join(space.dimensions)}, such as {example} (bort front lists the best)"
    )
