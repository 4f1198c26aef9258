"""Kinds of fields: which values they allow, and how users write them."""

import csv
import dataclasses
import io
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple


class Kind(ABC):
    """The base class of kinds: the values that a field allows.

    Attributes:
        metavar: the placeholder for a value in `--help`.
        words: complete the sentence "it must be ...".
    """

    @property
    @abstractmethod
    def metavar(self) -> str: ...

    @property
    @abstractmethod
    def words(self) -> str: ...

    @abstractmethod
    def parse(self, text: str) -> Any:
        """Parse a value that the user wrote.

        Raises:
            ValueError: the text cannot be read.
        """

    @abstractmethod
    def allows(self, value: Any) -> bool:
        """Check whether `value` is allowed."""

    def format(self, value: Any) -> str:
        """Write a value so that `parse` reads it again."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Whole(Kind):
    """A whole number.

    Attributes:
        most: the largest allowed value; None means no limit.
        step: how far one click in a form goes.
        may_be_none: code may pass None; commands and forms cannot.
    """

    least: int = 1
    most: int | None = None
    step: int = 1
    metavar: str = "N"
    may_be_none: bool = False

    @property
    def words(self) -> str:
        if self.most is None:
            return f"a whole number of {self.least} or more"
        return f"a whole number from {self.least} to {self.most}"

    def parse(self, text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,30}", text):
            raise ValueError
        return int(text)

    def allows(self, value: Any) -> bool:
        if value is None:
            return self.may_be_none
        return type(value) is int and self.least <= value and not _exceeds(value, self.most)


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A finite number.

    Attributes:
        least: the lower end of the range.
        most: the upper end of the range; None means no limit.
        is_open: the ends themselves are not allowed.
        step: how far one click in a form goes; None shows a text field.
    """

    least: float = 0.0
    most: float | None = None
    is_open: bool = False
    step: float | None = None
    metavar: str = "X"

    @property
    def words(self) -> str:
        least = format_number(self.least)
        if self.most is None:
            return f"a number above {least}" if self.is_open else f"a number of {least} or more"
        return f"a number {'between' if self.is_open else 'from'} {least} " + (
            f"{'and' if self.is_open else 'to'} {format_number(self.most)}"
        )

    def parse(self, text: str) -> float:
        return float(text)

    def allows(self, value: Any) -> bool:
        if not _is_number(value) or value < self.least or _exceeds(value, self.most):
            return False
        return not (self.is_open and value in (self.least, self.most))

    def format(self, value: Any) -> str:
        return format_number(value)


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """Any text that is not blank."""

    metavar: str = "TEXT"
    words: str = "a text"

    def parse(self, text: str) -> str:
        return text

    def allows(self, value: Any) -> bool:
        return isinstance(value, str) and bool(value.strip())


