"""The list of pages, wherever a visit begins."""

from contextvars import ContextVar

import streamlit as st

from bort.ui.kit.icons import LOGO

_is_running: ContextVar[bool] = ContextVar("_is_running", default=False)

HOME = "pages/home.py"
SEARCH = "pages/search.py"
PARETO = "pages/pareto.py"
MACHINE = "pages/machine.py"
AGORA = "pages/agora.py"
MODELS = "pages/models.py"

_WATCHED_ON = {
    "finetune": MODELS,
    "agora": AGORA,
    "latency": MACHINE,
    "winners": MACHINE,
    "landmarks": MACHINE,
}


def watched_on(kind: str) -> str:
    """The page that shows jobs of a kind; Search shows those that have no page of their own."""
    return _WATCHED_ON.get(kind, SEARCH)


def run() -> None:
    """Draw the menu, and run the page that the address names."""
    token = _is_running.set(True)
    try:
        st.logo(LOGO, size="large")
        st.navigation(
            [
                st.Page(HOME, title="Home", icon=":material/home:", default=True),
                st.Page(SEARCH, title="Search", icon=":material/travel_explore:"),
                st.Page(PARETO, title="Pareto front", icon=":material/scatter_plot:"),
                st.Page(MODELS, title="Models", icon=":material/deployed_code:"),
                st.Page(AGORA, title="Agora", icon=":material/school:"),
                st.Page(MACHINE, title="This machine", icon=":material/timer:"),
            ],
            position="top",
        ).run()
    finally:
        _is_running.reset(token)


def run_if_page_came_first() -> None:
    """Put a page into the menu that streamlit has started without `app.py`.

    A link straight to a page of a freshly started server does that, because a folder `pages`
    exists; from the second run on, `app.py` comes first.
    """
    if not _is_running.get():
        run()
        st.stop()
