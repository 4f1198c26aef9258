"""Agora's rounds as curves, bars and a map."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import plotly.graph_objects as go

from bort.agora.world import Rate, RoundSummary
from bort.figures.theme import Palette, Theme, escape, palette, styled, translucent
from bort.report.agora import verdict_words


class MapGroup(Enum):
    """A kind of mark, with its name in the legend; drawn in this order."""

    RIGHT = "dev, right"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    WRONG = "dev, wrong"


@dataclass(frozen=True, slots=True)
class MapMark:
    """One mark on the map: its place, its group and the text on hover."""

    x: float
    y: float
    group: MapGroup
    text: str


def plot_errors(
    rows: Sequence[RoundSummary], *, theme: Theme = "light", height: int = 300
) -> go.Figure:
    """Plot dev and audit error of each round with their 95 % intervals."""
    colours = palette(theme)
    figure = go.Figure()
    numbers = [row.round for row in rows]
    dev, audit = [row.dev for row in rows], [row.audit for row in rows]
    _curve(figure, numbers, dev, "dev", "dev, used by Agora", colours.cover, "dash")
    _curve(figure, numbers, audit, "audit", "audit, never used", colours.front, "solid")
    figure.update_xaxes(title_text="round", tickformat="d", dtick=_tick(rows))
    figure.update_yaxes(title_text="← better   error", tickformat="~%", rangemode="tozero")
    figure.update_layout(legend=_LEGEND)
    return styled(figure, theme, height=height)


def plot_points(
    rows: Sequence[RoundSummary], *, theme: Theme = "light", height: int = 300
) -> go.Figure:
    """Plot how many proposals each round accepted, and how many it refused and why."""
    colours = palette(theme)
    reasons = sorted({reason for row in rows for reason in row.refused})
    numbers = [row.round for row in rows]
    figure = go.Figure(
        go.Bar(
            x=numbers,
            y=[row.accepted for row in rows],
            name="accepted",
            marker={"color": colours.front},
            hovertemplate="round %{x}: %{y:,} accepted<extra></extra>",
        )
    )
    for k, reason in enumerate(reasons):
        words = escape(verdict_words(reason))
        figure.add_bar(
            x=numbers,
            y=[row.refused.get(reason, 0) for row in rows],
            name=words,
            marker={
                "color": colours.dominated,
                "pattern": {"shape": _PATTERNS[k % len(_PATTERNS)], "size": 6},
            },
            hovertemplate=f"round %{{x}}: %{{y:,}} refused, {words}<extra></extra>",
        )
    figure.update_layout(barmode="stack", legend=_LEGEND, bargap=0.25)
    figure.update_xaxes(title_text="round", tickformat="d", dtick=_tick(rows))
    most = max((row.proposed for row in rows), default=0)
    # Few points need whole ticks: plotly writes half a point as 500m.
    few = {"dtick": 1, "range": [0, max(1, most) * 1.05]} if most < 5 else {}
    figure.update_yaxes(title_text="points", tickformat="~s", rangemode="tozero", **few)
    return styled(figure, theme, height=height)


def plot_map(marks: Sequence[MapMark], *, theme: Theme = "light", height: int = 460) -> go.Figure:
    """Plot dev items and one round's points. The axes have no unit, so none is shown."""
    colours = palette(theme)
    figure = go.Figure()
    for group in MapGroup:
        of_group = [mark for mark in marks if mark.group is group]
        if not of_group:
            continue
        figure.add_scattergl(
            x=[mark.x for mark in of_group],
            y=[mark.y for mark in of_group],
            text=[escape(mark.text) for mark in of_group],
            mode="markers",
            name=f"{group.value} ({len(of_group):,})",
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
    figure: go.Figure,
    numbers: Sequence[int],
    rates: Sequence[Rate],
    split: str,
    name: str,
    colour: str,
    dash: str,
) -> None:
    low, high = [rate.low for rate in rates], [rate.high for rate in rates]
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
        y=[rate.error for rate in rates],
        customdata=list(zip(low, high, strict=True)),
        mode="lines+markers",
        name=name,
        line={"color": colour, "width": 2, "dash": dash},
        marker={"size": 6},
        hovertemplate=f"round %{{x}}, {split}: %{{y:.1%}}"
        "<br>95 %: %{customdata[0]:.1%} to %{customdata[1]:.1%}<extra></extra>",
    )


def _tick(rows: Sequence[RoundSummary]) -> int:
    return max(1, len(rows) // 10)


def _marker(group: MapGroup, colours: Palette) -> dict[str, Any]:
    return {
        MapGroup.RIGHT: {"size": 5, "color": translucent(colours.dominated, 0.6)},
        MapGroup.WRONG: {"size": 8, "color": colours.cover, "symbol": "x"},
        MapGroup.ACCEPTED: {"size": 6, "color": translucent(colours.front, 0.75)},
        MapGroup.REFUSED: {"size": 7, "color": colours.muted, "symbol": "circle-open"},
    }[group]
