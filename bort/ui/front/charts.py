"""The trained architectures as linked panels and as a table; a click on any picks it everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache, partial
from itertools import combinations

import plotly.graph_objects as go
import streamlit as st

from bort.figures import (
    LOOKS,
    WEBGL_FROM,
    FrontInfo,
    Layer,
    Objective,
    Theme,
    axes_of,
    front_info,
    palette,
    plot_front_3d,
    plot_pair,
)
from bort.figures.latency import LandmarkMark, add_landmarks
from bort.figures.models import RealisedMark, add_error_lines, add_realised
from bort.figures.parallel import parallel_info
from bort.figures.rivals import add_rivals, add_rivals_3d, rivals_on_front
from bort.figures.several import add_others, add_others_3d
from bort.report.rivals import axes_sentence
from bort.report.search import worth
from bort.studies.answers import StudyAnswer, TableAnswer
from bort.studies.choosing import Choice
from bort.ui.front import extras
from bort.ui.front.objectives import Answer
from bort.ui.kit import address, chart, markup, parallel
from bort.ui.kit.same import Same

# Two rows of charts fill what the title and the questions leave of the window.
_HEIGHT = "clamp(205px, calc((100vh - 366px) / 2), 420px)"

_TALL = "clamp(420px, calc(100vh - 366px), 840px)"

_MARKDOWN = {
    "dominated": "gray",
    "noise": "blue",
    "front": "blue",
    "cover": "orange",
    "best": "green",
}
_SIGNS = {
    layer: f":{_MARKDOWN[look.colour]}[{look.sign}]"
    for layer, look in LOOKS.items()
    if look.colour in _MARKDOWN
} | {
    Layer.RIVALS: LOOKS[Layer.RIVALS].sign,
    Layer.INTERVALS: ":blue[┃]",
    Layer.BASELINES: ":gray[┄]",
    Layer.TRAINED: ":green[★]",
}


class Shape(StrEnum):
    """The ways to draw the front, as in the address."""

    PANELS = "panels"
    SPACE = "space"
    AXES = "axes"


_SHAPE_NAMES = {Shape.PANELS: "Panels", Shape.SPACE: "3-D", Shape.AXES: "Parallel axes"}
_NOT_DRAWN = {
    Shape.SPACE: (Layer.INTERVALS, Layer.BASELINES, Layer.TRAINED),
    Shape.AXES: (
        Layer.COVER,
        Layer.INTERVALS,
        Layer.BASELINES,
        Layer.RIVALS,
        Layer.TRAINED,
    ),
}


@dataclass(frozen=True, slots=True)
class View:
    """What the reader wants to see, and how."""

    shape: Shape
    log: tuple[Objective, ...]
    fit_front: bool
    hidden: tuple[Layer, ...]
    others: tuple[StudyAnswer, ...] = ()
    trained: tuple[RealisedMark, ...] = ()


def choose_view(answer: Answer) -> tuple[View, Answer, Sequence[LandmarkMark]]:
    """Show the legend, whose entries hide and show, and the settings of the charts.

    Returns:
        The view, the answer to draw, and the well-known models to draw.
    """
    objectives = axes_of(answer)
    trained = extras.realised_marks(answer) if isinstance(answer, StudyAnswer) else ()
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="view"
    ):
        shape = _choose_shape()
        hidden = _choose_layers(answer, shape, has_trained=bool(trained))
        with st.popover("More", icon=":material/tune:", width="content"):
            log = st.pills(
                "Logarithmic axes",
                [objective.name for objective in objectives],
                selection_mode="multi",
                default=[objective.name for objective in objectives[:2]],
                key="log-axes",
            )
            fit_front = st.toggle(
                "Fit axes to the front",
                key="fit-front",
                help="Keeps one bad architecture from squeezing all the others into a corner.",
            )
            drawn: Answer = answer
            landmarks: Sequence[LandmarkMark] = ()
            others: tuple[StudyAnswer, ...] = ()
            if isinstance(answer, StudyAnswer):
                drawn, landmarks = extras.choose_latencies(answer)
                others = extras.choose_others(answer)
    on_log = tuple(o for o in objectives if o.name in log)
    view = View(shape, on_log, fit_front, hidden, others, trained)
    return view, drawn, landmarks


def _choose_shape() -> Shape:
    asked = address.view()
    key = f"shape:{asked}"  # a link wins over an older choice

    def changed() -> None:
        chosen = st.session_state[key]
        address.choose_view(None if chosen is Shape.PANELS else str(chosen))

    return st.segmented_control(
        "View",
        list(Shape),
        default=Shape(asked) if asked in list(Shape) else Shape.PANELS,
        format_func=_SHAPE_NAMES.__getitem__,
        key=key,
        on_change=changed,
        label_visibility="collapsed",
        required=True,
    )


def _choose_layers(answer: Answer, shape: Shape, *, has_trained: bool) -> tuple[Layer, ...]:
    """Show the legend; a click on an entry hides or shows it. The address keeps what is hidden."""
    without = {*_NOT_DRAWN.get(shape, ()), *(() if has_trained else (Layer.TRAINED,))}
    layers = [one for one in _SIGNS if one not in without and _is_there(one, answer)]
    by_name = {layer.name.lower(): layer for layer in layers}
    hidden = [name for name in address.hidden() if name in by_name]

    def changed() -> None:
        shown = st.session_state[key]
        known = [name for name in address.hidden() if name.upper() in Layer.__members__]
        elsewhere = [name for name in known if name not in by_name]  # in other views
        address.hide([*elsewhere, *(name for name in by_name if name not in shown)])

    key = f"legend:{address.table() or address.study()}:{shape}:{len(layers)}"
    wanted = [name for name in by_name if name not in hidden]
    # The address says what is shown. Set in every run: a run that was interrupted has a legend that
    # the browser never got, and a default would then be taken for a click that hides everything.
    st.session_state[key] = wanted
    shown = st.pills(
        "Legend",
        list(by_name),
        selection_mode="multi",
        format_func=lambda name: f"{_SIGNS[by_name[name]]} {by_name[name].value}",
        key=key,
        on_change=changed,
        label_visibility="collapsed",
    )
    return tuple(layer for name, layer in by_name.items() if name not in shown)


def _is_there(layer: Layer, answer: Answer) -> bool:
    match layer:
        case Layer.DOMINATED:
            return len(answer.front) < len(answer.points)
        case Layer.NOISE:
            return _is_there(Layer.DOMINATED, answer) and _is_there(Layer.INTERVALS, answer)
        case Layer.COVER:
            return any(point.is_in_cover for point in answer.points)
        case Layer.BASELINES:
            facts = None if isinstance(answer, TableAnswer) else answer.facts
            return facts is not None and bool(facts.baselines)
        case Layer.RIVALS:
            axes = None if isinstance(answer, TableAnswer) else answer.rival_axes
            return axes is not None and (axes.has_size or axes.texts is not None)
        case Layer.INTERVALS:
            return not isinstance(answer, TableAnswer) or bool(answer.columns.error_se)
        case _:
            return True


def show(
    answer: Answer,
    view: View,
    theme: Theme,
    choice: Choice,
    landmarks: Sequence[LandmarkMark] = (),
) -> None:
    """Draw the answer, the pick in the address, the limits, and well-known models."""
    drawing = Drawing(answer, view, theme, choice, tuple(landmarks))
    match view.shape:
        case Shape.PANELS:
            _show_panels(drawing)
        case Shape.SPACE:
            _show_space(drawing, height=_TALL)
        case Shape.AXES:
            _show_axes(answer, view, theme, choice)
    if isinstance(answer, StudyAnswer):
        extras.say_others(answer, view.others, theme)
        if axes := answer.rival_axes:
            is_text = answer.latency.is_text_to_label
            markup.note(axes_sentence(axes, is_text_to_label=is_text))
        gains = [mark.gain for mark in view.trained if mark.gain is not None]
        markup.note(worth(answer.spec.training.steps, gains))
    if view.shape is Shape.PANELS and any(len(m.ids) > WEBGL_FROM for m in drawing.info.groups):
        markup.note(
            "Where marks lie on each other, one of them is drawn. Zoom in to see the others."
        )
    if view.trained and view.shape is Shape.PANELS and Layer.TRAINED not in view.hidden:
        markup.note(
            "★ is a fully trained model; an arrow leads to it from the search's prediction."
        )


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that the panels are drawn from."""

    answer: Answer
    view: View
    theme: Theme
    choice: Choice
    landmarks: tuple[LandmarkMark, ...]

    @property
    def made_of(self) -> tuple[object, ...]:
        """The same for two drawings that look the same."""
        return (
            Same(self.answer),
            replace(self.view, others=()),
            tuple(Same(other) for other in self.view.others),
            self.theme,
            Same(self.choice),
            self.landmarks,
            address.pick(),
        )

    @property
    def info(self) -> FrontInfo:
        """The marks, the picked one among them."""
        return _info(Same(self.answer), Same(self.choice), address.pick())


