"""Agora's rounds as curves, bars and a map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from bort.figures.theme import Palette, Theme, escape, palette, styled, translucent

Row = Mapping[str, Any]
"""A round as `bort agora run --json` shows it."""


@dataclass(frozen=True, slots=True)
class MapMark:
    """One thing on the map.

    Attributes:
        x, y: its place.
        group: one of `MAP_GROUPS`.
        text: what it is, shown as text.
        pick: what a click on it gives; None is not to be picked.
    """

    x: float
    y: float
    group: str
    text: str
    pick: str | None = None


DEV, WRONG, ACCEPTED, REFUSED = "dev, right", "dev, wrong", "accepted", "refused"
MAP_GROUPS = (DEV, REFUSED, ACCEPTED, WRONG)  # drawn in this order


def plot_errors(rows: Sequence[Row], *, theme: Theme = "light", height: int = 300) -> go.Figure:
    """Dev and audit error of each round, each within its 95 % interval."""
    colours = palette(theme)
    figure = go.Figure()
    _curve(figure, rows, "dev", "dev, seen by Agora", colours.cover, "dash")
    _curve(figure, rows, "audit", "audit, never seen", colours.front, "solid")
    figure.update_xaxes(title_text="round", tickformat="d", dtick=_tick(rows))
    figure.update_yaxes(title_text="← better   error", tickformat="~%", rangemode="tozero")
    figure.update_layout(legend=_LEGEND)
    return styled(figure, theme, height=height)


def plot_points(rows: Sequence[Row], *, theme: Theme = "light", height: int = 300) -> go.Figure:
    """Proposals of each round: how many were accepted, how many refused for which reason."""
    colours = palette(theme)
    reasons = sorted({reason for row in rows for reason in row["refused"]})
    numbers = [row["round"] for row in rows]
    figure = go.Figure(
        go.Bar(
            x=numbers,
            y=[row["accepted"] for row in rows],
            name="accepted",
            marker={"color": colours.front},
            hovertemplate="round %{x}: %{y:,} accepted<extra></extra>",
        )
    )
    for k, reason in enumerate(reasons):
        words = escape(reason.replace("-", " "))
        figure.add_bar(
            x=numbers,
            y=[row["refused"].get(reason, 0) for row in rows],
            name=words,
            marker={
                "color": colours.dominated,
                "pattern": {"shape": _PATTERNS[k % len(_PATTERNS)], "size": 6},
            },
            hovertemplate=f"round %{{x}}: %{{y:,}} refused, {words}<extra></extra>",
        )
    figure.update_layout(barmode="stack", legend=_LEGEND, bargap=0.25)
    figure.update_xaxes(title_text="round", tickformat="d", dtick=_tick(rows))
    most = max((row["proposed"] for row in rows), default=0)
    # Of few points whole numbers only: half a point would be told as 500m.
    few = {"dtick": 1, "range": [0, max(1, most) * 1.05]} if most < 5 else {}
    figure.update_yaxes(title_text="points", tickformat="~s", rangemode="tozero", **few)
    return styled(figure, theme, height=height)


def plot_map(marks: Sequence[MapMark], *, theme: Theme = "light", height: int = 460) -> go.Figure:
    """Dev items and one round's points; the axes have no unit, so none is shown."""
    colours = palette(theme)
    figure = go.Figure()
    for group in MAP_GROUPS:
        of_group = [mark for mark in marks if mark.group == group]
        if not of_group:
            continue
        figure.add_scattergl(
            x=[mark.x for mark in of_group],
            y=[mark.y for mark in of_group],
            customdata=[mark.pick for mark in of_group],
            text=[escape(mark.text) for mark in of_group],
            mode="markers",
            name=f"{group} ({len(of_group):,})",
            marker=_marker(group, colours),
            hovertemplate="%{text}<extra></extra>",
        )
    hidden = {"showticklabels": False, "ticks": "", "showgrid": False}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden, scaleanchor="x", scaleratio=1)
    figure.update_layout(legend=_LEGEND)
    return styled(figure, theme, height=height)


_LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
_PATTERNS = ("/", "x", ".", "-", "+", "|", "\\")


def _curve(
    figure: go.Figure, rows: Sequence[Row], split: str, name: str, colour: str, dash: str
) -> None:
    numbers = [row["round"] for row in rows]
    low, high = ([row[f"{split}_{end}"] for row in rows] for end in ("low", "high"))
    figure.add_scatter(
        x=[*numbers, *reversed(numbers)],
        y=[*high, *reversed(low)],
        mode="lines",
        fill="toself",
        fillcolor=translucent(colour, 0.15),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=numbers,
        y=[row[f"{split}_error"] for row in rows],
        customdata=list(zip(low, high, strict=True)),
        mode="lines+markers",
        name=name,
        line={"color": colour, "width": 2, "dash": dash},
        marker={"size": 6},
        hovertemplate=f"round %{{x}}, {split}: %{{y:.1%}}"
        "<br>95 %: %{customdata[0]:.1%} to %{customdata[1]:.1%}<extra></extra>",
    )


def _tick(rows: Sequence[Row]) -> int:
    return max(1, len(rows) // 10)


def _marker(group: str, colours: Palette) -> dict[str, Any]:
    return {
        DEV: {"size": 5, "color": translucent(colours.dominated, 0.6)},
        WRONG: {"size": 8, "color": colours.cover, "symbol": "x"},
        ACCEPTED: {"size": 6, "color": translucent(colours.front, 0.75)},
        REFUSED: {"size": 7, "color": colours.muted, "symbol": "circle-open"},
    }[group]
