"""A hidden tab paints nothing: a component knows whether the reader can see the page.

Only its title is kept up to date, every `HIDDEN_POLL_S`; once shown, the page runs again.
"""

from functools import cache
from typing import Any

import streamlit as st

HIDDEN_POLL_S = 30.0
_KEY = "tab"

# The state of a component that has not changed reruns nothing.
_SCRIPT = """export default ({ parentElement, setStateValue }) => {
  const tell = () => {
    if (parentElement.bortHidden === document.hidden) return;
    parentElement.bortHidden = document.hidden;
    setStateValue("hidden", document.hidden);
  };
  parentElement.bortHidden ??= false;
  document.addEventListener("visibilitychange", tell);
  tell();
  return () => document.removeEventListener("visibilitychange", tell);
};"""


def watch() -> None:
    """Notice when the tab is hidden or shown again; the page then runs again, at its new pace."""
    with st.container(key="tab-state"):
        _component()(key=_KEY, default={"hidden": False}, on_hidden_change=lambda: None)


def is_hidden() -> bool:
    """Whether nobody can see the page."""
    state = st.session_state.get(_KEY)
    return bool(state and state.get("hidden"))


def pace(seconds: float) -> float | None:
    """How often to paint what changes: as asked, but never while nobody can see it."""
    return None if is_hidden() else seconds


@cache
def _component() -> Any:
    return st.components.v2.component("bort_tab", js=_SCRIPT, isolate_styles=False)
