"""What is below the first fold comes second: once the page's charts are painted.

A table and highlighted code bring megabytes of scripts along, which a browser would read before it
paints the first chart.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from bort.ui.kit import markup

if TYPE_CHECKING:
    import pandas as pd

_KEY = "later-state"

# Some charts may never come, without the drawing library for example: the rest comes anyway.
_SCRIPT = """const PATIENCE_MS = 10_000, WITHOUT_MS = 2_000;

export default ({ parentElement, setStateValue }) => {
  if (parentElement.bortIsDue) return;
  const begin = performance.now(), page = location.pathname;
  const look = setInterval(() => {
    // After the browser's Back, what the page before says would bring it back.
    if (location.pathname !== page) return clearInterval(look);
    const charts = [...document.querySelectorAll(".bort-chart, .bort-parallel, .bort-map-holder")];
    const arePainted = charts.length > 0 && charts.every((chart) => chart.dataset.drawn);
    const passed = performance.now() - begin;
    if (!arePainted && passed < (charts.length > 0 ? PATIENCE_MS : WITHOUT_MS)) return;
    clearInterval(look);
    parentElement.bortIsDue = true;
    setStateValue("due", true);
  }, 100);
  return () => clearInterval(look);
};"""


def watch() -> None:
    """Run the page again once its charts are painted; to be called before what waits for that."""
    with st.container(key="later"):
        _component()(key=_KEY, default={"due": False}, on_due_change=lambda: None)


def is_due() -> bool:
    """Whether the page's charts have been painted, or the page does not watch for it."""
    state = st.session_state.get(_KEY)
    return state is None or bool(state.get("due"))


def code(text: str, *, language: str, **options: Any) -> None:
    """Show code that can be copied, once it is due."""
    if is_due():
        st.code(text, language=language, **options)


def table(frame: "pd.DataFrame", **options: Any) -> None:
    """Show a table of data, once it is due."""
    if is_due():
        st.dataframe(markup.cells(frame), **options)


@cache
def _component() -> Any:
    return st.components.v2.component("bort_later", js=_SCRIPT, isolate_styles=False)
