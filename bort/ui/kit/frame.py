"""The frame of every page: settings, style, title, and one-line errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bort.core.errors import BortError
from bort.figures import Theme
from bort.ui.kit import access, address, entrance, markup, navigation, running

ABOUT = (
    "bort finds small, fast text models: optimal subarchitecture extraction with a certificate. "
    "It runs only on the machine where it was started and sends nothing anywhere else."
)


def theme() -> Theme:
    """The reader's theme, light or dark."""
    return "dark" if st.context.theme.type == "dark" else "light"


def settings(title: str | None = None) -> None:
    """Title, icon and style; called by `app.py` and again by each page."""
    st.set_page_config(
        page_title=f"{title} · bort" if title else "bort",
        page_icon=navigation.ICON,
        layout="wide",
        menu_items={"About": ABOUT},
    )
    st.html(f"<style>{files('bort.ui.kit').joinpath('style.css').read_text('utf-8')}</style>")


@contextmanager
def page(title: str, *, lead: str | None = None) -> Iterator[DeltaGenerator]:
    """Draw the frame around a page's content; yields the place to the right of the title.

    Args:
        lead: what the page is for; a page whose picture says it needs none.
    """
    settings(title)
    navigation.run_if_page_came_first()
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom", key="title"
    ):
        st.title(title, anchor=False, width="content")
        if not access.has_lessons_alone():
            running.seen(address.job())
            with st.container(width="content", key="running"):
                running.show(title)
        beside = st.container(width="content", key="beside-title")
        if access.login() is not None:
            entrance.account()
    if lead is not None:
        markup.lead(lead)
    problems = st.container()
    with clear_errors(problems):
        yield beside


@contextmanager
def clear_errors(place: DeltaGenerator | None = None) -> Iterator[None]:
    """Show an expected error as one line, at the place for the page's errors if it is given.

    Each fragment needs this around its own content.
    """
    try:
        yield
    except BortError as error:
        with place or st.container():
            markup.problem(str(error))
