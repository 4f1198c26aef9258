"""Bort: optimal subarchitecture extraction and Agora, in the open.

The names below are loaded when they are used: importing this package loads neither torch nor
scikit-learn nor streamlit. docs/python.md explains them.
"""

import sys
from importlib import import_module
from typing import Any

# Name -> its module. A name that needs a package of an extra says so when it is used.
_NAMES = {
    "Agora": "bort.api.agora",
    "Certificate": "bort.api.certificate",
    "LatencyProfile": "bort.api.latency",
    "TextClassifier": "bort.api.model",
    "TextClassifierSearch": "bort.api.search",
    "search_space": "bort.api.table",
    "search_table": "bort.api.table",
}

__all__ = ["__version__", *_NAMES]

__version__ = "0.1.0"

NO_WINDOWS = (
    "bort runs on Linux and macOS; its file locks are not right on Windows yet, so use it "
    "inside the Linux subsystem, WSL"
)


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if sys.platform == "win32":
        raise ImportError(NO_WINDOWS)
    try:
        found = getattr(import_module(_NAMES[name]), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == __name__:
            raise
        from bort.core.errors import MissingExtraError

        raise MissingExtraError(
            f"bort.{name} needs the package {error.name}, which is not installed; install it "
            "with: pip install 'bort[train]'"
        ) from None
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])
