"""Show the Pareto front of a study or of somebody's table, change the question, pick a point."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from bort.core.question import Question
from bort.storage import StudyRecord
from bort.studies.answers import StudyAnswer, TableAnswer
from bort.studies.choosing import Unit, choose
from bort.ui.front import certificate, own_table, point_panel, rows, side_by_side, weight_panel
from bort.ui.front import charts as front_charts
from bort.ui.front import choice as front_choice
from bort.ui.front import study as front_study
from bort.ui.front import table as front_table
from bort.ui.front.own_table import OwnTable
from bort.ui.kit import address, frame, markup, readings

Answer = StudyAnswer | TableAnswer


def show(
    name: str,
    question: Question,
    unit: Unit,
    read: Callable[[Question], Answer],
    regions: weight_panel.Regions,
    own: OwnTable | None = None,
) -> None:
    """Show one front: what is known, the question, the charts, and help to choose."""
    summary = st.container()
    with st.container(key="question"):
        places = st.columns([1.5, 1, 1, 1, 1, 1.15, 1], gap="medium")
        asked = front_study.ask(name, question, places[:4])
        limits = front_choice.ask_limits(name, unit, places[4:])
    answer = read(asked)
    with summary:
        if isinstance(answer, StudyAnswer):
            certificate.show(answer)
        elif own is not None:
            rows.claim(answer, own.source, own.path)
    said = st.container()
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        point_panel.strip(answer)
        view, drawn, landmarks = front_charts.choose_view(answer)
        choice = choose(drawn.points, limits, front_charts.unit_of(answer))
        front_charts.show(drawn, view, frame.theme(), choice, landmarks)
        side_by_side.show(drawn, choice)
        front_table.show(answer)
    with said:
        front_choice.say(choice)
    with right, st.container(border=True, key="sticky"):
        front_choice.suggest(choice)
        point_panel.show(answer, choice, own)
    weight_panel.show(answer, regions)


def show_study(study: StudyRecord) -> None:
    """Show the front of a study."""

    def read(asked: Question) -> StudyAnswer:
        return readings.answer(study, epsilon=asked.epsilon, weights=asked.weights)

    question, unit = study.spec.search.question, study.spec.size.unit
    show(study.name, question, unit, read, partial(readings.winning_weights, study))


def show_table(own: OwnTable) -> None:
    """Show the front of somebody's table."""
    show(
        own.source.sha256,
        Question(),
        readings.columns(own.source),
        partial(readings.table_answer, own.path, own.source),
        partial(readings.table_regions, own.path, own.source),
        own,
    )


with frame.page("Pareto front") as beside_title:
    if address.table() is not None:
        own = own_table.find()
        if own is not None:
            with beside_title:
                own_table.head(own)
            show_table(own)
    else:
        study, studies = front_study.find()
        with beside_title:
            front_study.choose(study, studies)
        if study is not None:
            if study.evaluation_count:
                show_study(study)
            else:
                markup.notice("This study has not trained anything yet. Its front will grow here.")
            front_study.follow(study)
            front_study.offer_deletion(study)