@lru_cache(maxsize=8)
def _info(answer: Same[Answer], choice: Same[Choice], pick: str | None) -> FrontInfo:
    best = answer.value.best
    return front_info(
        answer.value.points,
        objectives=axes_of(answer.value),
        best_id=best.name if best else None,
        pick_id=pick,
        faded=choice.value.outside,
        noise=choice.value.within_noise,
    )


def _show_panels(drawing: Drawing) -> None:
    columns = [column for _ in range(2) for column in st.columns(2, gap="small")]
    counted, pairs = _counted(drawing.answer), combinations(axes_of(drawing.answer), 2)
    for column, (x, y) in zip(columns, pairs, strict=False):
        with column:
            chart.show(
                chart.Sketch((*drawing.made_of, x, y), partial(_panel, drawing, x, y)),
                key=f"pair:{x.name}:{y.name}",
                alt=f"{y.title} against {x.title}: {counted}. The table lists them all.",
                on_pick=address.choose_pick_in_chart,
                height=_HEIGHT,
            )
    with columns[-1]:
        _show_space(drawing, height=_HEIGHT)


def _panel(drawing: Drawing, x: Objective, y: Objective) -> go.Figure:
    answer, view, theme, choice = drawing.answer, drawing.view, drawing.theme, drawing.choice
    limits = {o: v for o, v in zip(axes_of(answer), choice.limits, strict=True) if v is not None}
    figure = plot_pair(
        drawing.info,
        x,
        y,
        theme=theme,
        log=view.log,
        fit_front=view.fit_front,
        hidden=view.hidden,
        limits=limits,
    )
    add_landmarks(figure, drawing.landmarks, x, y, theme=theme)
    # A zoom stays while the same things are drawn.
    about = address.table()
    if isinstance(answer, StudyAnswer):
        about = f"{answer.study}, {answer.spec.size.unit}"
    figure.update_layout(uirevision=about)
    if isinstance(answer, StudyAnswer):
        others = extras.marks_of_others(answer, view.others)
        add_others(figure, others, x, y, theme=theme)
        if Layer.BASELINES not in view.hidden:
            add_error_lines(figure, answer.facts, x, y, theme=theme)
        if Layer.RIVALS not in view.hidden:
            add_rivals(figure, rivals_on_front(answer), x, y, theme=theme)
    trained = () if Layer.TRAINED in view.hidden else view.trained
    return add_realised(figure, trained, x, y, theme=theme)


