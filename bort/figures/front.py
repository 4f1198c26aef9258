"""The Pareto front of one study, two objectives at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from bort.figures.objectives import ERROR, LATENCY, SIZE, Objective
from bort.figures.theme import Palette, Theme, escape, palette, styled, translucent

if TYPE_CHECKING:
    from bort.studies.answers import Point

FloatArray = NDArray[np.float64]

NORMAL_95 = 1.96
WEBGL_FROM = 1_500  # marks; SVG draws one element per mark; plotly advises 1,000


class Layer(Enum):
    """The layers of a front, drawn from back to front. Values are the legend's names."""

    DOMINATED = "dominated"
    FRONT = "Pareto front"
    COVER = "ε-cover"
    BEST = "largest W"
    PICK = "your pick"

    @property
    def answers_pointer(self) -> bool:
        """Whether this layer reacts to the mouse; rings and stars do not."""
        return self in (Layer.DOMINATED, Layer.FRONT)


@dataclass(frozen=True, slots=True)
class Marks:
    """Architectures that are drawn in the same way.

    Attributes:
        ids: one per architecture.
        values, low, high: shape (n, 3), columns size (millions), latency (ms), error (%);
            `low` and `high` are the ends of the 95% interval of each value.
        hover: one text per architecture, safe for plotly.
    """

    ids: tuple[str, ...]
    values: FloatArray
    low: FloatArray
    high: FloatArray
    hover: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrontInfo:
    """The data for drawing a front. `cover`, `best` and `pick` repeat marks of the first two.

    Attributes:
        dominated: another evaluated architecture is at least as good in all objectives.
        front: no other one is.
        cover: members of the certified ε-cover; no marks if nothing is certified.
        best: the largest W; at most one mark.
        pick: the reader's choice; at most one mark.
    """

    dominated: Marks
    front: Marks
    cover: Marks
    best: Marks
    pick: Marks

    @property
    def groups(self) -> tuple[Marks, Marks]:
        """The two groups that together contain every evaluated architecture once."""
        return self.dominated, self.front


def front_info(
    points: Sequence["Point"], *, best_id: str | None = None, pick_id: str | None = None
) -> FrontInfo:
    """Group evaluated architectures by how they are drawn; O(n)."""
    return FrontInfo(
        dominated=_marks([p for p in points if not p.is_on_front]),
        front=_marks([p for p in points if p.is_on_front]),
        cover=_marks([p for p in points if p.is_in_cover]),
        best=_marks([p for p in points if p.id == best_id]),
        pick=_marks([p for p in points if p.id == pick_id]),
    )


def plot_pair(
    info: FrontInfo,
    x: Objective,
    y: Objective,
    *,
    theme: Theme = "light",
    log: Collection[Objective] = (),
    fit_front: bool = False,
    height: int = 330,
) -> go.Figure:
    """Draw two objectives; every mark carries its architecture's id as `customdata`.

    Args:
        log: objectives on a logarithmic axis.
        fit_front: fit the axes to the front, so that a bad architecture cannot squeeze the rest.
    """
    colours = palette(theme)
    figure = go.Figure()
    for marks, layer, style in _layers(info, colours):
        figure.add_trace(_trace(marks, x, y, layer, style))
    figure.update_xaxes(title_text=x.axis_title, tickformat=x.tick_format)
    figure.update_yaxes(title_text=y.axis_title, tickformat=y.tick_format)
    for axis, objective in (("xaxis", x), ("yaxis", y)):
        if objective in log:
            figure.layout[axis].update(type="log", dtick="D1" if objective is ERROR else "D2")
    if fit_front and info.front.ids:
        figure.update_xaxes(range=_range(info.front, x, is_log=x in log))
        figure.update_yaxes(range=_range(info.front, y, is_log=y in log))
    figure.update_layout(showlegend=False)
    return styled(figure, theme, height=height)


def _marks(points: Sequence["Point"]) -> Marks:
    table = np.array(
        [
            (
                (p.parameter_count / 1e6,) * 3,
                (p.latency_ms, p.latency_low_ms, p.latency_high_ms),
                tuple(100 * e for e in _error_interval(p)),
            )
            for p in points
        ],
        dtype=np.float64,
    ).reshape(-1, 3, 3)
    return Marks(
        ids=tuple(p.id for p in points),
        values=table[:, :, 0],
        low=table[:, :, 1],
        high=table[:, :, 2],
        hover=tuple(_hover(p) for p in points),
    )


