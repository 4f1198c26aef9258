"""Show one lesson as a component of the page; everything in it happens in the browser."""

from functools import cache
from typing import Any

import streamlit as st

from bort.lessons.catalogue import LESSONS, Lesson, lesson
from bort.lessons.piece import piece
from bort.ui.kit import frame, navigation

# Relative, so that they work under any path.
_LINKS = {"lesson": "lesson?lesson=", "term": "lesson?lesson=glossary&term="}
# The page on which a reader can do what a lesson shows, by the lesson's slug.
_PRACTICE = {
    "costs": (navigation.SEARCH, "Train a family yourself"),
    "epsilon": (navigation.PARETO, "See the certificate of a real search"),
    "weights": (navigation.PARETO, "Move the weights of a real search"),
    "torus": (navigation.AGORA, "Run Agora yourself"),
    "model": (navigation.MODELS, "Turn a point into a model"),
}
_BEGIN = """
export default function ({ parentElement, data }) {
  return mountLesson(parentElement, data, start);
}
"""


def chosen() -> Lesson:
    """The lesson in the address, `?lesson=`; the first one if there is none of that name."""
    return lesson(st.query_params.get("lesson")) or LESSONS[0]


def show(one: Lesson) -> None:
    """Show a lesson, and links to the others."""
    _component(one)(
        key=f"lesson-{one.slug}",
        data=piece(one).values(theme=frame.theme(), links=_LINKS),
    )
    _neighbours(LESSONS.index(one))


def _neighbours(place: int) -> None:
    slug = LESSONS[place].slug
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.page_link(navigation.LEARN, label="All lessons", icon=":material/menu_book:")
        if slug in _PRACTICE:
            page, label = _PRACTICE[slug]
            st.page_link(page, label=label, icon=":material/experiment:")
        if place + 1 < len(LESSONS):
            following = LESSONS[place + 1]
            st.page_link(
                navigation.LESSON,
                label=f"Next: {following.title}",
                icon=":material/arrow_forward:",
                query_params={"lesson": following.slug},
            )


@cache
def _component(one: Lesson) -> Any:
    made = piece(one)
    name = f"bort_lesson_{one.slug}"
    return st.components.v2.component(name, html=made.html, css=made.css, js=made.js + _BEGIN)
