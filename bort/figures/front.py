"""The Pareto front of one study, two objectives at a time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from bort.figures.objectives import ERROR, OBJECTIVES, Objective
from bort.figures.theme import Palette, Theme, blank, escape, mixed, palette, translucent
from bort.report.choosing import shape_of
from bort.report.numbers import significant
from bort.studies.choosing import options_of

if TYPE_CHECKING:
    from bort.studies.choosing import AnyPoint

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WEBGL_FROM = 1_500  # marks; SVG draws one element per mark; plotly advises 1,000


class Layer(Enum):
    """What can be shown and hidden, drawn from back to front. Values are the legend's names."""

    BASELINES = "baselines"
    INTERVALS = "95% intervals, latency bands"
    DOMINATED = "dominated"
    NOISE = "within noise"
    RIVALS = "others' work"
    FRONT = "Pareto front"
    COVER = "ε-cover"
    BEST = "largest W"
    TRAINED = "trained models"
    PICK = "your pick"

    @property
    def answers_pointer(self) -> bool:
        """Whether this layer reacts to the mouse; rings and stars do not."""
        return self in (Layer.DOMINATED, Layer.NOISE, Layer.FRONT)


@dataclass(frozen=True, slots=True)
class Look:
    """How marks of a layer are drawn, in 2-D and in 3-D alike.

    Attributes:
        symbol: a name that plotly knows in both.
        sign: the same as a character, for legends.
        colour: name of a colour of the palette.
        size, size_3d: in pixels.
        line: width of its outline, in pixels.
    """

    symbol: str
    sign: str
    colour: str
    size: float
    size_3d: float
    line: float = 0.0


LOOKS = {
    Layer.DOMINATED: Look("cross", "✚", "dominated", 7, 4),
    Layer.NOISE: Look("diamond-open", "◇", "noise", 9, 5, line=1.5),
    Layer.RIVALS: Look("square", "■", "text", 9, 5),
    Layer.FRONT: Look("circle", "●", "front", 9, 5),
    Layer.COVER: Look("square-open", "□", "cover", 15, 8, line=2),
    Layer.BEST: Look("diamond", "◆", "best", 13, 7, line=1),
    Layer.PICK: Look("circle-open", "◯", "text", 22, 13, line=2.5),
}
FADED = 0.25  # how much of its colour is left to what does not meet the limits


@dataclass(frozen=True, slots=True)
class Marks:
    """Architectures that are drawn in the same way.

    Attributes:
        ids: one per architecture.
        values, low, high: shape (n, 3), columns size (millions), latency (ms), error (%);
            `low` and `high` are the ends of the 95% interval of each value.
        hover: one text per architecture, safe for plotly.
        faded: shape (n,), those that do not meet the reader's limits.
    """

    ids: tuple[str, ...]
    values: FloatArray
    low: FloatArray
    high: FloatArray
    hover: tuple[str, ...]
    faded: BoolArray


@dataclass(frozen=True, slots=True)
class FrontInfo:
    """The data for drawing a front. `cover`, `best` and `pick` repeat marks of the first three.

    Attributes:
        dominated: another evaluated architecture is at least as good in all objectives.
        noise: another one is, but not beyond noise.
        front: no other one is.
        cover: members of the certified ε-cover; no marks if nothing is certified.
        best: the largest W; at most one mark.
        pick: the reader's choice; at most one mark.
        objectives: what size, latency and error are.
    """

    dominated: Marks
    noise: Marks
    front: Marks
    cover: Marks
    best: Marks
    pick: Marks
    objectives: Sequence[Objective] = OBJECTIVES

    @property
    def layers(self) -> dict[Layer, Marks]:
        """The marks of each layer, from back to front."""
        return {
            Layer.DOMINATED: self.dominated,
            Layer.NOISE: self.noise,
            Layer.FRONT: self.front,
            Layer.COVER: self.cover,
            Layer.BEST: self.best,
            Layer.PICK: self.pick,
        }

    @property
    def groups(self) -> tuple[Marks, ...]:
        """The groups that together contain every evaluated architecture once."""
        return self.dominated, self.noise, self.front


