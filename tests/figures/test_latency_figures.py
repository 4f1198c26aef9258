"""The contents of latency figures, read from their data."""

import plotly.graph_objects as go
import pytest

from bort.figures import ERROR, LATENCY, SIZE
from bort.figures.latency import (
    LandmarkMark,
    TimedMark,
    add_landmarks,
    plot_predicted,
    plot_profiles,
)
from bort.latency.compare import Pair

MARKS = [
    TimedMark("<b>1-2</b>", 1.1, 1.0, 0.9, 1.2, fitted=True),
    TimedMark("3-4", 1.9, 2.0, 1.8, 2.3, fitted=False),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_fitted_and_held_out_are_told_apart(theme):
    figure = plot_predicted(MARKS, band=0.1, theme=theme)
    by_name = {trace.name: trace for trace in figure.data if trace.name}
    assert by_name["held out"].x == (2.0,)
    assert by_name["fitted on"].y == (1.1,)
    assert by_name["held out"].error_x.array == pytest.approx((0.3,))
    assert by_name["held out"].customdata == ("3-4",)
    assert "&lt;b>1-2" in by_name["fitted on"].hovertext[0]
    assert "-5.0%" in by_name["held out"].hovertext[0]
    lower, upper = figure.data[0], figure.data[1]
    assert upper.y[0] / lower.y[0] == pytest.approx(1.1 / 0.9)


def test_two_profiles_are_drawn_with_what_is_within_the_noise():
    figure = plot_profiles([Pair("1", {}, 1, 2, True), Pair("2", {}, 3, 3, False)], a="<a>", b="b")
    assert {trace.name for trace in figure.data if trace.name} == {"apart", "within the noise"}
    assert figure.layout.xaxis.title.text == "&lt;a> (ms)"
    assert not plot_profiles([], a="a", b="b").data


def test_landmarks_are_marks_or_lines():
    landmarks = [LandmarkMark("Bort", 56.0, 60.0), LandmarkMark("BERT-large", 335.0, 900.0)]
    marked = add_landmarks(go.Figure(), landmarks, SIZE, LATENCY)
    assert marked.data[0].x == (56.0, 335.0)
    assert marked.data[0].y == (60.0, 900.0)
    figure = go.Figure()
    figure.update_xaxes(type="log")
    lined = add_landmarks(figure, landmarks, LATENCY, ERROR)
    assert not lined.data
    assert [shape.x0 for shape in lined.layout.shapes] == [60.0, 900.0]
    assert lined.layout.annotations[0].x == pytest.approx(1.778, abs=0.001)  # log10(60)
    assert not add_landmarks(go.Figure(), [], SIZE, ERROR).layout.shapes
