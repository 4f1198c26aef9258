from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from visits import APP, Open

from bort.storage import Store, open_store
from bort.ui.kit import later


@pytest.fixture(scope="session", autouse=True)
def installed() -> Iterator[None]:
    """Look for components in the installed packages once; AppTest does it at every run."""
    once = cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store without the examples; the pages open it too."""
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.setenv("BORT_STORE", f"sqlite:///{tmp_path / 'bort.db'}")
    monkeypatch.setattr("bort.core.paths.examples", lambda: tmp_path / "no-examples")
    st.cache_resource.clear()
    with open_store() as opened:
        yield opened


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page by its file's name, with query parameters; no browser paints its charts."""
    monkeypatch.setattr(later, "is_due", lambda: True)

    def open_page(page: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=120)
        for name, value in query.items():
            app.query_params[name] = value
        if page != "home":
            app.switch_page(f"pages/{page}.py")
        return app.run()

    return open_page
