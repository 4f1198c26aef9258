"""Other studies' fronts on the charts of one study."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from bort.figures.front import WEBGL_FROM, Marks, marks_of
from bort.figures.objectives import Objective
from bort.figures.theme import Theme, palette

if TYPE_CHECKING:
    from bort.studies.choosing import AnyPoint

MOST = 3  # colours and shapes that can be told apart from each other and from the study's own
SYMBOLS = ("triangle-up", "triangle-down", "pentagon")
SIGNS = ("▲", "▼", "⬟")

Others = Mapping[str, Marks]


def others_of(
    points: Mapping[str, Sequence["AnyPoint"]], objectives: Sequence[Objective]
) -> dict[str, Marks]:
    """Take the front of each study, to be drawn beside another one's."""
    return {
        name: marks_of([p for p in found if p.is_on_front], objectives, (), about=name)
        for name, found in points.items()
    }


def add_others(
    figure: go.Figure, others: Others, x: Objective, y: Objective, *, theme: Theme
) -> go.Figure:
    """Draw the fronts of other studies; they show their numbers, but are not picked."""
    for (name, marks), symbol, colour in zip(
        others.items(), SYMBOLS, palette(theme).others, strict=False
    ):
        kind = go.Scattergl if len(marks.ids) > WEBGL_FROM else go.Scatter
        figure.add_trace(
            kind(
                x=marks.values[:, x.column].tolist(),
                y=marks.values[:, y.column].tolist(),
                mode="markers",
                name=name,
                marker={"symbol": symbol, "size": 8, "color": colour},
                hoverinfo="text",
                hovertext=list(marks.hover),
            )
        )
    return figure


def add_others_3d(figure: go.Figure, others: Others, *, theme: Theme) -> go.Figure:
    """As `add_others`, in space, where only colours tell them apart."""
    for (name, marks), colour in zip(others.items(), palette(theme).others, strict=False):
        figure.add_trace(
            go.Scatter3d(
                x=marks.values[:, 0].tolist(),
                y=marks.values[:, 1].tolist(),
                z=marks.values[:, 2].tolist(),
                mode="markers",
                name=name,
                marker={"symbol": "square", "size": 4, "color": colour},
                hoverinfo="text",
                hovertext=list(marks.hover),
            )
        )
    return figure
