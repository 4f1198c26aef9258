"""The overview of all lessons, and what a teacher takes along."""

from base64 import b64encode
from html import escape
from importlib.resources import files

import streamlit as st

from bort.core import paths
from bort.lessons.catalogue import LESSONS, Lesson
from bort.ui.kit import navigation


def show() -> None:
    """One card for each lesson, in their order, two in a row."""
    for start in range(0, len(LESSONS), 2):
        columns = st.columns(2, gap="medium")
        pair = zip(columns, LESSONS[start : start + 2], strict=False)
        for number, (column, lesson) in enumerate(pair, start + 1):
            with column:
                _card(lesson, number)
    st.download_button(
        "For teachers: an hour's plan and ten exercises",
        paths.teaching().read_bytes(),
        paths.teaching().name,
        "text/markdown",
        icon=":material/download:",
        on_click="ignore",
        key="teaching",
    )


def _card(lesson: Lesson, number: int) -> None:
    with st.container(border=True, height="stretch", key=f"card-{lesson.slug}"):
        st.html(
            f'<div class="bort-card">{_picture(lesson.slug)}<div>'
            f'<p class="bort-label">{number} · {lesson.minutes} minutes</p>'
            f"<h3>{escape(lesson.title)}</h3><p>{escape(lesson.answers)}</p>"
            f'<p class="bort-note">To know before: {escape(lesson.before)}</p></div></div>'
        )
        st.page_link(
            navigation.LESSON,
            label="Open",
            icon=":material/arrow_forward:",
            query_params={"lesson": lesson.slug},
        )


def _picture(slug: str) -> str:
    """The lesson's picture; Streamlit removes an SVG element, but keeps an image."""
    drawing = (files("bort.lessons") / "kit" / "cards" / f"{slug}.svg").read_bytes()
    return f'<img alt="" src="data:image/svg+xml;base64,{b64encode(drawing).decode()}">'
