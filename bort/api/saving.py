"""Fitted objects are saved as files that run no code, and never pickled."""

from typing import Any

from bort.core.errors import BortError


class PickleRefusedError(BortError, TypeError):
    """A fitted object cannot be pickled; it has a method that saves it as plain files."""


class RefusesPickle:
    """Refuses to be pickled once it is fitted: a pickle can run code, and weights are large."""

    _saved_with = "save"

    def _is_fitted(self) -> bool:
        return any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def __getstate__(self) -> Any:
        if self._is_fitted():
            raise PickleRefusedError(
                f"a fitted {type(self).__name__} cannot be pickled; {self._saved_with}"
            )
        state: Any = super().__getstate__()
        return state
