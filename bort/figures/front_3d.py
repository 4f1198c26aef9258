"""The Pareto front in all three objectives."""

from collections.abc import Collection
from typing import Any

import plotly.graph_objects as go

from bort.figures.front import FrontInfo, Layer, Marks
from bort.figures.objectives import ERROR, LATENCY, SIZE, Objective
from bort.figures.theme import Palette, Theme, palette, styled

# Looks along the diagonal of the better corner, a little from above.
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
    figure = go.Figure([_trace(*layer) for layer in _layers(info, colours)])
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


def _layers(info: FrontInfo, colours: Palette) -> list[tuple[Marks, Layer, dict[str, Any]]]:
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


def _trace(marks: Marks, layer: Layer, style: dict[str, Any]) -> go.Scatter3d:
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
