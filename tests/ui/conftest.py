import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).parent))  # made_up_study, beside the tests that use it

from bort.storage import Store, open_store

APP = Path(__file__).parent.parent.parent / "app.py"

Open = Callable[..., AppTest]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store that the pages open too, without the examples."""
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.setenv("BORT_STORE", f"sqlite:///{tmp_path / 'bort.db'}")
    monkeypatch.setattr("bort.ui.kit.readings.ROOT", tmp_path)
    st.cache_resource.clear()
    with open_store() as opened:
        yield opened


@pytest.fixture
def visit() -> Open:
    """Open a page by its file's name, with query parameters."""

    def open_page(page: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=30)
        for name, value in query.items():
            app.query_params[name] = value
        if page != "home":
            app.switch_page(f"pages/{page}.py")
        return app.run()

    return open_page


def shown(app: AppTest) -> str:
    """All text that our own markup puts on the page."""
    return "\n".join(element.proto.body for element in app.get("html"))
