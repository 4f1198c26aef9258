"""Run Agora and watch its rounds."""

import streamlit as st

from bort.ui.agora import form as agora_form
from bort.ui.agora import start as agora_start
from bort.ui.agora import watch as agora_watch
from bort.ui.kit import access, address, frame
from bort.ui.kit.fields import Slots

LEAD = (
    "Train a small model, find what it gets wrong, sample new points near its errors, let a "
    "second model label them, and train again. The audit error comes from data that Agora never "
    "sees."
)

job_id = address.job()
with frame.page("Agora", lead=LEAD if job_id is None else None):
    if job_id is not None:
        agora_watch.show(job_id)
    elif not access.offer("Starting Agora"):
        agora_watch.recent()
    else:
        slots = Slots()
        left, right = st.columns([2, 1], gap="large")
        with left:
            asked = agora_form.fill_in(slots)
        with right, st.container(border=True, key="sticky"):
            agora_start.show(asked, slots)
            agora_watch.recent()
