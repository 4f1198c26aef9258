"""Figures of trained models: their curves, and their positions on their study's front."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from bort.core.baseline import Method, OracleFacts
from bort.core.errors import InvalidArchitectureError
from bort.families import SearchSpace
from bort.families.sizes import sizes_of
from bort.figures.objectives import ERROR, LATENCY, SIZE, Objective, objectives_of
from bort.figures.theme import Theme, blank, escape, palette, translucent
from bort.finetuning.realised import Accuracy, Realised, TrainedModel
from bort.finetuning.stages import DEV_ERROR, LOSS, Curve
from bort.report.baselines import SHORT_NAMES
from bort.report.models import training_label
from bort.studies.answers import StudyAnswer

_TITLES = {LOSS: "loss", DEV_ERROR: "dev error"}
_TICKS = {LOSS: "~g", DEV_ERROR: ".1~%"}
_DIGITS = {LOSS: ".4g", DEV_ERROR: ".1%"}
FLAT_BAND = 0.05  # of an axis above and below a dev error that never changes
_DASHES = ("solid", "dash", "dot", "dashdot")
SMOOTHED_FROM = 40  # values; a shorter curve is readable without smoothing
MEANS_PER_CURVE = 20  # so that a mean spans a twentieth of the curve

Triple = tuple[float, float, float]


def plot_curves(
    curves: Sequence[Curve], quantity: str, *, theme: Theme = "light", height: int = 260
) -> go.Figure:
    """Draw one quantity of several trainings of a stage, in different colours and dashes.

    The loss of single batches jumps, so a long curve is drawn faintly under its running mean.
    """
    colours = palette(theme)
    lines = (colours.front, colours.cover, colours.best, colours.dominated)
    figure = blank(theme, height=height)
    drawn = [curve for curve in curves if curve.quantity == quantity]
    for number, curve in enumerate(drawn):
        colour = lines[number % len(lines)]
        dash = _DASHES[number // len(lines) % len(_DASHES)]
        values = [value for _, value in curve.points]
        is_long = quantity == LOSS and len(values) >= SMOOTHED_FROM
        if is_long:
            faint = {"color": translucent(colour, 0.3), "width": 1}
            figure.add_trace(_line(curve, values, faint).update(hoverinfo="skip", showlegend=False))
            values = running_mean(values, len(values) // MEANS_PER_CURVE)
        trace = _line(curve, values, {"color": colour, "dash": dash, "width": 2})
        what = f"{_TITLES[quantity]}, running mean" if is_long else _TITLES[quantity]
        trace.hovertemplate = f"step %{{x}}<br>{what} %{{y:{_DIGITS[quantity]}}}"
        figure.add_trace(trace)
    figure.update_xaxes(title_text="step", tickformat="~s")
    figure.update_yaxes(title_text=f"← better   {_TITLES[quantity]}", tickformat=_TICKS[quantity])
    if quantity == DEV_ERROR and (flat := _flat([value for c in drawn for _, value in c.points])):
        figure.update_yaxes(range=flat)
    figure.update_layout(
        showlegend=len(drawn) > 1,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
    )
    return figure


def _flat(errors: Sequence[float]) -> list[float] | None:
    """The axis range for an error that never changes; plotly's would go below 0 or above 1."""
    if len(set(errors)) != 1:
        return None
    return [max(0.0, errors[0] - FLAT_BAND), min(1.0, errors[0] + FLAT_BAND)]