def _error_interval(point: "Point") -> tuple[float, float, float]:
    half = NORMAL_95 * point.error_se
    return point.error_rate, max(0.0, point.error_rate - half), min(1.0, point.error_rate + half)


def _hover(point: "Point") -> str:
    error, low, high = (100 * value for value in _error_interval(point))
    dimensions = ", ".join(f"{escape(k)} {v}" for k, v in point.architecture.items())
    return "<br>".join(
        [
            f"<b>{escape(point.id)}</b>",
            dimensions,
            SIZE.text(point.parameter_count / 1e6),
            f"{LATENCY.text(point.latency_ms)} "
            f"({point.latency_low_ms:,.2f} to {point.latency_high_ms:,.2f})",
            f"{ERROR.text(error)} ({low:.1f} to {high:.1f})",
            f"W {point.w:.3f}",
        ]
    )


Style = dict[str, Any]


def _layers(info: FrontInfo, colours: Palette) -> list[tuple[Marks, Layer, Style]]:
    """List marks, layer and marker, from back to front. Layers differ in shape and colour."""
    return [
        (
            info.dominated,
            Layer.DOMINATED,
            {
                "symbol": "x-thin-open",
                "size": 7,
                "color": colours.dominated,
                "line": {"width": 1.5},
            },
        ),
        (
            info.front,
            Layer.FRONT,
            {"symbol": "circle", "size": 9, "color": colours.front},
        ),
        (
            info.cover,
            Layer.COVER,
            {"symbol": "square-open", "size": 15, "color": colours.cover, "line": {"width": 2}},
        ),
        (
            info.best,
            Layer.BEST,
            {"symbol": "star", "size": 15, "color": colours.best}
            | {"line": {"width": 1, "color": colours.background}},
        ),
        (
            info.pick,
            Layer.PICK,
            {"symbol": "circle-open", "size": 22, "color": colours.text, "line": {"width": 2.5}},
        ),
    ]


def _trace(marks: Marks, x: Objective, y: Objective, layer: Layer, style: Style) -> go.Scatter:
    kind = go.Scattergl if len(marks.ids) > WEBGL_FROM else go.Scatter
    return kind(
        x=marks.values[:, x.column].tolist(),
        y=marks.values[:, y.column].tolist(),
        error_x=_bars(marks, x, style) if layer is Layer.FRONT else None,
        error_y=_bars(marks, y, style) if layer is Layer.FRONT else None,
        customdata=list(marks.ids),
        mode="markers",
        name=layer.value,
        marker=style,
        hoverinfo="text" if layer.answers_pointer else "skip",
        hovertext=list(marks.hover) if layer.answers_pointer else None,
    )


def _bars(marks: Marks, objective: Objective, style: Style) -> dict[str, Any] | None:
    column = objective.column
    above = marks.high[:, column] - marks.values[:, column]
    below = marks.values[:, column] - marks.low[:, column]
    if not (above.any() or below.any()):
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": above.tolist(),
        "arrayminus": below.tolist(),
        "thickness": 1,
        "width": 0,
        "color": translucent(style["color"], 0.45),
    }


def _range(marks: Marks, objective: Objective, *, is_log: bool) -> list[float]:
    low = float(marks.low[:, objective.column].min())
    high = float(marks.high[:, objective.column].max())
    if is_log:
        low, high = float(np.log10(max(low, high * 1e-3, 1e-9))), float(np.log10(max(high, 1e-9)))
    pad = 0.08 * (high - low) or 0.1
    return [low - pad, high + pad]


# The camera looks along the diagonal of the better corner, a little from above.
_CAMERA = {"eye": {"x": -1.5, "y": -1.55, "z": 0.75}, "center": {"x": 0, "y": 0, "z": -0.12}}


