"""Offer a run as one HTML file that opens without this program."""

import streamlit as st

from bort.figures.agora_report import agora_report
from bort.studies.agora import DevItems, StoredRun


def offer(run: StoredRun, dev: DevItems | None) -> None:
    """Show the button; the report is written when it is pressed."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with_texts = not run.is_torus and st.toggle(
            "With texts",
            key=f"agora-report-texts:{run.job.id}",
            help="Whoever has the file can read them.",
        )
        st.download_button(
            "Download as one HTML file",
            data=lambda: agora_report(run, dev, with_texts=with_texts),
            file_name=f"agora-{run.job.id}.html",
            mime="text/html",
            icon=":material/description:",
            on_click="ignore",
            key="agora-report",
            help="The map to play, rounds, points, commands and versions. It opens from disk and "
            "fetches nothing.",
        )
