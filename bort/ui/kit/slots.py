"""Places below fields for messages about them."""

from html import escape

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

# Errors that do not name their field, by what they are about.
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


class Slots:
    """Reserves a place below each field, and fills it if the value is wrong."""

    def __init__(self) -> None:
        self._places: dict[str, DeltaGenerator] = {}
        self._count = 0

    @property
    def is_clean(self) -> bool:
        """Whether there are no errors."""
        return self._count == 0

    def below(self, *fields: str, scope: str = "") -> None:
        """Reserve this place for messages about `fields`.

        Args:
            fields: their names.
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
        self._count += 1
        field = _field(error)
        places = (self._places.get(name) for name in (f"{scope}.{field}", field, "general"))
        place = next(place for place in places if place is not None)
        place.html(f'<p class="bort-problem" role="alert">{escape(str(error))}</p>')


def _field(error: BortError) -> str:
    if isinstance(error, InvalidFieldError):
        return error.field
    return next((field for kind, field in _FIELDS if isinstance(error, kind)), "general")
