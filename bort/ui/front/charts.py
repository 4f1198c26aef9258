"""Three linked charts and a 3D view; a click on any mark picks it everywhere."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from bort.core.errors import InvalidDataError
from bort.figures import (
    ERROR,
    LATENCY,
    OBJECTIVES,
    SIZE,
    Objective,
    Theme,
    front_info,
    palette,
    plot_front_3d,
    plot_pair,
)
from bort.figures.latency import LandmarkMark, add_landmarks
from bort.figures.models import RealisedMark, add_realised, realised_mark
from bort.finetuning.realised import TrainedModel
from bort.studies.answers import StudyAnswer
from bort.ui.kit import address, chart, markup, readings

PAIRS = ((SIZE, LATENCY), (SIZE, ERROR), (LATENCY, ERROR))


@dataclass(frozen=True, slots=True)
class Axes:
    """The state of the toggles above the charts."""

    log: tuple[Objective, ...]
    fit_front: bool


def choose_axes() -> Axes:
    """Show the toggles above the charts."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        names = st.pills(
            "Logarithmic axes",
            [objective.name for objective in OBJECTIVES],
            selection_mode="multi",
            default=[SIZE.name, LATENCY.name],
            key="log-axes",
        )
        fit_front = st.toggle(
            "Fit axes to the front",
            key="fit-front",
            help="Keeps one bad architecture from squeezing all the others into a corner.",
        )
    return Axes(tuple(o for o in OBJECTIVES if o.name in names), fit_front)


def show(
    answer: StudyAnswer, axes: Axes, theme: Theme, landmarks: Sequence[LandmarkMark] = ()
) -> None:
    """Draw the answer, the pick in the address, and well-known models."""
    best = answer.best.id if answer.best else None
    info = front_info(answer.points, best_id=best, pick_id=address.pick())
    realised = _realised_marks(answer)
    if realised:
        markup.note(
            "◆ is a fully trained model; an arrow leads to it from the search's prediction."
        )
    columns = [column for _ in range(2) for column in st.columns(2, gap="medium")]
    for column, (x, y) in zip(columns, PAIRS, strict=False):
        with column:
            figure = plot_pair(info, x, y, theme=theme, log=axes.log, fit_front=axes.fit_front)
            add_landmarks(figure, landmarks, x, y, theme=theme)
            chart.show(
                add_realised(figure, realised, x, y, theme=theme),
                key=f"pair:{x.name}:{y.name}",
                alt=f"{y.title} against {x.title}: {_counted(answer)}. The table lists them all.",
                on_pick=address.choose_pick_in_chart,
            )
    with columns[-1]:
        chart.show(
            plot_front_3d(info, theme=theme, log=axes.log),
            key="space",
            alt=f"Parameters, latency and error in 3D: {_counted(answer)}. Drag to turn.",
            on_pick=address.choose_pick_in_chart,
        )


def legend(answer: StudyAnswer, theme: Theme, *, has_pick: bool = True) -> None:
    """Show the shape and colour of each kind of mark, in a row above the charts."""
    colours = palette(theme)
    kinds = [("●", colours.front, "Pareto front")]
    if len(answer.front) < len(answer.points):
        kinds.append(("✕", colours.dominated, "dominated"))
    if any(point.is_in_cover for point in answer.points):
        kinds.append(("□", colours.cover, "in the ε-cover"))
    kinds.append(("★", colours.best, "largest W"))
    kinds.append(
        ("┃", colours.front, "95 % interval of the error and error band of the latency model")
    )
    if has_pick:
        kinds.append(("◯", colours.text, "your pick"))
    inner = "".join(
        f'<span><b style="color:{colour}">{shape}</b>{name}</span>' for shape, colour, name in kinds
    )
    st.html(f'<div class="bort-legend">{inner}</div>')


def _counted(answer: StudyAnswer) -> str:
    return f"{len(answer.points)} trained architectures, {len(answer.front)} on the Pareto front"


def _realised_marks(answer: StudyAnswer) -> list[RealisedMark]:
    """Return the models trained from this study on its own task; other tasks have other errors."""
    marks = []
    for record in readings.store().models(study=answer.study):
        with suppress(InvalidDataError):  # the page Models says what is wrong
            model = TrainedModel.of(record)
            if model.evidence.data.task_spec.get("task") == answer.spec.task.task:
                marks.append(realised_mark(record.name, model.realised))
    return marks
