"""Fields of descriptions: their names, allowed values and defaults.

A description is a frozen dataclass whose fields are made with `ask`. One such line gives the
option of a command, the field of a form, the check of the value and the copyable command.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Generic, Self, TypeVar

from bort.core.errors import InvalidFieldError
from bort.core.kinds import Flag, Kind, flag
from bort.core.serialise import from_json, to_json

_ASKED = "asked"
D = TypeVar("D", bound="Description")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a description.

    Attributes:
        name: the attribute of the description.
        default: its default value; None if it may be left empty.
        label: its name in a form.
        help: one or two sentences, for `--help` and next to the field.
        empty: what happens if it is left empty, for example "no limit".
        called: its name in messages.
        example: a value that messages suggest.
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
        """Parse what the user wrote; blank text means the empty value, if the field has one.

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
        """Return `value` if the field allows it.

        Raises:
            InvalidFieldError: the field does not allow it.
        """
        if not (self.kind.allows(value) or (value is None and self.default is None)):
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
    """Base class of the frozen dataclasses whose fields are made with `ask`.

    A class with rules that concern several fields has its own `__post_init__`, which calls
    `check_fields` first.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        check_fields(self)

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values; nested descriptions become objects."""
        found: dict[str, Any] = to_json(self)
        return found

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`; unknown keys are ignored.

        Raises:
            BortError: a part is missing, has the wrong type or is not allowed.
        """
        return from_json(cls, values, what=f"the {cls.__name__}")


def fields_of(description: type[Description]) -> Mapping[str, Field]:
    """The fields of a description that were made with `ask`, by name."""
    return _fields_of(description)  # type: ignore[arg-type]  # mypy: a class is not Hashable


@cache
def _fields_of(description: type[Description]) -> Mapping[str, Field]:
    found = {}
    for one in dataclasses.fields(description):  # type: ignore[arg-type]
        if asked := one.metadata.get(_ASKED):
            called = asked.called or one.name.replace("_", " ")
            found[one.name] = dataclasses.replace(asked, name=one.name, called=called)
    return found


def check_fields(description: Description) -> None:
    """Raise an error unless all fields of a description have allowed values.

    Raises:
        InvalidFieldError: for the first field that does not.
    """
    for name, one in fields_of(type(description)).items():
        one.check(getattr(description, name))


@dataclass(frozen=True)
class Part(Generic[D]):
    """The fields of one description that a command or a form asks for.

    Attributes:
        description: the class of the description.
        title: heading of its options in `--help`.
        options: option names by field, if they differ.
        only: the fields to ask for; empty means all.
        without: fields not to ask for.
        changes: attributes of `Field` by field, where this command differs: another default, say.
    """

    description: type[D]
    title: str
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    changes: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """The fields by option name, with underscores."""
        return {
            self.options.get(name, name): dataclasses.replace(one, **self.changes.get(name, {}))
            for name, one in fields_of(self.description).items()
            if name not in self.without and (not self.only or name in self.only)
        }

    def build(self, given: Mapping[str, Any], base: D | None = None, **more: Any) -> D:
        """Build the description from the given values and, for the rest, `base` or the defaults.

        Args:
            given: values by option; None means not given.
            base: gives the values of the other options.
            more: values of the other fields, by field.
        """
        values = {
            one.name: given[option]
            for option, one in self.fields.items()
            if given.get(option) is not None
        }
        if base is not None:
            return dataclasses.replace(base, **{**values, **more})  # type: ignore[type-var]
        changes = {name: new.get("default") for name, new in self.changes.items()}
        changed = {name: default for name, default in changes.items() if default is not None}
        return self.description(**{**changed, **values, **more})

    def given(self, description: D) -> dict[str, Any]:
        """The values that differ from the defaults, by option."""
        values = {option: getattr(description, f.name) for option, f in self.fields.items()}
        return {o: value for o, value in values.items() if value != self.fields[o].default}


def read(texts: Mapping[str, Any], *parts: Part[Any]) -> dict[str, Any]:
    """Parse the values that the user wrote, by option; options of no part are dropped.

    Args:
        texts: a text or, for a flag, a boolean for each option; None if nothing was entered.
        parts: the fields to read. If two parts share an option, the first one reads it.

    Raises:
        InvalidFieldError: a text cannot be read or its value is not allowed.
    """
    fields = {option: one for part in reversed(parts) for option, one in part.fields.items()}
    return {
        option: fields[option].parse(text) if isinstance(text, str) else text
        for option, text in texts.items()
        if option in fields and text is not None
    }


def arguments(given: Mapping[str, Any], *parts: Part[Any]) -> list[str]:
    """The command-line options that give these values: the inverse of `read`."""
    fields = {option: one for part in reversed(parts) for option, one in part.fields.items()}
    found: list[str] = []
    for option, value in given.items():
        kind = fields[option].kind
        if value is None:
            continue
        if isinstance(value, str) and not isinstance(kind, Flag):
            found += [flag(option), value]
        elif isinstance(kind, Flag):
            found.append(flag(option) if value else kind.off(option))
        else:
            found += [flag(option), kind.format(value)]
    return found
