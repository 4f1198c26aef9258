"""Widgets made from the fields of a description, and places below them for messages."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bort.core.errors import (
    BortError,
    DownloadError,
    InvalidDataError,
    InvalidFieldError,
    InvalidModelError,
    InvalidProfileError,
    InvalidSpaceError,
    MissingExtraError,
    StudyConflictError,
    UnknownSpaceError,
    UnknownTaskError,
)
from bort.core.fields import Field, Part, read
from bort.core.kinds import Choice, Flag, Number, Weights, Whole
from bort.ui.kit import terms

# The fields for errors that do not name one.
_FIELDS: tuple[tuple[type[BortError], str], ...] = (
    (UnknownTaskError, "task"),
    (InvalidDataError, "task"),
    (DownloadError, "task"),
    (UnknownSpaceError, "space"),
    (InvalidSpaceError, "space"),
    (InvalidModelError, "source"),
    (InvalidProfileError, "profile"),
    (MissingExtraError, "runtime"),
    (StudyConflictError, "name"),
)

# Fields whose help links to the glossary.
_TERMS: Mapping[str, tuple[str, ...]] = {
    "goal": ("cover", "w"),
    "epsilon": ("epsilon",),
    "lipschitz": ("lambda", "tau"),
}


class Slots:
    """Reserves a place below each field, and fills it if the value is wrong."""

    def __init__(self) -> None:
        self._places: dict[str, DeltaGenerator] = {}

    def below(self, *fields: str, scope: str = "") -> None:
        """Reserve this place for messages about `fields`.

        Args:
            scope: the form they belong to. Fields of the same name in later forms are found by
                their scope only.
        """
        place = st.empty()
        for field in fields:
            self._places[f"{scope}.{field}"] = place
            self._places.setdefault(field, place)

    def show(self, error: BortError, *, scope: str = "") -> None:
        """Show an error below its field, or in the place `general`.

        Args:
            error: what is wrong; its `field` is looked up as `scope.field`, then as `field`.
        """
        field = _field(error)
        places = (self._places.get(name) for name in (f"{scope}.{field}", field, "general"))
        place = next(place for place in places if place is not None)
        place.html(f'<p class="bort-problem" role="alert">{escape(str(error))}</p>')


def _field(error: BortError) -> str:
    if isinstance(error, InvalidFieldError):
        return error.field
    return next((field for kind, field in _FIELDS if isinstance(error, kind)), "general")


WEIGHED = ("size", "latency", "error")
MOST_WEIGHT, WEIGHT_STEP = 3.0, 0.1


class Form:
    """Paints the fields of some parts, row by row, and collects what was entered.

    Args:
        slots: where messages about the fields go.
        parts: the fields to show; no two have an option of the same name.
        scope: begins the keys of all widgets, so that forms do not share them.
        start: first values by option, if they differ from the default.
        choices: names to choose from that only the page knows, and what to show, by option.
        persists: keep what was entered while the user visits another page.

    Attributes:
        entered: the values of the widgets by option; a text if the user wrote it.
    """

    def __init__(
        self,
        slots: Slots,
        *parts: Part[Any],
        scope: str,
        start: Mapping[str, Any] | None = None,
        choices: Mapping[str, Mapping[str, str]] | None = None,
        persists: bool = True,
    ) -> None:
        self.entered: dict[str, Any] = {}
        self._slots, self._parts, self._scope = slots, parts, scope
        self._fields = {option: one for part in parts for option, one in part.fields.items()}
        self._start, self._choices = start or {}, choices or {}
        self._kept: Any = {"persist_state": "session"} if persists else {}

    def row(self, *options: str, widths: Sequence[float] | None = None) -> None:
        """Paint these fields side by side, with a place for messages below."""
        columns = st.columns(list(widths) if widths else len(options))
        for option, column in zip(options, columns, strict=True):
            self.entered[option] = self._widget(option, column)
        names = [self._fields[option].name for option in options]
        self._slots.below(*names, scope=self._scope)

    def given(self) -> dict[str, Any]:
        """The values that were entered, by option; empty fields are left out.

        Raises:
            InvalidFieldError: a value cannot be read, or a required field is empty.
        """
        for option, value in self.entered.items():
            if value is None:
                self._fields[option].check(None)
        return read(self.entered, *self._parts)

    def _widget(self, option: str, place: DeltaGenerator) -> Any:
        field = self._fields[option]
        key = f"{self._scope}.{option}"
        value = self._start.get(option, field.default)
        words = _TERMS.get(option, ())
        help_ = terms.explained(field.help, *words) if words else field.help
        shared: Any = {"key": key, "help": help_, **self._kept}
        empty = field.empty or None
        kind = field.kind
        if option in self._choices or isinstance(kind, Choice):
            titles = self._choices.get(option, {})
            if isinstance(kind, Choice):
                titles = {name: kind.titles.get(name, name) for name in kind.choices}
            choices = list(titles)
            return place.selectbox(
                field.label.partition(",")[0],  # the rest is about how to write it
                choices,
                index=choices.index(value) if value in choices else None,
                format_func=titles.__getitem__,
                placeholder=empty,
                **shared,
            )
        if isinstance(kind, Flag):
            return place.toggle(field.label, value, **shared)
        if isinstance(kind, Weights):
            return self._weights(field, value, place)
        if isinstance(kind, Whole) or (isinstance(kind, Number) and kind.step is not None):
            # The type of the step decides the type of what is entered.
            cast: Any = int if isinstance(kind, Whole) else float
            return place.number_input(
                field.label,
                value=None if value is None else cast(value),
                step=cast(kind.step),
                placeholder=empty,
                **shared,
            )
        text = "" if value in (None, ()) else kind.format(value)
        return place.text_input(field.label, text, placeholder=empty, **shared)

    def _weights(
        self, field: Field, value: Sequence[float], place: DeltaGenerator
    ) -> tuple[float, ...]:
        key = f"{self._scope}.{field.name}"
        return tuple(
            column.slider(
                f"{field.label} {name}",
                0.0,
                MOST_WEIGHT,
                float(weight),
                WEIGHT_STEP,
                key=f"{key}:{name}",
                **self._kept,
            )
            for name, weight, column in zip(WEIGHED, value, place.columns(3), strict=True)
        )
