"""Agora's rounds as curves and bars with one cursor through all of them."""

from collections.abc import Sequence

import plotly.graph_objects as go

from bort.agora.world import Rate, RoundSummary
from bort.figures.theme import Palette, Theme, blank, escape, palette, translucent
from bort.report.agora import verdict_words

_LEGEND = {"orientation": "h", "x": 0, "yanchor": "bottom"}
_PATTERNS = ("/", "x", ".", "-", "+", "|", "\\")
# The charts over one another: where each begins and ends, 0 at the bottom.
_ERRORS, _POINTS, _COVERAGE, _BETTI = (0.66, 0.95), (0.39, 0.58), (0.2, 0.32), (0.0, 0.13)
_HOLES = ("parts", "loops", "voids")


def plot_errors(
    rows: Sequence[RoundSummary], *, theme: Theme = "light", height: int = 300
) -> go.Figure:
    """Plot dev and audit error of each round with their 95% intervals."""
    figure = blank(theme, height=height)
    _add_errors(figure, rows, palette(theme))
    _name_rounds(figure, rows)
    figure.update_yaxes(title_text="← better   error", tickformat="~%", rangemode="tozero")
    figure.update_layout(legend=_LEGEND | {"y": 1.02})
    return figure


def plot_rounds(
    rows: Sequence[RoundSummary], *, cursor: int = 0, theme: Theme = "light", height: int = 560
) -> go.Figure:
    """Plot errors, proposed points, coverage and Betti numbers of each round over one another.

    Args:
        cursor: the round that a line through all charts marks; the first shape of the figure.
    """
    colours = palette(theme)
    figure = blank(theme, height=height)
    _add_errors(figure, rows, colours)
    _add_points(figure, rows, colours)
    _add_shape(figure, rows, colours)
    _name_rounds(figure, rows)
    most = max((row.proposed for row in rows), default=0)
    # Few points need whole ticks: plotly writes half a point as 500m.
    few = {"dtick": 1, "range": [0, max(1, most) * 1.05]} if most < 5 else {"nticks": 4}
    figure.update_layout(
        xaxis={"anchor": "free", "position": 0, "domain": [0, 1]},
        yaxis={"domain": _ERRORS, "tickformat": "~%", "rangemode": "tozero"},
        yaxis2={"domain": _POINTS, "tickformat": "~s", "rangemode": "tozero", **few},
        yaxis3={"domain": _COVERAGE, "tickformat": "~%", "nticks": 3},
        yaxis4={"domain": _BETTI, "rangemode": "tozero", "nticks": 3},
        legend=_LEGEND | {"y": _ERRORS[1]},
        legend2=_LEGEND | {"y": _POINTS[1]},
        legend3=_LEGEND | {"y": _COVERAGE[1]},
        legend4=_LEGEND | {"y": _BETTI[1]},
        barmode="stack",
        bargap=0.35,
        shapes=[_cursor(cursor, colours)],
        hovermode="x",
    )
    for axis in ("yaxis2", "yaxis3", "yaxis4"):
        figure.layout[axis].update(figure.layout.template.layout.yaxis, overwrite=False)
    for legend in ("legend2", "legend3", "legend4"):
        figure.layout[legend].update(font={"size": 12, "color": colours.muted})
    return figure


def _cursor(number: int, colours: Palette) -> dict[str, object]:
    line = {"color": colours.text, "width": 1.5, "dash": "dot"}
    across = {"xref": "x", "x0": number, "x1": number}
    return {"type": "line", **across, "yref": "paper", "y0": 0, "y1": _ERRORS[1], "line": line}


def _name_rounds(figure: go.Figure, rows: Sequence[RoundSummary]) -> None:
    figure.update_xaxes(title_text="round", tickformat="d", dtick=max(1, len(rows) // 10))


def _add_errors(figure: go.Figure, rows: Sequence[RoundSummary], colours: Palette) -> None:
    numbers = [row.round for row in rows]
    dev, audit = [row.dev for row in rows], [row.audit for row in rows]
    _curve(figure, numbers, dev, "dev", "dev, used by Agora", colours.cover, "dash")
    _curve(figure, numbers, audit, "audit", "audit, never used", colours.front, "solid")


def _add_points(figure: go.Figure, rows: Sequence[RoundSummary], colours: Palette) -> None:
    numbers = [row.round for row in rows]
    bars = {"x": numbers, "yaxis": "y2", "legend": "legend2"}
    figure.add_bar(
        **bars,
        y=[row.accepted for row in rows],
        name="accepted",
        marker={"color": colours.front},
        hovertemplate="%{y:,} accepted<extra></extra>",
    )
    for k, reason in enumerate(sorted({reason for row in rows for reason in row.refused})):
        words = escape(verdict_words(reason))
        figure.add_bar(
            **bars,
            y=[row.refused.get(reason, 0) for row in rows],
            name=words,
            marker={
                "color": colours.dominated,
                "pattern": {"shape": _PATTERNS[k % len(_PATTERNS)], "size": 6},
            },
            hovertemplate=f"%{{y:,}} refused, {words}<extra></extra>",
        )


def _add_shape(figure: go.Figure, rows: Sequence[RoundSummary], colours: Palette) -> None:
    numbers = [row.round for row in rows]
    figure.add_scatter(
        x=numbers,
        y=[row.coverage for row in rows],
        yaxis="y3",
        legend="legend3",
        name="coverage",
        showlegend=True,
        mode="lines+markers",
        line={"color": colours.best, "width": 2},
        hovertemplate="%{y:.1%} covered<extra></extra>",
    )
    lines = ((colours.text, "solid"), (colours.front, "dash"), (colours.cover, "dot"))
    for dimension, (name, (colour, dash)) in enumerate(zip(_HOLES, lines, strict=True)):
        if all(len(row.betti) > dimension for row in rows):
            figure.add_scatter(
                x=numbers,
                y=[row.betti[dimension] for row in rows],
                yaxis="y4",
                legend="legend4",
                name=name,
                showlegend=True,
                mode="lines+markers",
                line={"color": colour, "width": 2, "dash": dash},
                hovertemplate=f"%{{y}} {name}<extra></extra>",
            )


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
        hovertemplate=f"{split}: %{{y:.1%}}"
        " (95%: %{customdata[0]:.1%} to %{customdata[1]:.1%})<extra></extra>",
    )
