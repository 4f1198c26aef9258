"""Offer a model as one HTML file that opens without this program."""

import streamlit as st

from bort.figures.model_report import model_report
from bort.finetuning.history import read_history
from bort.finetuning.realised import TrainedModel
from bort.ui.kit import readings


def offer(model: TrainedModel) -> None:
    """Show the button; the report is written when it is pressed."""
    store = readings.store()
    st.download_button(
        "Download as one HTML file",
        data=lambda: model_report(read_history(store, model.record)),
        file_name=f"{model.record.name}.html",
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
        key="model-report",
        help="Comparison, curves, prediction and result, commands and versions. It opens from disk "
        "and fetches nothing.",
    )
