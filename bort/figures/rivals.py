"""Other people's classifiers: on a study's charts, and beside our models in their own rounds."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from bort.core.rivals import Compared, Comparison, Verdict
from bort.figures.front import CAMERA, LOOKS, Layer, Look
from bort.figures.labels import FONT, place_names
from bort.figures.objectives import Objective
from bort.figures.theme import Theme, blank, escape, palette, translucent
from bort.report.numbers import megabytes
from bort.report.rivals import BATCHES, VERDICT_NAMES, rival_name, short_name
from bort.studies.answers import StudyAnswer

FILES = Objective("size", 0, "all files (MB)", "~g", "{:,.2f} MB of files")
PER_TEXT = Objective("latency", 1, "text to label (ms per text)", "~g", "{} ms per text")
AUDIT_ERROR = Objective("error", 2, "audit error (%)", "~g", "{:.1f}% audit error")
AXES = (FILES, PER_TEXT, AUDIT_ERROR)

_WIDTH = 300  # pixels between the axes of the narrowest of three charts in a row
_AXIS = 80  # pixels of a chart's height that its axis, its title and the toolbar take

OURS = "ours"
_COLOURS: dict[Verdict | None, str] = {
    Verdict.BEATS_US: "cover",
    Verdict.SURVIVES: "text",
    Verdict.BEATEN: "dominated",
    None: "text",
}

Value = float | None
Three = tuple[Value, Value, Value]


@dataclass(frozen=True, slots=True)
class ComparedMark:
    """A classifier of a comparison, as it is drawn.

    Attributes:
        values: size (MB), latency (ms), error (%); None on an axis where it cannot be compared.
        low, high: the ends of each value's 95% interval.
        verdict: of a rival; None for ours, and without any of ours.
        hover: safe for plotly.
    """

    name: str
    is_ours: bool
    values: Three
    low: Three
    high: Three
    verdict: Verdict | None
    hover: str

    @property
    def group(self) -> str:
        """The legend's entry."""
        if self.is_ours:
            return OURS
        return Layer.RIVALS.value if self.verdict is None else VERDICT_NAMES[self.verdict]


def compared_marks(found: Comparison, batch: str) -> list[ComparedMark]:
    """Take the marks of a comparison: all files, time per text, and error on audit.

    Args:
        batch: a batch size of `BATCHES`, as text.
    """
    marks = []
    for row in found.rows:
        size, time = row.size_bytes / 1e6, row.latency[batch]
        errors = [100 * (1 - share) for share in (row.accuracy, row.high, row.low)]
        marks.append(
            ComparedMark(
                short_name(row),
                row.is_ours,
                (size, time.median_ms, errors[0]),
                (size, time.low_ms, errors[1]),
                (size, time.high_ms, errors[2]),
                row.verdicts.get(batch),
                _hover(row),
            )
        )
    return marks


def rivals_on_front(answer: StudyAnswer) -> list[ComparedMark]:
    """Take the rivals' marks for a study's charts, only on the axes that they share."""
    axes = answer.rival_axes
    if answer.rivals is None or axes is None:
        return []
    batch = str(axes.texts or 1)
    return [
        ComparedMark(
            short_name(row),
            False,
            *(axes.values(row),) * 3,
            row.verdicts.get(batch),
            _hover(row),
        )
        for row in answer.rivals.rows
        if not row.is_ours
    ]


def _hover(row: Compared) -> str:
    verdicts = [
        f"{VERDICT_NAMES[verdict]}, {BATCHES[batch]}" for batch, verdict in row.verdicts.items()
    ]
    times = [
        f"{row.latency[batch].median_ms:,.3f} ms per text, {where}"
        for batch, where in BATCHES.items()
    ]
    return "<br>".join(
        [
            f"<b>{escape(rival_name(row))}</b>",
            *(["one of ours"] if row.is_ours else ["others' work", *verdicts]),
            f"audit accuracy {row.accuracy:.1%} ({row.low:.1%} to {row.high:.1%})",
            f"{row.size_bytes:,} bytes ({megabytes(row.size_bytes)} MB), tokenizer included",
            *times,
        ]
    )


def add_rivals(
    figure: go.Figure,
    marks: Sequence[ComparedMark],
    x: Objective,
    y: Objective,
    *,
    theme: Theme = "light",
    sides: Mapping[ComparedMark, str] | None = None,
) -> go.Figure:
    """Draw marks that have both values into a figure of two objectives, and return it.

    Args:
        sides: where a mark's name stands; none has a name where this is None.
    """
    for group, look, colour in _groups(marks, theme):
        drawn = [m for m in group if None not in (m.values[x.column], m.values[y.column])]
        if not drawn:
            continue
        figure.add_trace(
            go.Scatter(
                x=[m.values[x.column] for m in drawn],
                y=[m.values[y.column] for m in drawn],
                error_x=_bars(drawn, x, colour),
                error_y=_bars(drawn, y, colour),
                mode="markers" if sides is None else "markers+text",
                text=sides and [escape(m.name) if m in sides else "" for m in drawn],
                textposition=sides and [sides.get(m, "top right") for m in drawn],
                textfont={"size": FONT, "color": palette(theme).muted},
                name=drawn[0].group,
                marker={"symbol": look.symbol, "size": look.size, "color": colour},
                hoverinfo="text",
                hovertext=[m.hover for m in drawn],
            )
        )
    return figure


