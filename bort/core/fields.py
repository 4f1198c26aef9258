"""Fields of descriptions: what each one is called, what it may hold, what happens without it.

A description is a frozen dataclass whose fields are made with `ask`. One such line gives the
option of a command, the field of a form, the check of the value and the copyable command.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from bort.core.errors import InvalidFieldError
from bort.core.kinds import Kind
from bort.core.serialise import from_json, to_json

_ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a description.

    Attributes:
        name: the attribute of the description.
        default: its value where nobody says otherwise; None where it may be left empty.
        kind: what it may hold.
        label: what a form calls it.
        help: one or two sentences, for `--help` and beside the field.
        empty: what happens where it is left empty, for example "no limit".
        called: what messages call it.
        example: what to try instead, in messages.
        is_advanced: a form keeps it folded away.
    """

    name: str
    default: Any
    kind: Kind
    label: str
    help: str
    empty: str
    called: str
    example: str
    is_advanced: bool

    def parse(self, text: str) -> Any:
        """Read what a person wrote; blank text is the empty value, where there is one.

        Raises:
            InvalidFieldError: it cannot be read or is not allowed.
        """
        stripped = text.strip()
        if not stripped and self.default in (None, ()):
            return self.default
        try:
            value = self.kind.parse(stripped)
        except ValueError:
            raise self.refusal(text) from None
        return self.check(value)

    def check(self, value: Any) -> Any:
        """Return `value` if the field may hold it.

        Raises:
            InvalidFieldError: it may not.
        """
        if not (self.kind.holds(value) or (value is None and self.default is None)):
            raise self.refusal(value)
        return value

    def refusal(self, value: Any) -> InvalidFieldError:
        """The error for a value that is not allowed."""
        leave_out = "leave it out" if self.default is None else ""
        remedies = [f"try {self.example}" if self.example else "", leave_out]
        remedy = ", or ".join(filter(None, remedies))
        message = f"{self.called} must be {self.kind.words}, got {value!r}"
        return InvalidFieldError(self.name, f"{message}; {remedy}" if remedy else message)


def ask(
    default: Any,
    kind: Kind,
    label: str,
    help: str,
    *,
    empty: str = "",
    called: str = "",
    example: str = "",
    advanced: bool = False,
) -> Any:
    """Declare a field of a description; see `Field` for the arguments.

    Examples:
        >>> from bort.core.kinds import Whole
        >>> @dataclass(frozen=True, kw_only=True)
        ... class Walk(Description):
        ...     steps: int = ask(200, Whole(), "Steps", "How far to walk.", example="100")
        >>> try:
        ...     Walk(steps=0)
        ... except InvalidFieldError as error:
        ...     print(error)
        steps must be a whole number of 1 or more, got 0; try 100
    """
    asked = Field("", default, kind, label, help, empty, called, example, advanced)
    return dataclasses.field(default=default, metadata={_ASKED: asked})


class Description:
    """Base of the frozen dataclasses whose fields are made with `ask`.

    A class with rules that concern several fields has its own `__post_init__`, which calls
    `check_fields` first.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        check_fields(self)

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it; nested descriptions become objects."""
        found: dict[str, Any] = to_json(self)
        return found

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`; unknown keys are ignored.

        Raises:
            BortError: a part is missing, of another type, or may not be held.
        """
        return from_json(cls, values, what=f"the {cls.__name__}")


def fields_of(description: type[Description]) -> Mapping[str, Field]:
    """The fields of a description that were made with `ask`, by name."""
    found = {}
    for one in dataclasses.fields(description):  # type: ignore[arg-type]
        if asked := one.metadata.get(_ASKED):
            called = asked.called or one.name.replace("_", " ")
            found[one.name] = dataclasses.replace(asked, name=one.name, called=called)
    return found


def check_fields(description: Description) -> None:
    """Pass if every field of a description holds what it may hold.

    Raises:
        InvalidFieldError: the first that does not.
    """
    for name, one in fields_of(type(description)).items():
        one.check(getattr(description, name))