def running_mean(values: Sequence[float], width: int) -> list[float]:
    """The mean of each value and its neighbours: `width` values, fewer at the ends. O(n).

    Examples:
        >>> running_mean([1.0, 3.0, 5.0, 1.0], 3)
        [2.0, 3.0, 3.0, 3.0]
    """
    total = np.concatenate([[0.0], np.cumsum(values)])
    place = np.arange(len(values))
    first = np.maximum(place - (width - 1) // 2, 0)
    last = np.minimum(place + width // 2 + 1, len(values))
    means: list[float] = ((total[last] - total[first]) / (last - first)).tolist()
    return means


def _line(curve: Curve, values: Sequence[float], line: Mapping[str, object]) -> go.Scatter:
    return go.Scatter(
        x=[step for step, _ in curve.points],
        y=list(values),
        mode="lines" if len(curve.points) > 1 else "markers",
        name=escape(training_label(curve)),
        line=line,
    )


@dataclass(frozen=True, slots=True)
class RealisedMark:
    """A trained model on its front.

    Attributes:
        realised: size (as the axis has it), measured latency (ms) and dev error (%).
        predicted: the same as the search predicted them; None if it never trained the pick.
        audit: accuracy on audit.
        unit: the axis of the size.
    """

    name: str
    architecture_id: str
    realised: Triple
    predicted: Triple | None
    audit: Accuracy
    unit: Objective = SIZE

    @property
    def gain(self) -> float | None:
        """How many points less dev error it has than after its short training, if it had one."""
        return None if self.predicted is None else self.predicted[2] - self.realised[2]


def realised_mark(
    name: str, model: Realised, *, size: float | None = None, unit: Objective = SIZE
) -> RealisedMark:
    """The mark of the model called `name`.

    Args:
        size: in parameters or bytes; None means its number of parameters.
        unit: the axis of the size.
    """
    size = (model.parameter_count if size is None else size) / 1e6
    before = model.predicted
    return RealisedMark(
        name,
        model.architecture_id,
        (size, model.latency_ms, 100 * (1 - model.dev.accuracy)),
        None if before is None else (size, before.latency_ms, 100 * before.error_rate),
        model.audit,
        unit,
    )


def mark_on_front(answer: StudyAnswer, model: TrainedModel) -> RealisedMark | None:
    """The mark of a model among the points of the search that it was picked from.

    None if they cannot be compared: it was trained on another task, or is timed in another way.
    """
    # A profile that a study names may have texts; trained models have them only if it asks for it.
    if answer.latency.is_text_to_label != answer.spec.latency.text_to_label:
        return None
    if model.evidence.data.task_spec.get("task") != answer.spec.task.task:
        return None
    space = SearchSpace.from_dict(answer.spec.space)
    try:
        index = space.index(space.named(model.realised.architecture_id))
    except InvalidArchitectureError:
        return None
    size = float(sizes_of(space, answer.spec.size)[index])
    unit = objectives_of(answer.spec.size.unit)[0]
    return realised_mark(model.record.name, model.realised, size=size, unit=unit)


def add_realised(
    figure: go.Figure,
    marks: Sequence[RealisedMark],
    x: Objective,
    y: Objective,
    *,
    theme: Theme = "light",
) -> go.Figure:
    """Draw trained models into a figure of `plot_pair`, each with an arrow from its prediction.

    An arrow is a line that ends with an arrowhead as its marker, so it is right on logarithmic
    axes too.
    """
    if not marks:
        return figure
    colours = palette(theme)
    for mark in marks:
        if mark.predicted is None or mark.predicted == mark.realised:
            continue
        ends = (mark.predicted, mark.realised)
        figure.add_trace(
            go.Scatter(
                x=[end[x.column] for end in ends],
                y=[end[y.column] for end in ends],
                mode="lines+markers",
                name="predicted to realised",
                line={"color": colours.text, "width": 1.5},
                marker={
                    "symbol": ["circle", "arrow"],
                    "angleref": "previous",
                    "standoff": [0, 6],
                    "size": [3, 11],
                    "color": colours.text,
                },
                hoverinfo="skip",
            )
        )
    figure.add_trace(
        go.Scatter(
            x=[mark.realised[x.column] for mark in marks],
            y=[mark.realised[y.column] for mark in marks],
            mode="markers",
            name="realised",
            customdata=[mark.architecture_id for mark in marks],
            marker={
                "symbol": "star",
                "size": 12,
                "color": colours.best,
                "line": {"width": 1.5, "color": colours.text},
            },
            hovertext=[_hover(mark) for mark in marks],
            hoverinfo="text",
        )
    )
    return figure


def _hover(mark: RealisedMark) -> str:
    size, latency, error = mark.realised
    return "<br>".join(
        [
            f"<b>{escape(mark.name)}</b>",
            f"{escape(mark.architecture_id)}, fully trained",
            mark.unit.text(size),
            LATENCY.text(latency),
            ERROR.text(error),
            f"audit accuracy {mark.audit.accuracy:.1%} "
            f"({mark.audit.low:.1%} to {mark.audit.high:.1%})",
        ]
    )


TEACHER = "teacher"
CLOSE = 0.04  # errors of lines whose names would be crossed by the line above


def add_error_lines(
    figure: go.Figure, facts: OracleFacts | None, x: Objective, y: Objective, *, theme: Theme
) -> go.Figure:
    """Draw the dev errors of baselines and teacher into a figure of `plot_pair`, and return it.

    A figure without the error stays as it is. The most frequent class is left out, because its
    error would squeeze all others into a corner.
    """
    if facts is None or ERROR not in (x, y):
        return figure
    colours = palette(theme)
    errors = {
        SHORT_NAMES[one.methods[0]]: one.error_rate
        for one in facts.baselines
        if one.methods != (Method.MAJORITY,)
    }
    if facts.teacher_dev_error is not None:
        errors[TEACHER] = facts.teacher_dev_error
    for name, error in errors.items():
        line = {"width": 1, "dash": "dash", "color": colours.muted}
        # Fast and small architectures crowd where the lines of the baselines start.
        is_start = name == TEACHER
        is_below = any(0 < other - error < CLOSE for other in errors.values())
        text = {
            "text": f"\u2002{name}",  # whose first letter the axis would hide
            "font": {"size": 10, "color": colours.muted},
            "textposition": "start" if is_start else "end",
            "yanchor": "top" if is_below else "bottom",
        }
        value = 100 * error
        across = {"y0": value, "y1": value, "x0": 0, "x1": 1, "xref": "x domain", "yref": "y"}
        along = {"x0": value, "x1": value, "y0": 0, "y1": 1, "xref": "x", "yref": "y domain"}
        ends = across if y is ERROR else along
        figure.add_shape(type="line", line=line, layer="below", **ends)
        # A name below would be cut by the lines of the grid.
        figure.add_shape(type="line", line={"width": 0}, label=text, layer="above", **ends)
    return figure
