"""Show one lesson as a component of the page; everything in it happens in the browser."""

from functools import cache
from html import escape
from typing import Any

import streamlit as st

from bort.lessons.catalogue import LESSONS, Lesson, lesson
from bort.lessons.piece import piece
from bort.ui.kit import access, frame, navigation
from bort.ui.learn import afresh

# Relative, so that they work under any path.
_LINKS = {"lesson": "lesson?lesson=", "term": "lesson?lesson=glossary&term="}
# The page on which a reader can do what a lesson shows, by the lesson's slug.
_PRACTICE = {
    "costs": (navigation.SEARCH, "Search a family of your own"),
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
    if one.slug == "costs" and access.may_change():
        afresh.show()
    _neighbours(LESSONS.index(one))


def _neighbours(place: int) -> None:
    slug = LESSONS[place].slug
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.page_link(navigation.LEARN, label="All lessons", icon=":material/menu_book:")
        if slug in _PRACTICE and not access.has_lessons_alone():
            page, label = _PRACTICE[slug]
            st.page_link(page, label=label, icon=":material/experiment:")
        if place + 1 < len(LESSONS):
            following = LESSONS[place + 1]
            # A page_link to the page that is open changes neither the address nor the history.
            st.html(
                f'<a class="bort-next" href="{_LINKS["lesson"]}{following.slug}" target="_self">'
                f"Next: {escape(following.title)} →</a>",
                width="content",
            )


@cache
def _component(one: Lesson) -> Any:
    made = piece(one)
    name = f"bort_lesson_{one.slug}"
    return st.components.v2.component(name, html=made.html, css=made.css, js=made.js + _BEGIN)
