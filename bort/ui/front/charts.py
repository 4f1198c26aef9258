"""The trained architectures as linked panels and as a table; a click on any picks it everywhere."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import pandas as pd
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
from bort.figures.front import NORMAL_95
from bort.figures.latency import LandmarkMark, add_landmarks
from bort.figures.models import RealisedMark, add_error_lines, add_realised, realised_mark
from bort.finetuning.realised import TrainedModel
from bort.latency.compare import differences_from_here
from bort.latency.stored import named_profile
from bort.report.search import worth
from bort.studies.answers import Point, StudyAnswer, redrawn
from bort.ui.kit import address, chart, markup, navigation, readings
from bort.ui.machine import landmarks as machine_landmarks
from bort.ui.machine import verdict as machine_verdict

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
    gains = [mark.gain for mark in realised if mark.gain is not None]
    markup.note(worth(answer.spec.training.steps, gains))
    if realised:
        markup.note(
            "◆ is a fully trained model; an arrow leads to it from the search's prediction."
        )
    columns = [column for _ in range(2) for column in st.columns(2, gap="medium")]
    for column, (x, y) in zip(columns, PAIRS, strict=False):
        with column:
            figure = plot_pair(info, x, y, theme=theme, log=axes.log, fit_front=axes.fit_front)
            add_landmarks(figure, landmarks, x, y, theme=theme)
            add_error_lines(figure, answer.facts, x, y, theme=theme)
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
        kinds.append(("□", colours.cover, f"in the ε-cover for ε = {answer.epsilon:g}"))
    kinds.append(("★", colours.best, "largest W"))
    kinds.append(
        ("┃", colours.front, "95 % interval of the error and error band of the latency model")
    )
    if answer.facts is not None and answer.facts.baselines:
        kinds.append(("┄", colours.muted, "error of a baseline or the teacher"))
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


_COLUMNS = {
    "kind": st.column_config.TextColumn("kind", width=115),
    "parameters": st.column_config.NumberColumn("parameters", format="localized"),
    "effective": st.column_config.NumberColumn(
        "without embeddings", format="localized", help="Parameters without the embedding layer."
    ),
    "latency_ms": st.column_config.NumberColumn("latency (ms)", format="%.2f"),
    "error": st.column_config.NumberColumn("dev error (%)", format="%.1f"),
    "half": st.column_config.NumberColumn("± 95 % (points)", format="%.1f"),
    "w": st.column_config.NumberColumn("W", format="%.3f"),
}


def show_table(answer: StudyAnswer) -> None:
    """Show one row per trained architecture; selecting one picks it."""
    is_all = st.segmented_control(
        "Rows",
        [False, True],
        default=False,
        format_func=lambda is_all: "all trained" if is_all else "Pareto front",
        key="rows",
        required=True,
    )
    points = answer.points if is_all else answer.front
    ids = [point.id for point in points]

    def picked() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows and rows[0] < len(ids):
            address.choose_pick(ids[rows[0]])

    # Each set of rows needs its own key, because row numbers change their meaning. So does each
    # pick in a chart, which the table then shows as its selection.
    key = f"table:{answer.study}:{is_all}:{len(ids)}:{address.picks_in_charts()}"
    pick = address.pick()
    st.dataframe(
        _frame(points, answer),
        hide_index=True,
        column_config=_COLUMNS,
        on_select=picked,
        selection_mode="single-row",
        selection_default={"selection": {"rows": [ids.index(pick)] if pick in ids else []}},
        key=key,
        height=min(420, 38 + 35 * max(1, len(ids))),
        alt="Trained architectures with parameters, latency, error and W",
    )


def _frame(points: tuple[Point, ...], answer: StudyAnswer) -> pd.DataFrame:
    best = answer.best.id if answer.best else None
    return pd.DataFrame(
        {
            "architecture": [p.id for p in points],
            "kind": [_kind(p, best) for p in points],
            "parameters": [p.parameter_count for p in points],
            "effective": [p.effective_parameter_count for p in points],
            "latency_ms": [p.latency_ms for p in points],
            "error": [100 * p.error_rate for p in points],
            "half": [100 * NORMAL_95 * p.error_se for p in points],
            "w": [p.w for p in points],
        }
        | {name: [p.architecture[name] for p in points] for name in _dimensions(points)}
    )


def _kind(point: Point, best: str | None) -> str:
    front = "front" if point.is_on_front else "dominated"
    marks = [front, "cover" if point.is_in_cover else "", "largest W" if point.id == best else ""]
    return ", ".join(mark for mark in marks if mark)


def _dimensions(points: tuple[Point, ...]) -> list[str]:
    return list(points[0].architecture) if points else []


def choose_latencies(answer: StudyAnswer) -> tuple[StudyAnswer, Sequence[LandmarkMark]]:
    """Show the toggles above the charts, and return what to draw."""
    _say_origin(answer)
    marks = machine_landmarks.marks_for(answer.latency)
    measured = sum(point.latency_measured is not None for point in answer.points)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        is_measured = st.toggle(
            "Measured latencies",
            key="measured-latencies",
            disabled=not measured,
            help="Draw the winners at their measured latency, with the front that follows. The "
            "certificate is about predicted latency.",
        )
        is_marked = st.toggle(
            "Well-known models",
            key="landmarks-on-front",
            disabled=not marks,
            help="BERT-large, Bort and others, timed on this machine with the same runtime and "
            "workload.",
        )
        if not measured or not marks:
            st.page_link(navigation.MACHINE, label="Measure them here", icon=":material/timer:")
    if is_measured and measured:
        markup.note(f"{measured} architectures are drawn at their measured latency.")
        return redrawn(answer), marks if is_marked else ()
    return answer, marks if is_marked else ()


def _say_origin(answer: StudyAnswer) -> None:
    """Say if the study's latencies come from another machine."""
    name = answer.latency.profile
    if name and not answer.latency.is_this_machine:
        machine_verdict.origin(differences_from_here(named_profile(readings.store(), name)))
