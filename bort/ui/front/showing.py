"""One front: what is known, the question, the charts, and help to choose."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from bort.core.question import Question
from bort.storage import StudyRecord
from bort.studies.answers import StudyAnswer, counted_in
from bort.studies.commands import front_command, table_front_command
from bort.ui.front import (
    certificate,
    point_panel,
    reporting,
    rows,
    side_by_side,
    weight_panel,
)
from bort.ui.front import charts as front_charts
from bort.ui.front import choice as front_choice
from bort.ui.front import study as front_study
from bort.ui.front import table as front_table
from bort.ui.front.objectives import Answer, unit_of
from bort.ui.front.own_table import OwnTable
from bort.ui.kit import frame, later, markup, readings
from bort.ui.models import rivals as model_rivals


def _show(
    name: str,
    question: Question,
    read: Callable[[Question], Answer],
    regions: weight_panel.Regions,
    command: Callable[[Question], str],
    own: OwnTable | None = None,
) -> None:
    """Show one front: what is known, the question, the charts, and help to choose."""
    later.watch()
    summary, said = st.container(), st.container(key="said")
    with st.container(key="question"):
        places = st.columns([1.5, 1, 1, 1, 1, 1.15, 1], gap="medium")
        asked = front_study.ask(name, question, places[:4])
        answer = read(asked)
        if not answer.points:
            markup.notice("No architecture is trained to the end yet. The front will grow here.")
            return
        limits = front_choice.ask_limits(name, answer, places[4:])
    with summary:
        if isinstance(answer, StudyAnswer):
            certificate.show(answer)
        elif own is not None:
            rows.claim(answer, own.source, own.path)
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        top = st.container()
        view, drawn, landmarks = front_charts.choose_view(answer)
        choice = readings.choice(drawn.points, limits, unit_of(answer))
        with top:
            point_panel.strip(drawn)
        front_charts.show(drawn, view, frame.theme(), choice, landmarks)
        side_by_side.show(drawn, choice)
        if later.is_due():
            front_table.show(drawn, choice)
            reporting.offer(
                drawn, choice, title=own.path.name if own else name, commands=[command(asked)]
            )
    with said:
        front_choice.say(choice)
    with right, st.container(border=True, key="sticky"):
        markup.target()
        front_choice.suggest(choice)
        point_panel.show(drawn, choice, own)
    weight_panel.show(answer, regions)
    if isinstance(answer, StudyAnswer) and later.is_due():
        model_rivals.show(answer.spec.task, answer.spec.training, answer.rivals)


def show_study(study: StudyRecord) -> None:
    """Show the front of a study, with its sizes in the unit that the reader chose."""
    size = front_study.size_asked(study)
    study = counted_in(study, size)

    def read(asked: Question) -> StudyAnswer:
        return readings.answer(study, epsilon=asked.epsilon, weights=asked.weights)

    def command(asked: Question) -> str:
        return front_command(study.name, epsilon=asked.epsilon, weights=asked.weights, size=size)

    _show(
        study.name,
        study.spec.search.question,
        read,
        partial(readings.winning_weights, study),
        command,
    )


def show_table(own: OwnTable) -> None:
    """Show the front of somebody's table."""

    def command(asked: Question) -> str:
        return table_front_command(
            Path(own.path.name), own.source, epsilon=asked.epsilon, weights=asked.weights
        )

    _show(
        own.source.sha256,
        Question(),
        partial(readings.table_answer, own.path, own.source),
        partial(readings.table_regions, own.path, own.source),
        command,
        own,
    )
