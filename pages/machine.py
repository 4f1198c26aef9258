"""Measure this machine, watch the measurement, and view latency profiles."""

import streamlit as st

from bort.ui.kit import address, frame, later, readings
from bort.ui.kit.fields import Slots
from bort.ui.machine import form as machine_form
from bort.ui.machine import landmarks as machine_landmarks
from bort.ui.machine import profiles as machine_profiles
from bort.ui.machine import watch as machine_watch

LEAD = (
    "Latency is measured on this machine, with the runtime that you will deploy. A sample of "
    "architectures is timed in turns; a model predicts the rest, and its error is always shown."
)

job_id = address.job()
with frame.page("This machine", lead=LEAD if job_id is None else None) as beside_title:
    # Latencies that are known come first; without any, and while some are measured, they follow.
    is_known = job_id is None and bool(readings.profiles())
    if is_known:
        later.watch()
        with beside_title:
            machine_form.link()
        machine_profiles.show()
    if job_id is None:
        machine_form.heading()
    if not is_known or later.is_due():
        left, right = st.columns([2, 1], gap="large")
        with left:
            if job_id is None:
                machine_form.show(Slots())
            else:
                machine_watch.watch(job_id)
        with right, st.container(border=True):
            machine_watch.facts()
            machine_watch.recent()
        if not is_known:
            machine_profiles.show()
        machine_landmarks.show()
