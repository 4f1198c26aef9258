"""Trained models: their curves, and where they came to lie on the front they were picked from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from bort.figures.objectives import ERROR, LATENCY, SIZE, Objective
from bort.figures.theme import Theme, escape, palette, styled, translucent

LOSS, DEV_ERROR = "loss", "dev_error"
_TITLES = {LOSS: "loss", DEV_ERROR: "dev error"}
_TICKS = {LOSS: "~g", DEV_ERROR: ".1~%"}
_DIGITS = {LOSS: ".4g", DEV_ERROR: ".1%"}
FLAT_BAND = 0.05  # of an axis above and below a dev error that never changes
_DASHES = ("solid", "dash", "dot", "dashdot")
SMOOTHED_FROM = 40  # values; a shorter curve can be read as it is
MEANS_PER_CURVE = 20  # so that a mean spans a twentieth of the curve

Series = Sequence[tuple[int, float | None]]
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """One quantity of one training.

    Attributes:
        task: what it was trained on.
        architecture_id: what was trained.
        stage: "distil", "finetune", "agora1", ..., "plain".
        training: seed and learning rate, in words.
        quantity: `LOSS`, `DEV_ERROR`, or another that the job told.
        points: pairs of step and value, by step.
    """

    task: str
    architecture_id: str
    stage: str
    training: str
    quantity: str
    points: tuple[tuple[int, float], ...]


def curves_of(metrics: Mapping[str, Series]) -> list[Curve]:
    """Read the series of a fine-tuning job; those with other names are left out.

    Args:
        metrics: by name, `TASK/ARCHITECTURE/STAGE-seedS-lrR/QUANTITY`.
    Examples:
        >>> (curve,) = curves_of({"reviews/2-4/distil-seed0-lr0.001/loss": [(1, 0.5)]})
        >>> curve.stage, curve.training
        ('distil', 'seed 0, learning rate 0.001')
    """
    found = []
    for name, series in metrics.items():
        parts = name.rsplit("/", 3)
        stage, _, rest = parts[-2].partition("-seed") if len(parts) == 4 else ("", "", "")
        seed, _, rate = rest.partition("-lr")
        if not rate:
            continue
        training = f"seed {seed}, learning rate {rate}"
        points = tuple((step, value) for step, value in series if value is not None)
        found.append(Curve(parts[0], parts[1], stage, training, parts[3], points))
    return found


def plot_curves(
    curves: Sequence[Curve], quantity: str, *, theme: Theme = "light", height: int = 260
) -> go.Figure:
    """Draw one quantity of several trainings of a stage; they differ in colour and in dashes.

    A loss is told of one batch, and jumps: a long one is drawn faintly, under its running mean.
    """
    colours = palette(theme)
    lines = (colours.front, colours.cover, colours.best, colours.dominated)
    figure = go.Figure()
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
    return styled(figure, theme, height=height)


def _flat(errors: Sequence[float]) -> list[float] | None:
    """The axis of an error that never changes, which would else reach below 0 and above 1."""
    if len(set(errors)) != 1:
        return None
    return [max(0.0, errors[0] - FLAT_BAND), min(1.0, errors[0] + FLAT_BAND)]


def running_mean(values: Sequence[float], width: int) -> list[float]:
    """The mean of each value and its neighbours, `width` in all, fewer at the ends; O(n).

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
        name=escape(curve.training),
        line=line,
    )


@dataclass(frozen=True, slots=True)
class RealisedMark:
    """A trained model on its front.

    Attributes:
        name: of the model.
        architecture_id: what was picked.
        realised: size (millions), latency (ms) and dev error (%), as measured.
        predicted: the same as the search told them; None where it never trained the pick.
        remark: one line for the pointer.
    """

    name: str
    architecture_id: str
    realised: Triple
    predicted: Triple | None
    remark: str


def add_realised(
    figure: go.Figure,
    marks: Sequence[RealisedMark],
    x: Objective,
    y: Objective,
    *,
    theme: Theme = "light",
) -> go.Figure:
    """Draw trained models into a figure of `plot_pair`, each with an arrow from its prediction.

    Arrows are lines whose last mark points: they are right on logarithmic axes too.
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
                "symbol": "diamond",
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
            f"{escape(mark.architecture_id)}, trained properly",
            SIZE.text(size),
            LATENCY.text(latency),
            ERROR.text(error),
            escape(mark.remark),
        ]
    )