def _show_space(drawing: Drawing, *, height: str) -> None:
    chart.show(
        chart.Sketch(drawing.made_of, partial(_space, drawing)),
        key="space",
        alt=f"Size, latency and error in 3D: {_counted(drawing.answer)}. Drag to turn.",
        on_pick=address.choose_pick_in_chart,
        height=height,
    )


def _space(drawing: Drawing) -> go.Figure:
    answer, view, theme = drawing.answer, drawing.view, drawing.theme
    figure = plot_front_3d(drawing.info, theme=theme, log=view.log, hidden=view.hidden)
    if isinstance(answer, StudyAnswer):
        others = extras.marks_of_others(answer, view.others)
        add_others_3d(figure, others, theme=theme)
        if Layer.RIVALS not in view.hidden:
            add_rivals_3d(figure, rivals_on_front(answer), theme=theme)
    return figure


def _show_axes(answer: Answer, view: View, theme: Theme, choice: Choice) -> None:
    values = choice.options.values
    parallel.show(
        parallel_info(
            answer.points,
            [(objective, values[:, objective.column]) for objective in axes_of(answer)],
            theme=theme,
            log=view.log,
            hidden=view.hidden,
            faded=choice.outside,
            noise=choice.within_noise,
            best_id=answer.best.name if answer.best else None,
            pick_id=address.pick(),
            compared=address.compared(),
        ),
        theme=theme,
        key="axes",
        alt=f"Dimensions and objectives as parallel axes: {_counted(answer)}. Arrow keys move from "
        "line to line, Enter picks.",
        height=_TALL,
        on_pick=address.choose_pick_in_chart,
    )
    if address.compared():
        markup.note("Orange: the architectures side by side.")


def legend(answer: StudyAnswer, theme: Theme) -> None:
    """Show the shape and colour of each kind of mark, in a row above a chart without settings."""
    colours = palette(theme)
    kinds = [
        (look.sign, getattr(colours, look.colour), layer.value)
        for layer, look in LOOKS.items()
        if layer in _SIGNS and layer is not Layer.RIVALS and _is_there(layer, answer)
    ]
    kinds.append(("┃", colours.front, "95% interval of the error, band of the latency model"))
    if _is_there(Layer.BASELINES, answer):
        kinds.append(("┄", colours.muted, "error of a baseline or the teacher"))
    inner = "".join(
        f'<span><b style="color:{colour}">{shape}</b>{name}</span>' for shape, colour, name in kinds
    )
    st.html(f'<div class="bort-legend">{inner}</div>')


def _counted(answer: Answer) -> str:
    what = "rows" if isinstance(answer, TableAnswer) else "trained architectures"
    return f"{len(answer.points)} {what}, {len(answer.front)} on the Pareto front"
