"""What is below the first fold comes second: once the page's charts are painted.

A table and highlighted code bring megabytes of scripts along, which a browser would read before it
paints the first chart.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from bort.ui.kit import address, markup, navigation

if TYPE_CHECKING:
    import pandas as pd

_KEY = "later-state"

# Some charts may never come, without the drawing library for example: the rest comes anyway.
# A request to run again carries the address and the page that the browser knows just then. Sent
# while the server still works on a click, it would undo it: so the page must be at rest.
_SCRIPT = """const PATIENCE_MS = 10_000, WITHOUT_MS = 2_000, REST_MS = 2_000;
const TOUCHES = ["pointerdown", "pointerup", "keydown", "change", "popstate"];

export default ({ parentElement, data, setStateValue }) => {
  if (parentElement.bortIsDue) return;
  parentElement.bortLeave?.(); // an earlier call waits no longer
  const begin = performance.now();
  let touched = -Infinity;
  const touch = () => (touched = performance.now());
  for (const type of TOUCHES) addEventListener(type, touch, true);
  const isAtRest = () => {
    const app = document.querySelector("[data-testid=stApp]");
    return app?.dataset.testScriptState !== "running" && performance.now() - touched > REST_MS;
  };
  const leave = () => {
    clearInterval(look);
    for (const type of TOUCHES) removeEventListener(type, touch, true);
  };
  const isLeft = () => {
    const place = location.pathname.split("/").filter(Boolean).pop();
    return data.page ? place !== data.page : data.others.includes(place);
  };
  const look = setInterval(() => {
    if (isLeft() || !isAtRest()) return;
    const charts = [...document.querySelectorAll(".bort-chart, .bort-parallel, .bort-map-holder")];
    const arePainted = charts.length > 0 && charts.every((chart) => chart.dataset.drawn);
    const passed = performance.now() - begin;
    if (!arePainted && passed < (charts.length > 0 ? PATIENCE_MS : WITHOUT_MS)) return;
    leave();
    parentElement.bortIsDue = true;
    setStateValue("due", true);
    // Streamlit sends it a moment later, perhaps after the browser's Back; then this page would run
    // again, and stay. So go back once more.
    setTimeout(() => isLeft() && dispatchEvent(new PopStateEvent("popstate")), 0);
  }, 100);
  return (parentElement.bortLeave = leave);
};"""


def watch() -> None:
    """Run the page again once its charts are painted; to be called before what waits for that."""
    with st.container(key="later"):
        page = {"page": address.page(), "others": navigation.paths()}
        _component()(key=_KEY, data=page, default={"due": False}, on_due_change=lambda: None)


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
