"""Follow a study that a search is still filling."""

import streamlit as st

from bort.storage import StudyRecord
from bort.ui.kit import frame, navigation, readings

POLL_S = 3.0


def follow(study: StudyRecord) -> None:
    """Link to the study's running search, and show what it adds; nothing where none runs."""
    jobs = readings.active_jobs(study.name)
    if not jobs:
        return
    st.page_link(
        navigation.SEARCH,
        label="Watch the search that fills this study",
        icon=":material/visibility:",
        query_params={"job": str(jobs[0].id)},
    )
    _look(study)


@st.fragment(run_every=POLL_S)
def _look(study: StudyRecord) -> None:
    with frame.clear_errors():
        now = readings.store().study(study.name)
        is_over = not readings.active_jobs(study.name)
        if is_over or now.evaluation_count != study.evaluation_count:
            st.rerun()
