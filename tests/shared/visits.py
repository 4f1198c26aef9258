"""How tests open a page and read it."""

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "app.py"

Open = Callable[..., AppTest]


def shown(app: AppTest) -> str:
    """Return all text that our own markup puts on the page."""
    return "\n".join(element.proto.body for element in app.get("html"))


def drawn(app: AppTest) -> int:
    """Return how many charts and other components a page shows."""
    return sum(one.key not in ("tab", "later-state") for one in app.get("bidi_component"))
