"""The list of pages, and the dashboard's logo."""

from contextvars import ContextVar
from pathlib import PurePath

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from bort.ui.kit import access, address, entrance

_is_running: ContextVar[bool] = ContextVar("_is_running", default=False)

HOME = "pages/home.py"
SEARCH = "pages/search.py"
PARETO = "pages/pareto.py"
MACHINE = "pages/machine.py"
AGORA = "pages/agora.py"
MODELS = "pages/models.py"
LEARN = "pages/learn.py"
LESSON = "pages/lesson.py"

_WATCHED_ON = {
    "finetune": MODELS,
    "rivals": MODELS,
    "agora": AGORA,
    "latency": MACHINE,
    "winners": MACHINE,
    "landmarks": MACHINE,
}


def paths() -> list[str]:
    """The paths of all pages but Home, whose path is empty."""
    pages = (SEARCH, PARETO, MACHINE, AGORA, MODELS, LEARN, LESSON)
    return [PurePath(page).stem for page in pages]


def watched_on(kind: str) -> str:
    """The page that shows jobs of a kind; the page Search shows kinds without their own page."""
    return _WATCHED_ON.get(kind, SEARCH)


def run() -> None:
    """Draw the menu and run the page in the address, or ask people to log in."""
    token = _is_running.set(True)
    try:
        st.logo(LOGO, size="large")
        may_enter = access.has_lessons_alone() or access.access().may_read
        page = st.navigation(_pages(), position="top" if may_enter else "hidden")
        access.note_session()
        if may_enter:
            address.keep(page.url_path)
            page.run()
        else:
            entrance.show()
    finally:
        _is_running.reset(token)


def _pages() -> list[StreamlitPage]:
    lesson = st.Page(LESSON, title="Lesson", visibility="hidden")
    if access.has_lessons_alone():
        return [
            st.Page(LEARN, title="Learn", icon=":material/menu_book:", default=True),
            lesson,
        ]
    return [
        st.Page(HOME, title="Home", icon=":material/home:", default=True),
        st.Page(SEARCH, title="Search", icon=":material/travel_explore:"),
        st.Page(PARETO, title="Pareto front", icon=":material/scatter_plot:"),
        st.Page(MODELS, title="Models", icon=":material/deployed_code:"),
        st.Page(AGORA, title="Agora", icon=":material/school:"),
        st.Page(MACHINE, title="This machine", icon=":material/timer:"),
        st.Page(LEARN, title="Learn", icon=":material/menu_book:"),
        lesson,
    ]


def run_if_page_came_first() -> None:
    """Draw the menu around a page that Streamlit started without `app.py`.

    That happens when the first visit to a fresh server is a link to a page, because a folder
    `pages` exists. From the second run on, `app.py` comes first.
    """
    if not _is_running.get():
        run()
        st.stop()


# Drawn here, so that nothing is fetched. It is readable on light and dark pages.
ICON = """<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" viewBox="0 0 32 32">
<path d="M6 5c1 12 9 19 21 21" fill="none" stroke="#8a97a5" stroke-width="2"/>
<circle cx="6" cy="5" r="4.5" fill="#3a8fc4"/><circle cx="13" cy="19" r="4.5" fill="#e69f00"/>
<circle cx="27" cy="26" r="4.5" fill="#3a8fc4"/></svg>"""

LOGO = """<svg xmlns="http://www.w3.org/2000/svg" width="112" height="32" viewBox="0 0 112 32">
<path d="M6 6c1 10 7 17 20 19" fill="none" stroke="#8a97a5" stroke-width="1.6"/>
<circle cx="6" cy="6" r="3.6" fill="#3a8fc4"/><circle cx="12" cy="18.5" r="3.6" fill="#e69f00"/>
<circle cx="26" cy="25" r="3.6" fill="#3a8fc4"/>
<g fill="none" stroke="#3a8fc4" stroke-width="3.2" stroke-linecap="round">
<path d="M40 5v20.5"/><circle cx="46.5" cy="19" r="6.5"/><circle cx="66" cy="19" r="6.5"/>
<path d="M80.5 13v12.5"/><path d="M80.5 19c.5-4 3-6 6.5-5.800"/>
<path d="M95 7v13.500c0 4 2 5.300 5.500 4.800"/><path d="M91 13h8.500"/></g></svg>"""
