"""Well-known models on a drawing of a front: marks where both axes know them, lines elsewhere."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from bort.figures.objectives import ERROR, LATENCY, SIZE, Objective
from bort.figures.theme import Theme, escape, palette


@dataclass(frozen=True, slots=True)
class LandmarkMark:
    """A well-known model: its size in millions of parameters, its latency under this workload."""

    name: str
    size: float
    latency_ms: float

    def value(self, objective: Objective) -> float | None:
        """On an axis; None on the error's, which nobody measured for it on this task."""
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

    With size against latency each is a named diamond. Beside the error, of which nothing is known,
    each is a dotted line at its size or latency.
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
        value = mark.size if known is SIZE else mark.latency_ms
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
    """Where an annotation must be put: plotly counts in powers of ten on a logarithmic axis."""
    return math.log10(value) if axis.type == "log" else value
