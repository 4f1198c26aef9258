"""The first page: a finished example, running jobs, what to do next."""

import streamlit as st

from bort.ui import home
from bort.ui.kit import frame, readings

LEAD = (
    "bort finds the text models with the best trade-offs between size, CPU latency and error, "
    "and certifies how far from the best they can be. It trains a few architectures and bounds "
    "the rest."
)

with frame.page("Small models, chosen with a certificate", lead=LEAD):
    studies = readings.studies()
    home.showcase(studies)
    home.running_jobs()
    left, right = st.columns([1.7, 1], gap="large")
    with left:
        home.recent_studies(studies)
        home.example_jobs()
    with right:
        home.next_steps()
