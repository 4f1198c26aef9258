"""Convert values to JSON and back: the only place where dataclasses become dictionaries.

Built on msgspec, which reads dataclasses, enums, tuples and unions as they are annotated and says
where in a document something is wrong.
"""

from typing import Any, TypeVar

import msgspec

from bort.core.errors import BortError, InvalidDataError

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Convert `value` to JSON values: dataclasses become objects, enums their values.

    Tuples stay tuples, which JSON writes as lists.

    Examples:
        >>> to_json({"rates": (0.1, 0.2)})
        {'rates': (0.1, 0.2)}
    """
    return msgspec.to_builtins(value, str_keys=True)


def from_json(
    kind: type[T], content: Any, *, what: str, error: type[BortError] = InvalidDataError
) -> T:
    """Build a value of type `kind` from JSON values; unknown keys are ignored.

    Args:
        kind: a dataclass, or anything built of them.
        what: names the document in the message, "the profile 'laptop'" for example.
    Raises:
        BortError: of the class `error`: a part is missing or of another type. Errors that a value
            raises itself while it is built pass through.
    """
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as wrong:
        if isinstance(wrong.__cause__, BortError):  # a value rejected its own fields
            raise wrong.__cause__ from None
        raise error(f"{what} cannot be read: {wrong}; copy or export it again") from None
