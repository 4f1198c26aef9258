"""Check the definition of a space; messages say what is wrong, what was found, what to do."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bort.core.errors import InvalidSpaceError
from bort.families.family import Family
from bort.families.polynomial import INT64_LIMIT


def check_lists(dimensions: object) -> dict[str, tuple[int, ...]]:
    """Check lists of values by dimension, and return them with values ascending.

    Raises:
        InvalidSpaceError: `dimensions` is not a table or is empty, or a dimension is not a list
            of distinct positive integers.
    """
    if not isinstance(dimensions, Mapping):
        raise InvalidSpaceError(
            f"dimensions must be a table of lists, got {dimensions!r}; "
            "write depth = [1, 2] and so on under [dimensions]"
        )
    if not dimensions:
        raise InvalidSpaceError(
            "there are no dimensions; write depth = [1, 2] and so on under [dimensions]"
        )
    return {name: _check_values(name, values) for name, values in dimensions.items()}


def check_dimensions(kind: Family, dimensions: object) -> dict[str, tuple[int, ...]]:
    """Check the dimensions against a family, and return them in its order, values ascending.

    Raises:
        InvalidSpaceError: as `check_lists`, or a dimension is missing or unknown.
    """
    lists = check_lists(dimensions)
    expected = ", ".join(kind.dimension_names)
    for name in kind.dimension_names:
        if name not in lists:
            raise InvalidSpaceError(
                f"dimension {name!r} is missing; family {kind.name!r} needs {expected}"
            )
    for name in lists:
        if name not in kind.dimension_names:
            raise InvalidSpaceError(
                f"unknown dimension {name!r}; family {kind.name!r} has {expected}"
            )
    return {name: lists[name] for name in kind.dimension_names}


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
    repeated = sorted(value for value, times in Counter(values).items() if times > 1)
    if repeated:
        raise InvalidSpaceError(
            f"dimension {name!r} lists {repeated[0]} more than once; list each value once"
        )
    return tuple(sorted(values))


def check_numbers(fixed: object) -> dict[str, int]:
    """Check fixed values, and return them.

    Raises:
        InvalidSpaceError: not a table, or a value that is not a positive integer.
    """
    if not isinstance(fixed, Mapping):
        raise InvalidSpaceError(
            f"fixed must be a table of integers, got {fixed!r}; "
            "write vocabulary = 30522 and so on under [fixed]"
        )
    for name, value in fixed.items():
        if type(value) is not int or value < 1:
            raise InvalidSpaceError(
                f"fixed value {name!r} is {value!r}; it must be an integer of 1 or more"
            )
    return dict(fixed)


def check_fixed(kind: Family, fixed: object) -> dict[str, int]:
    """Check fixed values against a family, and complete them with its defaults, in its order.

    Raises:
        InvalidSpaceError: as `check_numbers`, an unknown name, or another value than the
            family was fitted with.
    """
    numbers = check_numbers(fixed)
    for name, value in numbers.items():
        if name in kind.dimension_names:
            raise InvalidSpaceError(
                f"{name!r} is a dimension and a fixed value, which is {value}; leave it out under "
                "[fixed]"
            )
        if name not in kind.defaults:
            raise InvalidSpaceError(
                f"unknown fixed value {name!r}; family {kind.name!r} takes "
                f"{', '.join(kind.defaults) or 'none'}"
            )
        if name in kind.constants and value != kind.defaults[name]:
            raise InvalidSpaceError(
                f"fixed value {name!r} is {value}, but the family was fitted with "
                f"{kind.defaults[name]}; load the space from its file again"
            )
    return {**kind.defaults, **numbers}


def check_distinct(
    kind: Family, dimensions: Mapping[str, Sequence[int]], fixed: Mapping[str, int]
) -> None:
    """Reject values for which the family's counts are wrong.

    Raises:
        InvalidSpaceError: two sizes that must differ share a value.
    """
    for left, right in kind.distinct:
        shared = _values_of(left, dimensions, fixed) & _values_of(right, dimensions, fixed)
        if shared:
            size = min(shared)
            raise InvalidSpaceError(
                f"{right}={size} equals {left}={size}, in which case family {kind.name!r} "
                "leaves out a layer and the counts are wrong; change one of them"
            )


def check_countable(
    kind: Family, dimensions: Mapping[str, Sequence[int]], fixed: Mapping[str, int]
) -> None:
    """Reject sizes whose parameter count does not fit into 64 bits.

    Raises:
        InvalidSpaceError: the largest architecture has too many.
    """
    largest = {name: max(values) for name, values in dimensions.items()}
    parameters = kind.parameters.substitute(fixed)
    if max(parameters.int64_bound(largest), *largest.values()) > INT64_LIMIT:
        sizes = ", ".join(f"{name}={value}" for name, value in largest.items())
        raise InvalidSpaceError(
            f"an architecture of {sizes} has more parameters than 64 bits can count; "
            "choose smaller values"
        )


def _values_of(
    name: str, dimensions: Mapping[str, Sequence[int]], fixed: Mapping[str, int]
) -> set[int]:
    return set(dimensions[name]) if name in dimensions else {fixed[name]}


def no_architecture(kind: Family, dimensions: Mapping[str, tuple[int, ...]]) -> str:
    """Say why no combination of the listed values is valid."""
    rules = [f"{large} must be a multiple of {small}" for small, large in kind.divisibility]
    rules += [f"{left} must equal {right}" for left, right in kind.equal]
    rules += [f"{name} must be odd" for name in kind.odd]
    found = ", ".join(f"{name} {list(values)}" for name, values in dimensions.items())
    return (
        f"the space contains no valid architecture: {' and '.join(rules)}, found {found}; list "
        "values that fit together"
    )