def front_info(
    points: Sequence["AnyPoint"],
    *,
    objectives: Sequence[Objective] = OBJECTIVES,
    best_id: str | None = None,
    pick_id: str | None = None,
    faded: Collection[str] = (),
    noise: Collection[str] = (),
) -> FrontInfo:
    """Group evaluated architectures by how they are drawn; O(n).

    Args:
        noise: ids of those that are dominated, but only within noise.
        faded: ids of those that do not meet the reader's limits.
    """
    return FrontInfo(
        dominated=marks_of(
            [p for p in points if not p.is_on_front and p.name not in noise], objectives, faded
        ),
        noise=marks_of(
            [p for p in points if not p.is_on_front and p.name in noise], objectives, faded
        ),
        front=marks_of([p for p in points if p.is_on_front], objectives, faded),
        cover=marks_of([p for p in points if p.is_in_cover], objectives, faded),
        best=marks_of([p for p in points if p.name == best_id], objectives, faded),
        pick=marks_of([p for p in points if p.name == pick_id], objectives, ()),
        objectives=objectives,
    )


def plot_pair(
    info: FrontInfo,
    x: Objective,
    y: Objective,
    *,
    theme: Theme = "light",
    log: Collection[Objective] = (),
    fit_front: bool = False,
    hidden: Collection[Layer] = (),
    limits: Mapping[Objective, float] | None = None,
    height: int = 330,
) -> go.Figure:
    """Draw two objectives; every mark carries its architecture's id as `customdata`.

    Args:
        log: objectives on a logarithmic axis.
        fit_front: fit the axes to the front, so that a bad architecture cannot squeeze the rest.
        hidden: layers that are not shown.
        limits: the most that the reader accepts, each drawn as a line.
    """
    colours = palette(theme)
    figure = blank(theme, height=height)
    bars = () if Layer.INTERVALS in hidden else (Layer.FRONT, Layer.NOISE)
    for layer, marks in info.layers.items():
        trace = _trace(marks, x, y, layer, colours, has_bars=layer in bars)
        figure.add_trace(trace.update(visible=layer not in hidden))
    figure.update_xaxes(title_text=x.axis_title, tickformat=x.tick_format)
    figure.update_yaxes(title_text=y.axis_title, tickformat=y.tick_format)
    for axis, objective in (("xaxis", x), ("yaxis", y)):
        if objective in log:
            figure.layout[axis].update(type="log", dtick="D1" if objective is ERROR else "D2")
    if fit_front and info.front.ids:
        figure.update_xaxes(range=_range(info.front, x, is_log=x in log))
        figure.update_yaxes(range=_range(info.front, y, is_log=y in log))
    limit = {"color": colours.cover, "width": 1.5, "dash": "dash"}
    for objective, draw in ((x, figure.add_vline), (y, figure.add_hline)):
        if limits and objective in limits:
            draw(limits[objective], line=limit, name=f"limit of {objective.name}")
    figure.update_layout(showlegend=False)
    return figure


def marks_of(
    points: Sequence["AnyPoint"],
    objectives: Sequence[Objective],
    faded: Collection[str],
    *,
    about: str = "",
) -> Marks:
    """Take what is drawn of some points.

    Args:
        faded: ids of those that do not meet the reader's limits.
        about: the study to be named with each; nothing if there is only one.
    """
    options = options_of(points)
    return Marks(
        ids=tuple(p.name for p in points),
        values=options.values,
        low=options.low,
        high=options.high,
        hover=tuple(
            _hover(p, objectives, *found, about=about)
            for p, *found in zip(points, options.values, options.low, options.high, strict=True)
        ),
        faded=np.array([p.name in faded for p in points], dtype=bool),
    )


def _hover(
    point: "AnyPoint",
    objectives: Sequence[Objective],
    value: FloatArray,
    low: FloatArray,
    high: FloatArray,
    *,
    about: str,
) -> str:
    return "<br>".join(
        [
            *([escape(about)] if about else []),
            f"<b>{escape(point.name)}</b>",
            escape(shape_of(point)),
            *map(_with_interval, objectives, value, low, high),
            f"W {point.w:.3f}",
        ]
    )


def _with_interval(objective: Objective, value: float, low: float, high: float) -> str:
    interval = f" ({significant(low, 3)} to {significant(high, 3)})" if low < high else ""
    return escape(f"{objective.text(value)}{interval}")


