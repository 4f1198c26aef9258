"""Latency figures: predicted against measured, two profiles, landmarks on a front."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from bort.figures.objectives import ERROR, LATENCY, SIZE, Objective
from bort.figures.theme import Theme, blank, escape, palette
from bort.report.numbers import milliseconds, milliseconds_range

if TYPE_CHECKING:
    from bort.latency.compare import Pair
    from bort.latency.profile import LatencyProfile

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TimedMark:
    """One architecture of a profile: measured and predicted.

    Attributes:
        low_ms, high_ms: the 95% interval of the measured median.
        fitted: whether the model was fitted on it.
    """

    id: str
    predicted_ms: float
    measured_ms: float
    low_ms: float
    high_ms: float
    fitted: bool

    @property
    def error_percent(self) -> float:
        """(predicted - measured) / measured, in percent."""
        return 100 * (self.predicted_ms / self.measured_ms - 1)


def timed_marks(profile: "LatencyProfile") -> list[TimedMark]:
    """Pair each measured latency of a profile with its prediction.

    Empty if the profile has only a model, or if the family is not known here.
    """
    predicted = profile.predicted_ms()
    if predicted is None:
        return []
    return [
        TimedMark(
            one.id,
            float(ms),
            one.latency.median_ms,
            one.latency.low_ms,
            one.latency.high_ms,
            one.fitted,
        )
        for one, ms in zip(profile.measurements, predicted, strict=True)
    ]


def plot_predicted(
    marks: Sequence[TimedMark], *, band: float, theme: Theme = "light", height: int = 420
) -> go.Figure:
    """Draw predicted against measured milliseconds, with the model's band around equality.

    Args:
        band: ±m of measured over predicted, drawn as a shaded area.
    """
    colours = palette(theme)
    figure = blank(theme, height=height)
    ends = _ends([m.measured_ms for m in marks] + [m.predicted_ms for m in marks])
    # Measured over predicted is within 1 ± band.
    for name, factor in (("lower", 1 / (1 + band)), ("upper", 1 / max(1 - band, 1e-3))):
        figure.add_trace(
            go.Scatter(
                x=ends,
                y=[factor * end for end in ends],
                mode="lines",
                line={"width": 0},
                fill="tonexty" if name == "upper" else None,
                fillcolor=colours.grid,
                hoverinfo="skip",
                showlegend=False,
            )
        )
    figure.add_trace(_diagonal(ends, colours.muted))
    for fitted, name, colour, symbol in (
        (True, "fitted on", colours.dominated, "x-thin-open"),
        (False, "held out", colours.front, "circle"),
    ):
        chosen = [mark for mark in marks if mark.fitted is fitted]
        if chosen:
            figure.add_trace(_timed_trace(chosen, name, colour, symbol))
    _milliseconds(figure, "measured (ms)", "predicted (ms)")
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    return figure


def plot_profiles(
    marks: Sequence["Pair"], *, a: str, b: str, theme: Theme = "light", height: int = 420
) -> go.Figure:
    """Draw the latencies of the same architectures in two profiles, `a` and `b`."""
    colours = palette(theme)
    figure = blank(theme, height=height)
    if marks:
        ends = _ends([m.a_ms for m in marks] + [m.b_ms for m in marks])
        figure.add_trace(_diagonal(ends, colours.muted))
    for distinct, name, colour, symbol in (
        (True, "apart", colours.front, "circle"),
        (False, "within the noise", colours.dominated, "circle-open"),
    ):
        chosen = [mark for mark in marks if mark.distinguishable is distinct]
        if chosen:
            figure.add_trace(
                go.Scatter(
                    x=[m.a_ms for m in chosen],
                    y=[m.b_ms for m in chosen],
                    customdata=[m.id for m in chosen],
                    mode="markers",
                    name=name,
                    marker={"color": colour, "size": 9, "symbol": symbol},
                    hovertext=[
                        f"<b>{escape(m.id)}</b><br>{milliseconds(m.a_ms)} ms and "
                        f"{milliseconds(m.b_ms)} ms<br>ratio {m.b_ms / m.a_ms:.2f}"
                        for m in chosen
                    ],
                    hoverinfo="text",
                )
            )
    _milliseconds(figure, f"{escape(a)} (ms)", f"{escape(b)} (ms)")
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    return figure


def _timed_trace(marks: Sequence[TimedMark], name: str, colour: str, symbol: str) -> go.Scatter:
    return go.Scatter(
        x=[m.measured_ms for m in marks],
        y=[m.predicted_ms for m in marks],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [m.high_ms - m.measured_ms for m in marks],
            "arrayminus": [m.measured_ms - m.low_ms for m in marks],
            "thickness": 1,
            "width": 0,
        },
        customdata=[m.id for m in marks],
        mode="markers",
        name=name,
        marker={"color": colour, "size": 8, "symbol": symbol, "line": {"width": 1.5}},
        hovertext=[
            f"<b>{escape(m.id)}</b><br>measured {milliseconds(m.measured_ms)} ms "
            f"({milliseconds_range(m.low_ms, m.high_ms)})<br>predicted "
            f"{milliseconds(m.predicted_ms)} ms, {m.error_percent:+.1f}%<br>{name}"
            for m in marks
        ],
        hoverinfo="text",
    )


def _diagonal(ends: Sequence[float], colour: str) -> go.Scatter:
    return go.Scatter(
        x=list(ends),
        y=list(ends),
        mode="lines",
        line={"width": 1, "dash": "dash", "color": colour},
        hoverinfo="skip",
        showlegend=False,
    )


def _ends(values: Sequence[float]) -> list[float]:
    """The ends of an axis, a little beyond the smallest and largest value."""
    positive = [value for value in values if value > 0] or [1.0]
    return [0.85 * min(positive), 1.15 * max(positive)]


def _milliseconds(figure: go.Figure, x: str, y: str) -> None:
    figure.update_xaxes(type="log", title_text=x, tickformat="~g", dtick="D2")
    figure.update_yaxes(type="log", title_text=y, tickformat="~g", dtick="D2")


@dataclass(frozen=True, slots=True)
class LandmarkMark:
    """A well-known model: its size in millions of parameters, its latency under this workload."""

    name: str
    size: float
    latency_ms: float

    def value(self, objective: Objective) -> float | None:
        """The value on an axis; None for the error, which was not measured on this task."""
        return {SIZE.column: self.size, LATENCY.column: self.latency_ms}.get(objective.column)


def add_landmarks(
    figure: go.Figure,
    landmarks: Sequence[LandmarkMark],
    x: Objective,
    y: Objective,
    *,
    theme: Theme = "light",
) -> go.Figure:
    """Draw landmarks into a figure of `plot_pair`, and return it.

    With size against latency, each is a named diamond. If an axis shows the error, which is unknown
    for them, each is a dotted line at its size or latency.
    """
    colours = palette(theme)
    if not landmarks:
        return figure
    if ERROR not in (x, y):
        figure.add_trace(
            go.Scatter(
                x=[mark.value(x) for mark in landmarks],
                y=[mark.value(y) for mark in landmarks],
                mode="markers+text",
                name="landmarks",
                text=[escape(mark.name) for mark in landmarks],
                textposition="top center",
                textfont={"size": 11, "color": colours.muted},
                marker={"symbol": "diamond-open", "size": 11, "color": colours.text},
                hovertext=[
                    f"<b>{escape(mark.name)}</b><br>{SIZE.text(mark.size)}"
                    f"<br>{LATENCY.text(mark.latency_ms)}<br>random weights, this machine"
                    for mark in landmarks
                ],
                hoverinfo="text",
            )
        )
        return figure
    for mark in landmarks:
        known = x if y is ERROR else y
        value = mark.size if known.column == SIZE.column else mark.latency_ms
        line = {"width": 1, "dash": "dot", "color": colours.muted}
        text = {"text": escape(mark.name), "font": {"size": 10, "color": colours.muted}}
        if known is x:
            figure.add_vline(value, line=line)
            figure.add_annotation(
                x=_on_axis(value, figure.layout.xaxis), y=1, yref="paper", yanchor="top",
                textangle=-90, showarrow=False, **text,
            )  # fmt: skip
        else:
            figure.add_hline(value, line=line)
            figure.add_annotation(
                y=_on_axis(value, figure.layout.yaxis), x=1, xref="paper", xanchor="right",
                yanchor="bottom", showarrow=False, **text,
            )  # fmt: skip
    return figure


def _on_axis(value: float, axis: Any) -> float:
    """The coordinate for an annotation; plotly uses powers of ten on a logarithmic axis."""
    return math.log10(value) if axis.type == "log" else value
