"""Read a study's three-way Pareto front, change the question, pick a point."""

import streamlit as st

from bort.core.question import Question
from bort.storage import StudyRecord
from bort.ui.front import certificate, point_panel, weight_panel
from bort.ui.front import charts as front_charts
from bort.ui.front import study as front_study
from bort.ui.kit import frame, markup, readings

LEAD = (
    "Every trained architecture by size, latency and error. Change ε or the weights and the "
    "stored trainings answer again at once; nothing is trained."
)


def show(study: StudyRecord, asked: Question) -> None:
    answer = readings.answer(study, epsilon=asked.epsilon, weights=asked.weights)
    certificate.show(answer)
    left, right = st.columns([2.1, 1], gap="large")
    with left:
        axes = front_charts.choose_axes()
        front_charts.legend(answer, frame.theme())
        drawn, landmarks = front_charts.choose_latencies(answer)
        front_charts.show(drawn, axes, frame.theme(), landmarks)
        front_charts.show_table(answer)
    with right, st.container(border=True, key="sticky"):
        point_panel.show(answer)
    weight_panel.show(study, answer)


with frame.page("Pareto front", lead=LEAD):
    study, studies = front_study.find()
    if study is not None:
        left, right = st.columns([1, 2.6], gap="large")
        with left:
            front_study.choose(study, studies)
        if study.evaluation_count:
            with right:
                asked = front_study.ask(study)
            show(study, asked)
        else:
            markup.notice("Nothing is trained in this study yet; its front will grow here.")
        front_study.follow(study)
        front_study.offer_deletion(study)
