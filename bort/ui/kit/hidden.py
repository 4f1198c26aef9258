"""A component that knows whether the reader can see the page, and whether it is light or dark.

A hidden tab paints nothing: only its title is kept up to date, every `HIDDEN_POLL_S`; once shown,
the page runs again. It also runs again when the theme changes, because charts have its colours.
"""

from functools import cache
from typing import Any

import streamlit as st

HIDDEN_POLL_S = 30.0
_KEY = "tab"

# The state of a component that has not changed reruns nothing.
_SCRIPT = """const scheme = (app) => getComputedStyle(app).colorScheme;

export default ({ parentElement, setStateValue }) => {
  const app = document.querySelector(".stApp");
  const known = (parentElement.bortTab ??= { hidden: false, scheme: scheme(app) });
  const tell = () => {
    for (const [name, now] of [["hidden", document.hidden], ["scheme", scheme(app)]]) {
      if (known[name] === now) continue;
      known[name] = now;
      setStateValue(name, now);
    }
  };
  const observer = new MutationObserver(tell); // a theme is a class of the app
  observer.observe(app, { attributes: true, attributeFilter: ["class"] });
  document.addEventListener("visibilitychange", tell);
  tell();
  return () => {
    observer.disconnect();
    document.removeEventListener("visibilitychange", tell);
  };
};"""


def watch() -> None:
    """Run the page again when the tab is hidden or shown, at its new pace, or the theme changes."""
    with st.container(key="tab-state"):
        _component()(
            key=_KEY,
            default={"hidden": False, "scheme": ""},
            on_hidden_change=lambda: None,
            on_scheme_change=lambda: None,
        )


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
