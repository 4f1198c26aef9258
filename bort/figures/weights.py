"""The triangle of cost weights, with the region where each architecture is best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from bort.figures.theme import Palette, Theme, blank, escape, palette, translucent

if TYPE_CHECKING:
    from bort.search.w_coefficient import WeightRegion

Weights = Sequence[float]

# Corners of the triangle in the plane; each puts all weight on one objective.
_CORNERS = ((0.0, 0.0), (1.0, 0.0), (0.5, sqrt(3) / 2))
_NAMES = ("size", "latency", "error")
_SHOWN_FROM = 0.002  # of the triangle; a smaller region is too small to click


@dataclass(frozen=True, slots=True)
class TriangleInfo:
    """The data for drawing the triangle.

    Attributes:
        regions: each architecture's convex polygon of weights that sum to 1.
        picked: the architecture whose region is filled.
        asked: the current weights, not all 0.
    """

    regions: Mapping[str, "WeightRegion"]
    picked: str
    asked: Weights


def plot_weight_triangle(
    info: TriangleInfo, *, theme: Theme = "light", height: int = 330
) -> go.Figure:
    """Draw every region's border, the picked region filled, and the current weights.

    The dot in the middle of a region carries its architecture's id as `customdata`.
    """
    colours = palette(theme)
    figure = blank(theme, height=height)
    figure.add_traces(
        [
            _borders(info, colours),
            _picked_region(info, colours),
            _outline(colours),
            _centres(info, colours),
            _asked(info, colours),
        ]
    )
    for (x, y), name, (shift, anchor) in zip(
        _CORNERS, _NAMES, (("top", "left"), ("top", "right"), ("bottom", "center")), strict=True
    ):
        figure.add_annotation(
            x=x,
            y=y,
            text=f"all weight on {name}",
            showarrow=False,
            xanchor=anchor,
            yanchor=shift,
            yshift=-6 if shift == "top" else 6,
            font={"size": 12, "color": colours.muted},
        )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(visible=False, range=[-0.02, 1.02], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-0.12, 0.97], fixedrange=True, scaleanchor="x")
    return figure


def place(weights: Weights) -> tuple[float, float]:
    """The position of weights in the triangle; only their proportions matter.

    Examples:
        >>> place((2, 2, 0)), place((0, 5, 0))
        ((0.5, 0.0), (1.0, 0.0))
    """
    total = sum(weights)
    shares = [weight / total for weight in weights]
    x = sum(share * corner[0] for share, corner in zip(shares, _CORNERS, strict=True))
    y = sum(share * corner[1] for share, corner in zip(shares, _CORNERS, strict=True))
    return x, y


def _polygon(region: "WeightRegion") -> tuple[list[float | None], list[float | None]]:
    """Draw the closed border, ending with a gap so that another can follow in the same trace."""
    corners = [place(vertex) for vertex in region.vertices.tolist()]
    if not corners:
        return [], []
    closed = [*corners, corners[0]]
    return [*(x for x, _ in closed), None], [*(y for _, y in closed), None]


def _borders(info: TriangleInfo, colours: Palette) -> go.Scatter:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for region in info.regions.values():
        x, y = _polygon(region)
        xs += x
        ys += y
    return _line(xs, ys, "borders", colours.dominated, 1)


def _picked_region(info: TriangleInfo, colours: Palette) -> go.Scatter:
    region = info.regions.get(info.picked)
    xs, ys = _polygon(region) if region is not None else ([], [])
    trace = _line(xs, ys, "picked", colours.front, 2.5)
    return trace.update(fill="toself", fillcolor=translucent(colours.front, 0.25))


def _outline(colours: Palette) -> go.Scatter:
    xs, ys = zip(*_CORNERS, _CORNERS[0], strict=True)
    return _line(list(xs), list(ys), "triangle", colours.muted, 1.5)


def _line(
    xs: Sequence[float | None], ys: Sequence[float | None], name: str, colour: str, width: float
) -> go.Scatter:
    return go.Scatter(
        x=xs,
        y=ys,
        name=name,
        mode="lines",
        hoverinfo="skip",
        line={"color": colour, "width": width},
    )


def _centres(info: TriangleInfo, colours: Palette) -> go.Scatter:
    shown = {
        name: region.centre
        for name, region in info.regions.items()
        if region.centre is not None and region.share >= _SHOWN_FROM
    }
    places = [place(centre) for centre in shown.values()]
    return go.Scatter(
        x=[x for x, _ in places],
        y=[y for _, y in places],
        name="centres",
        mode="markers",
        marker={"size": 8, "color": colours.front},
        customdata=list(shown),
        hoverinfo="text",
        hovertext=[_hover(name, info.regions[name]) for name in shown],
    )


def _hover(name: str, region: "WeightRegion") -> str:
    centre = ", ".join(
        f"{of} {weight:.2f}" for of, weight in zip(_NAMES, region.centre or (), strict=True)
    )
    return (
        f"<b>{escape(name)}</b><br>the largest W for {region.share:.1%} of all weights"
        f"<br>in its middle: {centre}"
    )


def _asked(info: TriangleInfo, colours: Palette) -> go.Scatter:
    x, y = place(info.asked)
    return go.Scatter(
        x=[x],
        y=[y],
        name="your weights",
        mode="markers",
        marker={
            "symbol": "star",
            "size": 15,
            "color": colours.best,
            "line": {"width": 1, "color": colours.background},
        },
        hoverinfo="text",
        hovertext=["your weights: " + ", ".join(f"{weight:g}" for weight in info.asked)],
    )
