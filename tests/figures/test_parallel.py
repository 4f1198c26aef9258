"""Lines over parallel axes: where they pass, and how they are drawn."""

import numpy as np
import pytest
from test_figures import point

from bort.figures import ERROR, LATENCY, Layer, palette
from bort.figures.parallel import parallel_info

POINTS = [
    point("a", 1, 4.0, 0.4),
    point("b", 8, 1.0, 0.3),
    point("c", 3, 2.0, 0.5, front=False),
]
OBJECTIVES = ((LATENCY, np.array([4.0, 1.0, 2.0])), (ERROR, np.array([40.0, 30.0, 50.0])))


def drawn(**options):
    return parallel_info(POINTS, OBJECTIVES, theme="light", **options)


def test_dimensions_are_evenly_spaced_and_objectives_keep_their_distances() -> None:
    lines = {line.id: line.places for line in drawn(log=[LATENCY]).lines}
    # depth is 1 everywhere; hidden 1, 3, 8; latency 1, 2, 4 in logarithms; error 30, 40, 50.
    assert lines["a"] == pytest.approx((0.5, 0.0, 1.0, 0.5))
    assert lines["b"] == pytest.approx((0.5, 1.0, 0.0, 0.0))
    assert lines["c"] == pytest.approx((0.5, 0.5, 0.5, 1.0))


def test_axes_have_readable_ticks_and_say_which_side_is_better() -> None:
    axes = drawn(log=[LATENCY]).axes
    assert [axis.title for axis in axes] == ["depth", "hidden", LATENCY.title, ERROR.title]
    assert [text for text, _ in axes[1].ticks] == ["1", "3", "8"]
    assert [text for text, _ in axes[2].ticks] == ["1", "2"]
    assert [text for text, _ in axes[3].ticks] == ["30", "35", "40", "45", "50"]
    assert [axis.note for axis in axes] == ["", "", "↓ better", "↓ better"]


def test_hidden_layers_are_left_out_and_the_pick_is_drawn_last() -> None:
    info = drawn(hidden=[Layer.DOMINATED], pick_id="a", faded=["b"])
    assert [line.id for line in info.lines] == ["b", "a"]
    assert info.lines[-1].colour == palette("light").text
    assert info.lines[-1].width > info.lines[0].width
    assert info.lines[0].colour != palette("light").front
    assert [line.id for line in drawn(hidden=[Layer.DOMINATED], compared=["c"]).lines][-1] == "c"


def test_dimensions_that_only_some_have_are_blank_for_the_others() -> None:
    from dataclasses import replace

    mixed = [POINTS[0], replace(POINTS[1], architecture={"width": 2}), POINTS[2]]
    info = parallel_info(mixed, OBJECTIVES, theme="dark")
    assert [axis.title for axis in info.axes][:3] == ["depth", "hidden", "width"]
    assert ("–", 0.0) in info.axes[0].ticks


def test_families_share_their_axes() -> None:
    from dataclasses import replace

    mixed = [
        replace(POINTS[0], architecture={"static.hidden": 32}),
        replace(POINTS[1], architecture={"bert.hidden": 96, "bert.heads": 6, "bert.depth": 1}),
        replace(POINTS[2], architecture={"bert.hidden": 32, "bert.heads": 6, "bert.depth": 2}),
    ]
    info = parallel_info(mixed, OBJECTIVES, theme="dark")
    assert [axis.title for axis in info.axes][:3] == ["family", "hidden", "depth"]
    assert info.constants == (("heads", "6"),)
    assert [text for text, _ in info.axes[2].ticks] == ["–", "1", "2"]
