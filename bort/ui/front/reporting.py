"""Offer what is on the page as one HTML file that opens without this program."""

from collections.abc import Sequence

import streamlit as st

from bort.figures.report import front_report
from bort.studies.choosing import Choice
from bort.ui.front.objectives import Answer
from bort.ui.kit import address


def offer(answer: Answer, choice: Choice, *, title: str, commands: Sequence[str]) -> None:
    """Show the button; the report is written when it is pressed."""
    pick = address.pick()
    st.download_button(
        "Download as one HTML file",
        data=lambda: front_report(answer, choice, title=title, pick=pick, again=commands),
        file_name="front.html",
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
        key="download-report",
        help="Charts, choice, certificate's claim, all points, commands and versions. It opens "
        "from disk and fetches nothing.",
    )