def plot_front_3d(
    info: FrontInfo,
    *,
    theme: Theme = "light",
    log: Collection[Objective] = (),
    height: int = 330,
) -> go.Figure:
    """Draw parameters, latency and error; every mark carries its id as `customdata`."""
    colours = palette(theme)
    figure = go.Figure([_trace_3d(*layer) for layer in _layers_3d(info, colours)])
    figure.add_trace(_stem(info.pick, info, colours))
    axes = (("xaxis", SIZE), ("yaxis", LATENCY), ("zaxis", ERROR))
    figure.update_scenes(
        {
            axis: {
                "title": {"text": o.title},
                "type": "log" if o in log else "linear",
                "tickformat": o.tick_format,
                "nticks": 6,
                "dtick": "D2" if o in log else None,
            }
            for axis, o in axes
        },
        camera=_CAMERA,
        aspectmode="cube",
        # uirevision of the scene: the camera stays where the reader put it.
        uirevision="kept",
    )
    figure.update_layout(showlegend=False, margin={"l": 0, "r": 0, "t": 0, "b": 0})
    return styled(figure, theme, height=height)


def _layers_3d(info: FrontInfo, colours: Palette) -> list[tuple[Marks, Layer, dict[str, Any]]]:
    return [
        (
            info.dominated,
            Layer.DOMINATED,
            {"symbol": "cross", "size": 4, "color": colours.dominated},
        ),
        (info.front, Layer.FRONT, {"symbol": "circle", "size": 5, "color": colours.front}),
        (info.cover, Layer.COVER, {"symbol": "square-open", "size": 7, "color": colours.cover}),
        (info.best, Layer.BEST, {"symbol": "diamond", "size": 7, "color": colours.best}),
        (info.pick, Layer.PICK, {"symbol": "circle-open", "size": 13, "color": colours.text}),
    ]


def _trace_3d(marks: Marks, layer: Layer, style: dict[str, Any]) -> go.Scatter3d:
    return go.Scatter3d(
        x=marks.values[:, 0].tolist(),
        y=marks.values[:, 1].tolist(),
        z=marks.values[:, 2].tolist(),
        customdata=list(marks.ids),
        mode="markers",
        name=layer.value,
        marker=style,
        hoverinfo="text" if layer.answers_pointer else "skip",
        hovertext=list(marks.hover) if layer.answers_pointer else None,
    )


def _stem(pick: Marks, info: FrontInfo, colours: Palette) -> go.Scatter3d:
    """A line from the pick to the floor, because depth is hard to see."""
    floor = min((float(g.values[:, 2].min()) for g in info.groups if g.ids), default=0.0)
    x, y, z = pick.values[0] if pick.ids else (None, None, None)
    return go.Scatter3d(
        x=[x, x],
        y=[y, y],
        z=[z, floor],
        mode="lines",
        name="stem",
        hoverinfo="skip",
        line={"color": colours.muted, "width": 2, "dash": "dot"},
    )


def plot_certified_epsilon(
    evaluations: Sequence[int],
    certified: Sequence[float | None],
    *,
    target: float,
    theme: Theme = "light",
    height: int = 240,
) -> go.Figure:
    """Draw the smallest ε certified after each evaluation, and the goal.

    Args:
        evaluations: number of evaluations, ascending.
        certified: ε certified then; None if nothing was certified yet.
    """
    colours = palette(theme)
    figure = go.Figure(
        go.Scatter(
            x=list(evaluations),
            y=list(certified),
            mode="lines+markers",
            name="certified ε",
            line={"shape": "hv", "color": colours.front, "width": 2},
            marker={"size": 5},
            hovertemplate="after %{x} evaluations<br>ε = %{y:.3g}<extra></extra>",
        )
    )
    figure.add_hline(
        y=target,
        line={"color": colours.cover, "width": 1.5, "dash": "dash"},
        annotation={
            "text": f"goal: {target:g}",
            "font": {"color": colours.cover, "size": 12},
            "yanchor": "bottom",
        },
    )
    figure.update_xaxes(title_text="evaluations", tickformat="d", rangemode="tozero")
    figure.update_yaxes(title_text="← better   certified ε", tickformat="~g", rangemode="tozero")
    figure.update_layout(showlegend=False)
    return styled(figure, theme, height=height)
