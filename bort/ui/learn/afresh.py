"""Train the family of the lesson "Three costs" afresh, as a job."""

import streamlit as st

from bort.lessons.costs.family import NAME, study
from bort.ui.kit import markup, navigation, readings
from bort.ui.kit.fields import Slots
from bort.ui.search import start as search_start

_WORDS = (
    "A job trains all networks of this lesson once and measures how fast they are here. The "
    "errors should be near the recorded ones, the latencies are those of your machine. The job "
    "continues if you close the page, and its front grows on the page Pareto front."
)


def show() -> None:
    """Offer the job, with what it may cost; the cost is estimated when somebody asks."""
    offer = st.expander(
        "Train this family afresh on this machine",
        icon=":material/model_training:",
        key="afresh",
        on_change="rerun",
    )
    if not offer.open:
        return
    with offer:
        markup.note(_WORDS)
        slots, spec = Slots(), study()
        slots.below("general")
        search_start.cost(spec, slots)
        if st.button("Train it", type="primary", icon=":material/play_arrow:", key="afresh-start"):
            job = search_start.start(spec, slots, is_named=False)
            if job is not None:
                st.switch_page(navigation.SEARCH, query_params={"job": str(job)})
        for name in _trained():
            st.page_link(
                navigation.PARETO,
                label=f"The front of {name}",
                icon=":material/scatter_plot:",
                query_params={"study": name},
            )


def _trained() -> list[str]:
    """The studies of earlier presses that have trained something, newest first."""
    found = readings.studies()
    return [one.name for one in found if one.name.startswith(NAME) and one.evaluation_count]
