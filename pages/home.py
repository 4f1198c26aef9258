"""The first page: a finished example, running jobs, what to do next."""

import streamlit as st

from bort.ui.home import overview
from bort.ui.kit import frame, readings

LEAD = (
    "bort finds the text models with the best trade-offs between size, CPU latency and error, "
    "and certifies how far from the best they can be. It trains a few architectures and bounds "
    "the rest."
)

with frame.page("Small models, chosen with a certificate", lead=LEAD):
    studies = readings.studies()
    overview.showcase(studies)
    overview.running_jobs()
    left, right = st.columns([1.7, 1], gap="large")
    with left:
        overview.recent_studies(studies)
    with right:
        overview.next_steps()
