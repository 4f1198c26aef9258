"""Figures of a model's mistakes: confusion matrix and reliability diagram."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from bort.figures.theme import Theme, blank, escape, legible, mixed, palette
from bort.finetuning.calibration import Calibration
from bort.finetuning.mistakes import Confusion
from bort.training.metrics import wilson

MOST_CLASSES = 10  # whose names and counts are legible in a matrix
NAME_CHARACTERS = 16


def plot_confusion(
    confusion: Confusion, names: Sequence[str], *, theme: Theme = "light", height: int = 300
) -> go.Figure:
    """Draw the confusion matrix: counts, coloured by their share of the true class.

    For at most `MOST_CLASSES` classes; with more, a table of pairs says more.
    """
    counts = confusion.matrix(len(names))
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    short = [_short(name) for name in names]
    places = list(range(len(names)))
    colours = palette(theme)
    none = mixed(colours.front, colours.background, 0.04)
    figure = blank(theme, height=height)
    figure.add_trace(
        go.Heatmap(
            z=shares,
            x=places,
            y=places,
            hovertext=[
                [
                    f"{escape(names[i])}, answered with {escape(names[j])}:<br>{counts[i, j]:,} of "
                    f"{totals[i, 0]:,} texts ({shares[i, j]:.1%})"
                    for j in places
                ]
                for i in places
            ],
            hoverinfo="text",
            zmin=0,
            zmax=1,
            colorscale=[[0, none], [1, colours.front]],
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    # The heatmap's own text is grey on some colours of its middle.
    figure.add_trace(
        go.Scatter(
            x=[j for _ in places for j in places],
            y=[i for i in places for _ in places],
            text=[f"{count:,}" for count in counts.ravel().tolist()],
            textfont={
                "color": [legible(mixed(colours.front, none, share)) for share in shares.ravel()]
            },
            mode="text",
            hoverinfo="skip",
            showlegend=False,
        )
    )
    ticks = {"tickvals": places, "ticktext": short, "showgrid": False, "ticks": ""}
    figure.update_xaxes(**ticks, title={"text": "answer"})
    figure.update_yaxes(**ticks, title={"text": "class"}, autorange="reversed")
    return figure


def _short(name: str) -> str:
    return escape(name if len(name) <= NAME_CHARACTERS else f"{name[: NAME_CHARACTERS - 1]}…")


def plot_calibration(
    calibration: Calibration, *, theme: Theme = "light", height: int = 300
) -> go.Figure:
    """Draw the reliability diagram: accuracy with its 95% interval against the mean score."""
    colours = palette(theme)
    bins = calibration.bins
    scores, shares = ([100 * one.score for one in bins], [100 * one.accuracy for one in bins])
    ends = [wilson(one.accuracy, one.n) for one in bins]
    lows, highs = ([100 * low for low, _ in ends], [100 * high for _, high in ends])
    start = 10 * (int(min([*scores, *lows])) // 10)
    figure = blank(theme, height=height)
    figure.add_trace(
        go.Scatter(
            x=[start, 100],
            y=[start, 100],
            mode="lines",
            name="perfect calibration",
            line={"color": colours.muted, "width": 1, "dash": "dash"},
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=scores,
            y=shares,
            mode="lines+markers",
            name="this model",
            line={"color": colours.front, "width": 1.5},
            marker={"size": 7, "color": colours.front},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": np.subtract(highs, shares),
                "arrayminus": np.subtract(shares, lows),
                "thickness": 1.2,
                "width": 3,
            },
            hovertext=[
                f"mean score {one.score:.1%}<br>right: {one.right:,} of {one.n:,} "
                f"({one.accuracy:.1%})"
                for one in bins
            ],
            hoverinfo="text",
        )
    )
    legend = {"x": 0.02, "y": 0.98, "bgcolor": "rgba(0,0,0,0)"}
    figure.update_layout(legend=legend)
    figure.update_xaxes(title={"text": "score of the answer (%)"}, range=[start, 101])
    figure.update_yaxes(title={"text": "right answers (%)"}, range=[start, 101])
    return figure