def _trace(
    marks: Marks, x: Objective, y: Objective, layer: Layer, colours: Palette, *, has_bars: bool
) -> go.Scatter:
    kind = go.Scattergl if len(marks.ids) > WEBGL_FROM else go.Scatter
    look = LOOKS[layer]
    colour = getattr(colours, look.colour)
    marker = {"symbol": look.symbol, "size": look.size, "color": _faded(marks, colour, colours)}
    if look.line:
        outline = colours.background if layer is Layer.BEST else marker["color"]
        marker["line"] = {"width": look.line, "color": outline}
    return kind(
        x=marks.values[:, x.column].tolist(),
        y=marks.values[:, y.column].tolist(),
        error_x=_bars(marks, x, colour) if has_bars else None,
        error_y=_bars(marks, y, colour) if has_bars else None,
        customdata=list(marks.ids),
        mode="markers",
        name=layer.value,
        marker=marker,
        hoverinfo="text" if layer.answers_pointer else "skip",
        hovertext=list(marks.hover) if layer.answers_pointer else None,
    )


def _faded(marks: Marks, colour: str, colours: Palette) -> str | list[str]:
    """One colour, or one for each mark if some are faded."""
    if not marks.faded.any():
        return colour
    faint = mixed(colour, colours.background, FADED)  # plotly's 3-D cannot mix translucent marks
    return [faint if is_faded else colour for is_faded in marks.faded]


def _bars(marks: Marks, objective: Objective, colour: str) -> dict[str, Any] | None:
    column = objective.column
    above = np.where(marks.faded, 0.0, marks.high[:, column] - marks.values[:, column])
    below = np.where(marks.faded, 0.0, marks.values[:, column] - marks.low[:, column])
    if not (above.any() or below.any()):
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": above.tolist(),
        "arrayminus": below.tolist(),
        "thickness": 1,
        "width": 0,
        "color": translucent(colour, 0.45),
    }


def _range(marks: Marks, objective: Objective, *, is_log: bool) -> list[float]:
    low = float(marks.low[:, objective.column].min())
    high = float(marks.high[:, objective.column].max())
    if is_log:
        low, high = float(np.log10(max(low, high * 1e-3, 1e-9))), float(np.log10(max(high, 1e-9)))
    pad = 0.08 * (high - low) or 0.1
    return [low - pad, high + pad]


# The camera looks along the diagonal of the better corner, a little from above.
CAMERA = {"eye": {"x": -1.9, "y": -1.96, "z": 0.92}, "center": {"x": 0, "y": 0, "z": -0.25}}


def plot_front_3d(
    info: FrontInfo,
    *,
    theme: Theme = "light",
    log: Collection[Objective] = (),
    hidden: Collection[Layer] = (),
    height: int = 330,
) -> go.Figure:
    """Draw size, latency and error; every mark carries its id as `customdata`.

    Args:
        hidden: layers that are not shown.
    """
    colours = palette(theme)
    figure = blank(theme, height=height)
    for layer, marks in info.layers.items():
        figure.add_trace(_trace_3d(marks, layer, colours).update(visible=layer not in hidden))
    figure.add_trace(_stem(info.pick, info, colours))
    axes = zip(("xaxis", "yaxis", "zaxis"), info.objectives, strict=True)
    figure.update_scenes(
        {
            axis: {
                "title": {"text": escape(o.title), "font": {"size": 11}},
                "type": "log" if o in log else "linear",
                "tickformat": o.tick_format,
                "nticks": 6,
                "dtick": _space_ticks(info, o) if o in log else None,
            }
            for axis, o in axes
        },
        camera=CAMERA,
        aspectmode="cube",
        uirevision="kept",  # the camera stays where the reader put it
    )
    figure.update_layout(showlegend=False, margin={"l": 0, "r": 0, "t": 0, "b": 0})
    return figure


def _space_ticks(info: FrontInfo, objective: Objective) -> int | str:
    """Label each power of ten; where there are few, also twice and five times as much."""
    values = np.concatenate([m.values[:, objective.column] for m in info.layers.values()])
    return 1 if values.max() > 50 * values.min() else "D2"


def _trace_3d(marks: Marks, layer: Layer, colours: Palette) -> go.Scatter3d:
    look = LOOKS[layer]
    colour = _faded(marks, getattr(colours, look.colour), colours)
    return go.Scatter3d(
        x=marks.values[:, 0].tolist(),
        y=marks.values[:, 1].tolist(),
        z=marks.values[:, 2].tolist(),
        customdata=list(marks.ids),
        mode="markers",
        name=layer.value,
        marker={"symbol": look.symbol, "size": look.size_3d, "color": colour},
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
