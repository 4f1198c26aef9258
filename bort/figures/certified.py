"""How the certified ε falls while a search runs."""

from collections.abc import Sequence

import plotly.graph_objects as go

from bort.figures.theme import Theme, blank, palette


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
    figure = blank(theme, height=height)
    figure.add_trace(
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
    return figure
