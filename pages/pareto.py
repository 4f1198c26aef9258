"""Show a study's Pareto front, change the question, set limits, pick a point."""

import streamlit as st

from bort.storage import StudyRecord
from bort.studies.choosing import choose
from bort.ui.front import certificate, point_panel, side_by_side, weight_panel
from bort.ui.front import charts as front_charts
from bort.ui.front import choice as front_choice
from bort.ui.front import study as front_study
from bort.ui.front import table as front_table
from bort.ui.kit import frame, markup, readings


def show(study: StudyRecord) -> None:
    unit, summary = study.spec.size.unit, st.container()
    with st.container(key="question"):
        places = st.columns([1.5, 1, 1, 1, 1, 1.15, 1], gap="medium")
        asked = front_study.ask(study, places[:4])
        limits = front_choice.ask_limits(study.name, unit, places[4:])
    answer = readings.answer(study, epsilon=asked.epsilon, weights=asked.weights)
    with summary:
        certificate.show(answer)
    said = st.container()
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        point_panel.strip(answer)
        view, drawn, landmarks = front_charts.choose_view(answer)
        choice = choose(drawn.points, limits, unit)
        front_charts.show(drawn, view, frame.theme(), choice, landmarks)
        side_by_side.show(drawn, choice)
        front_table.show(answer)
    with said:
        front_choice.say(choice)
    with right, st.container(border=True, key="sticky"):
        front_choice.suggest(choice)
        point_panel.show(answer, choice)
    weight_panel.show(study, answer)


with frame.page("Pareto front") as beside_title:
    study, studies = front_study.find()
    if study is not None:
        with beside_title:
            front_study.choose(study, studies)
        if study.evaluation_count:
            show(study)
        else:
            markup.notice("This study has not trained anything yet. Its front will grow here.")
        front_study.follow(study)
        front_study.offer_deletion(study)
