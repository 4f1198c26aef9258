"""Read a study's three-way Pareto front, ask it again, pick a point."""

import streamlit as st

from bort.ui import (
    certificate,
    frame,
    front_charts,
    front_table,
    markup,
    point_panel,
    question,
    readings,
    study_choice,
)

LEAD = (
    "Every trained architecture by size, latency and error. Change ε or the weights and the "
    "stored trainings answer again at once; nothing is trained."
)

with frame.page("Pareto front", lead=LEAD):
    study_column, question_column = st.columns([1, 2.6], gap="large")
    with study_column:
        study = study_choice.choose()
    if study is not None and not study.evaluation_count:
        markup.notice("Nothing is trained in this study yet; its front grows here as it is.")
    elif study is not None:
        with question_column:
            asked = question.ask(study)
        answer = readings.answer(study, epsilon=asked.epsilon, weights=asked.weights)
        certificate.show(answer)
        left, right = st.columns([2.1, 1], gap="large")
        with left:
            axes = front_charts.choose_axes()
            front_charts.legend(frame.theme())
            front_charts.show(answer, axes, frame.theme())
            front_table.show(answer)
        with right, st.container(border=True, key="sticky"):
            point_panel.show(answer)
