"""Check what a space is made of; every message says what was wrong, found, and to be done."""

from collections.abc import Mapping, Sequence

from bort.errors import InvalidSpaceError
from bort.families.family import PolynomialFamily


def check_dimensions(
    kind: PolynomialFamily, dimensions: Mapping[str, object]
) -> dict[str, tuple[int, ...]]:
    """The dimensions in the family's order, values ascending.

    Raises:
        InvalidSpaceError: a dimension is missing, unknown, empty, not a list, repeats a value,
            or holds something other than positive integers.
    """
    if not isinstance(dimensions, Mapping):
        raise InvalidSpaceError(
            f"dimensions must be a table of lists, got {dimensions!r}; "
            "write depth = [1, 2] and so on under [dimensions]"
        )
    expected = ", ".join(kind.dimension_names)
    for name in kind.dimension_names:
        if name not in dimensions:
            raise InvalidSpaceError(
                f"dimension {name!r} is missing; family {kind.name!r} needs {expected}"
            )
    for name in dimensions:
        if name not in kind.dimension_names:
            raise InvalidSpaceError(
                f"unknown dimension {name!r}; family {kind.name!r} has {expected}"
            )
    return {name: _check_values(name, dimensions[name]) for name in kind.dimension_names}


def _check_values(name: str, values: object) -> tuple[int, ...]:
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise InvalidSpaceError(
            f"dimension {name!r} must be a list of integers, got {values!r}; write [{values}]"
        )
    if not values:
        raise InvalidSpaceError(f"dimension {name!r} is empty; list at least one value")
    for value in values:
        if type(value) is not int or value < 1:
            raise InvalidSpaceError(
                f"dimension {name!r} lists {value!r}; every value must be an integer of 1 or more"
            )
    repeated = sorted({value for value in values if list(values).count(value) > 1})
    if repeated:
        raise InvalidSpaceError(
            f"dimension {name!r} lists {repeated[0]} more than once; list each value once"
        )
    return tuple(sorted(values))


def check_fixed(kind: PolynomialFamily, fixed: Mapping[str, object]) -> dict[str, int]:
    """The fixed values, completed by the family's defaults, in their order.

    Raises:
        InvalidSpaceError: an unknown name, or a value that is not a positive integer.
    """
    if not isinstance(fixed, Mapping):
        raise InvalidSpaceError(f"fixed must be a table of integers, got {fixed!r}")
    checked = dict(kind.defaults)
    for name, value in fixed.items():
        if name not in kind.defaults:
            raise InvalidSpaceError(
                f"unknown fixed value {name!r}; family {kind.name!r} takes "
                f"{', '.join(kind.defaults) or 'none'}"
            )
        if type(value) is not int or value < 1:
            raise InvalidSpaceError(
                f"fixed value {name!r} is {value!r}; it must be an integer of 1 or more"
            )
        checked[name] = value
    return checked
