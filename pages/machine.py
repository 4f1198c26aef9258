"""Measure this machine, watch it, and read what was measured, here and elsewhere."""

import streamlit as st

from bort.ui import (
    address,
    frame,
    machine_facts,
    machine_form,
    machine_landmarks,
    machine_profiles,
    machine_watch,
)
from bort.ui.slots import Slots

LEAD = (
    "Latency is measured here, on the runtime that you deploy: some architectures with random "
    "weights in turns, and a model of all others whose error is always shown."
)

with frame.page("This machine", lead=LEAD):
    job_id = address.job()
    left, right = st.columns([2, 1], gap="large")
    with left:
        if job_id is None:
            machine_form.show(Slots())
        else:
            machine_watch.watch(job_id)
    with right, st.container(border=True):
        machine_facts.show()
        machine_watch.recent()
    machine_profiles.show()
    machine_landmarks.show()
