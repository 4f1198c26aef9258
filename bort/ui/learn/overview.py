"""The overview of all lessons."""

import streamlit as st

from bort.lessons.catalogue import LESSONS, Lesson
from bort.ui.kit import markup, navigation


def show() -> None:
    """One card for each lesson, in their order, two in a row."""
    for start in range(0, len(LESSONS), 2):
        columns = st.columns(2, gap="medium")
        for column, lesson in zip(columns, LESSONS[start : start + 2], strict=False):
            with column:
                _card(lesson, start + columns.index(column) + 1)


def _card(lesson: Lesson, number: int) -> None:
    with st.container(border=True, height="stretch"):
        markup.label(f"{number} · {lesson.minutes} minutes")
        st.subheader(lesson.title, anchor=False)
        markup.note(lesson.answers)
        markup.note(f"Before it: {lesson.before}")
        st.page_link(
            navigation.LESSON,
            label="Open",
            icon=":material/arrow_forward:",
            query_params={"lesson": lesson.slug},
        )