@dataclass(frozen=True, slots=True)
class Matching(Kind):
    """A text of a certain form."""

    pattern: re.Pattern[str]
    metavar: str
    words: str

    def parse(self, text: str) -> str:
        return text

    def allows(self, value: Any) -> bool:
        return isinstance(value, str) and self.pattern.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of a few names.

    Attributes:
        choices: the names; members of a `StrEnum` stay members.
        titles: what a form shows instead of a name.
    """

    choices: Sequence[str]
    titles: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def metavar(self) -> str:
        return "|".join(self.choices)

    @property
    def words(self) -> str:
        return f"one of {', '.join(self.choices)}"

    def parse(self, text: str) -> str:
        return next((choice for choice in self.choices if choice == text), text)

    def allows(self, value: Any) -> bool:
        return value in self.choices


@dataclass(frozen=True, slots=True)
class Flag(Kind):
    """Yes or no.

    Attributes:
        opposite: the option that means no, if it is not `--no-NAME`.
    """

    opposite: str = ""
    metavar: ClassVar[str] = ""
    words: ClassVar[str] = "yes or no"

    def off(self, option: str) -> str:
        """The option that means no."""
        return flag(self.opposite or f"no_{option}")

    def parse(self, text: str) -> bool:
        if text not in ("yes", "no"):
            raise ValueError
        return text == "yes"

    def format(self, value: Any) -> str:
        return "yes" if value else "no"

    def allows(self, value: Any) -> bool:
        return isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Several(Kind):
    """A tuple, written with commas.

    Attributes:
        of: the kind of each part.
        words: a description of the allowed tuples, for messages.
        least: the fewest parts.
        most: the most parts; None means no limit.
        nothing: the word for no parts, if there is one.
    """

    of: Kind
    words: str
    least: int = 0
    most: int | None = None
    nothing: str = ""

    @property
    def metavar(self) -> str:
        either = f"|{self.nothing}" if self.nothing else ""
        return f"{self.of.metavar},...{either}"

    def parse(self, text: str) -> tuple[Any, ...]:
        if self.nothing and text == self.nothing:
            return ()
        return tuple(self.of.parse(part.strip()) for part in text.split(",") if part.strip())

    def allows(self, value: Any) -> bool:
        return (
            isinstance(value, tuple)
            and self.least <= len(value)
            and not _exceeds(len(value), self.most)
            and all(map(self.of.allows, value))
        )

    def format(self, value: Any) -> str:
        return ",".join(map(self.of.format, value)) or self.nothing


@dataclass(frozen=True, slots=True)
class Weights(Kind):
    """Cost weights of size, latency and error: three numbers from 0 to `most`, not all 0."""

    most: float
    metavar: ClassVar[str] = "P,I,E"

    @property
    def words(self) -> str:
        return (
            f"three numbers from 0 to {format_number(self.most)}, separated by commas (size, "
            "latency, error), not all 0"
        )

    def parse(self, text: str) -> tuple[float, ...]:
        return tuple(float(part) for part in text.split(","))

    def allows(self, value: Any) -> bool:
        each = Number(0, self.most)
        return (
            isinstance(value, tuple)
            and len(value) == 3
            and all(map(each.allows, value))
            and any(value)
        )

    def format(self, value: Any) -> str:
        return ",".join(map(format_number, value))


@dataclass(frozen=True, slots=True)
class PerDimension(Kind):
    """One number for all dimensions, or one for each by name: `0.2`, `depth=0.1,hidden=0.3`.

    Code may pass a tuple of one number per dimension; commands and forms cannot.
    """

    most: float
    metavar: ClassVar[str] = "L|NAME=L,..."

    @property
    def words(self) -> str:
        return f"one number from 0 to {self.most:g} for all dimensions, or one for each by name"

    def parse(self, text: str) -> float | dict[str, float]:
        if "=" not in text:
            return float(text)
        pairs = [part.split("=") for part in text.split(",")]
        found = {name.strip(): float(value) for name, value in pairs}
        if len(found) < len(pairs):  # a name occurs twice
            raise ValueError
        return found

    def allows(self, value: Any) -> bool:
        values = value.values() if isinstance(value, Mapping) else value
        values = values if isinstance(values, Iterable) else [values]
        return bool(values) and all(map(Number(0, self.most).allows, values))

    def format(self, value: Any) -> str:
        if isinstance(value, Mapping):
            return ",".join(f"{name}={format_number(number)}" for name, number in value.items())
        return format_number(value)


@dataclass(frozen=True, slots=True)
class Conditions(Kind):
    """Conditions on the rows of a file: `part=train,part=val,kind!=old`.

    A condition that contains a comma is written in double quotes, as in a CSV file.
    """

    metavar: ClassVar[str] = "COLUMN=VALUE,..."
    words: ClassVar[str] = (
        "conditions such as part=train or part!=old, separated by commas (in double quotes where "
        "a value contains one)"
    )

    def parse(self, text: str) -> tuple[str, ...]:
        try:
            (row,) = csv.reader([text], strict=True, skipinitialspace=True)
        except csv.Error:
            raise ValueError from None
        return tuple(part.strip() for part in row if part.strip())

    def allows(self, value: Any) -> bool:
        return isinstance(value, tuple) and all(
            isinstance(part, str) and part.isprintable() and Condition.parse(part).column
            for part in value
        )

    def format(self, value: Any) -> str:
        written = io.StringIO()
        csv.writer(written, lineterminator="").writerow(value)
        return written.getvalue()


class Condition(NamedTuple):
    """A condition on a row: that a column has this value, or another one."""

    column: str
    value: str
    is_equal: bool

    def __str__(self) -> str:
        return f"{self.column}{'' if self.is_equal else '!'}={self.value}"

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Read `column=value` or `column!=value`; the column is empty if it is neither.

        Examples:
            >>> Condition.parse("part=train"), Condition.parse("part!=a=b").value
            (Condition(column='part', value='train', is_equal=True), 'a=b')
        """
        column, equals, value = text.partition("=")
        is_equal = not column.endswith("!")
        found = column.removesuffix("!").strip()
        return cls(found if equals else "", value.strip(), is_equal)


def _exceeds(value: float, most: float | None) -> bool:
    return most is not None and value > most


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def format_number(value: float) -> str:
    """Write a number with exactly the digits it needs.

    Examples:
        >>> format_number(1), format_number(0.25), format_number(1e6)
        ('1', '0.25', '1000000')
    """
    return repr(float(value)).removesuffix(".0")


def flag(option: str) -> str:
    """An option as written on the command line.

    Examples:
        >>> flag("batch_size")
        '--batch-size'
    """
    return f"--{option.replace('_', '-')}"