def add_rivals_3d(
    figure: go.Figure, marks: Sequence[ComparedMark], *, theme: Theme = "light"
) -> go.Figure:
    """As `add_rivals`, for marks that have all three values."""
    for group, look, colour in _groups(marks, theme):
        drawn = [m for m in group if None not in m.values]
        if not drawn:
            continue
        x, y, z = zip(*(m.values for m in drawn), strict=True)
        figure.add_trace(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="markers",
                name=drawn[0].group,
                marker={"symbol": look.symbol, "size": look.size_3d, "color": colour},
                hoverinfo="text",
                hovertext=[m.hover for m in drawn],
            )
        )
    return figure


def plot_compared(
    marks: Sequence[ComparedMark], *, theme: Theme = "light", height: int = 330
) -> list[go.Figure]:
    """Draw a comparison: error against size and against time, and all three in space."""
    figures = [_two(marks, x, theme, height) for x in (FILES, PER_TEXT)]
    space = add_rivals_3d(blank(theme, height=height), marks, theme=theme)
    for axis, one in zip(("xaxis", "yaxis", "zaxis"), AXES, strict=True):
        is_log = one is not AUDIT_ERROR
        settings = {
            "title": {"text": escape(one.title)},
            "type": "log" if is_log else "linear",
            "dtick": "D2" if is_log else None,
            "nticks": 6,
            "tickformat": one.tick_format,
        }
        space.update_scenes({axis: settings})
    space.update_scenes(camera=CAMERA, aspectmode="cube", uirevision="kept")
    space.update_layout(showlegend=False, margin={"l": 0, "r": 0, "t": 0, "b": 0})
    return [*figures, space]


def _two(marks: Sequence[ComparedMark], x: Objective, theme: Theme, height: int) -> go.Figure:
    """Draw error against another objective, with names where they have room."""
    y = AUDIT_ERROR
    at = [(math.log10(m.values[x.column] or 1.0), m.values[y.column] or 0.0) for m in marks]
    across = _around([place for place, _ in at])
    up = _around([m.low[y.column] or 0.0 for m in marks] + [m.high[y.column] or 0.0 for m in marks])
    figure = add_rivals(
        blank(theme, height=height),
        marks,
        x,
        y,
        theme=theme,
        sides=_sides(marks, [(_share(a, across), _share(b, up)) for a, b in at], height),
    )
    figure.update_xaxes(title_text=x.axis_title, tickformat=x.tick_format, range=across)
    figure.update_xaxes(type="log", dtick="D2")
    figure.update_yaxes(title_text=y.axis_title, tickformat=y.tick_format, range=up)
    return figure.update_layout(showlegend=False)


def _sides(
    marks: Sequence[ComparedMark], at: Sequence[tuple[float, float]], height: int
) -> dict[ComparedMark, str]:
    """Find room for the names; those of what we lose come first, then ours."""
    inner = height - _AXIS
    places = dict(zip(marks, at, strict=True))
    ordered = sorted(marks, key=lambda m: (m.verdict is not Verdict.BEATS_US, not m.is_ours))
    points = [(_WIDTH * places[mark][0], inner * places[mark][1]) for mark in ordered]
    sides = place_names([mark.name for mark in ordered], points, _WIDTH, inner)
    return {mark: side for mark, side in zip(ordered, sides, strict=True) if side is not None}


def _around(values: Sequence[float]) -> tuple[float, float]:
    """The range of an axis that shows all values with some room around."""
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or 0.5
    return low - room, high + room


def _share(value: float, ends: tuple[float, float]) -> float:
    return (value - ends[0]) / (ends[1] - ends[0])


def legend_of(marks: Sequence[ComparedMark], *, theme: Theme) -> list[tuple[str, str, str]]:
    """List sign, colour and name of each kind of mark."""
    return [(look.sign, colour, group[0].group) for group, look, colour in _groups(marks, theme)]


def _groups(
    marks: Sequence[ComparedMark], theme: Theme
) -> Iterator[tuple[list[ComparedMark], Look, str]]:
    """Yield the marks that are drawn alike; what we lose is drawn last, on top."""
    colours = palette(theme)
    ours = [mark for mark in marks if mark.is_ours]
    if ours:
        yield ours, LOOKS[Layer.FRONT], colours.front
    for verdict in (None, Verdict.BEATEN, Verdict.SURVIVES, Verdict.BEATS_US):
        group = [mark for mark in marks if not mark.is_ours and mark.verdict is verdict]
        if group:
            yield group, LOOKS[Layer.RIVALS], getattr(colours, _COLOURS[verdict])


def _bars(
    marks: Sequence[ComparedMark], objective: Objective, colour: str
) -> dict[str, object] | None:
    at = objective.column
    above = [_minus(mark.high[at], mark.values[at]) for mark in marks]
    below = [_minus(mark.values[at], mark.low[at]) for mark in marks]
    if not any([*above, *below]):
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": above,
        "arrayminus": below,
        "thickness": 1,
        "width": 0,
        "color": translucent(colour, 0.45),
    }


def _minus(a: Value, b: Value) -> float:
    assert a is not None
    assert b is not None
    return a - b
