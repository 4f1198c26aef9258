"""A comparison with others' work, as a part of an HTML report."""

import plotly.graph_objects as go

from bort.core.rivals import Comparison
from bort.figures.document import charts, heading, lines, table
from bort.figures.rivals import compared_marks, plot_compared
from bort.report.rivals import HEADINGS, cells, ordered, remarks, verdict_sentences

_HEIGHT = 360


def compared(found: Comparison) -> list[go.Figure]:
    """Draw a comparison, with the times of single texts."""
    figures = plot_compared(compared_marks(found, "1"), height=_HEIGHT)
    return [figure.update_layout(showlegend=True) for figure in figures]


def beside_others(found: Comparison, first: int, *, model: str = "") -> list[str]:
    """Write the part of the report.

    Args:
        first: the place of the first figure of `compared`.
        model: one of ours, which comes first.
    """
    return [
        heading("Beside others' work"),
        lines(verdict_sentences(found)),
        charts(first, len(compared(found))),
        table(("who", *HEADINGS[1:]), map(cells, ordered(found, model)), key="rivals"),
        lines(remarks(found)),
    ]
