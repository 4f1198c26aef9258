"""Start a search, and watch it."""

import streamlit as st

from bort.ui.kit import access, address, frame
from bort.ui.kit.fields import Slots
from bort.ui.search import form as search_form
from bort.ui.search import start as search_start
from bort.ui.search import watch as job_view

LEAD = (
    "Train the few architectures that say most about the others, until every trade-off of the "
    "space is certified or the budget is spent."
)

watched = address.job()
with frame.page("Search", lead=LEAD if watched is None else None):
    job_id = watched or job_view.running()
    if job_id is not None:
        job_view.watch(job_id)
    elif not access.offer("Starting searches"):
        job_view.recent()
    else:
        slots = Slots()
        left, right = st.columns([2, 1], gap="large")
        with left:
            asked = search_form.fill_in(slots)
        with right, st.container(border=True, key="sticky"):
            search_start.show(asked, slots, is_named=bool(st.session_state.get("name")))
            job_view.recent()
