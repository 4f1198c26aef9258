"""Watch a model being trained; compare, try and download trained ones."""

import streamlit as st

from bort.ui.kit import address, frame, later, readings
from bort.ui.models import panel as model_panel
from bort.ui.models import watch as model_watch

LEAD = "Each trained model is evaluated on texts that played no part in any choice."

job_id = address.job()
with frame.page("Models", lead=LEAD if job_id is None else None) as beside_title:
    if job_id is None:
        later.watch()
    if job_id is not None:
        model_watch.watch(job_id)
    models = readings.store().models()
    if models:
        model_panel.show(models, beside_title)
    elif job_id is None:
        model_panel.nothing_yet(is_training=model_watch.is_any_active())
    with st.container():
        model_watch.recent()
