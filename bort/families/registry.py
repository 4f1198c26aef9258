"""The families by name."""

from bort.errors import InvalidSpaceError
from bort.families.bert import BERT
from bort.families.family import PolynomialFamily

_FAMILIES: dict[str, PolynomialFamily] = {kind.name: kind for kind in (BERT,)}

FAMILY_NAMES = tuple(_FAMILIES)


def family(name: str) -> PolynomialFamily:
    """The family of this name.

    Raises:
        InvalidSpaceError: there is none.
    """
    if name not in _FAMILIES:
        raise InvalidSpaceError(f"unknown family {name!r}; choose one of {', '.join(FAMILY_NAMES)}")
    return _FAMILIES[name]
