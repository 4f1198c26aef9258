"""The errors of baselines and teacher, as lines in a chart of the front."""

import plotly.graph_objects as go

from bort.core.baseline import Method, OracleFacts
from bort.figures.objectives import ERROR, Objective
from bort.figures.theme import Theme, palette
from bort.report.baselines import SHORT_NAMES


def add_error_lines(
    figure: go.Figure, facts: OracleFacts | None, x: Objective, y: Objective, *, theme: Theme
) -> go.Figure:
    """Draw the dev errors of baselines and teacher into a figure of `plot_pair`, and return it.

    A figure without the error stays as it is. The most frequent class is left out, because its
    error would squeeze all others into a corner.
    """
    if facts is None or ERROR not in (x, y):
        return figure
    colours = palette(theme)
    errors = {
        SHORT_NAMES[one.methods[0]]: one.error_rate
        for one in facts.baselines
        if one.methods != (Method.MAJORITY,)
    }
    errors["teacher"] = facts.teacher_dev_error
    for number, (name, error) in enumerate(errors.items()):
        line = {"width": 1, "dash": "dash", "color": colours.muted}
        # Names alternate between the two ends, so that near ones stay legible.
        is_start = number % 2 == 0
        text = {
            "text": name,
            "font": {"size": 10, "color": colours.muted},
            "textposition": "start" if is_start else "end",
            "yanchor": "bottom",
        }
        value = 100 * error
        across = {"y0": value, "y1": value, "x0": 0, "x1": 1, "xref": "x domain", "yref": "y"}
        along = {"x0": value, "x1": value, "y0": 0, "y1": 1, "xref": "x", "yref": "y domain"}
        ends = across if y is ERROR else along
        figure.add_shape(type="line", line=line, label=text, layer="below", **ends)
    return figure
