"""What figures draw: their data, not their pixels."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from bort.core.size import SizeUnit
from bort.figures import (
    ERROR,
    LATENCY,
    SIZE,
    SIZES,
    TriangleInfo,
    escape,
    front_info,
    objectives_of,
    palette,
    plot_certified_epsilon,
    plot_front_3d,
    plot_pair,
    plot_weight_triangle,
)
from bort.figures.front import WEBGL_FROM
from bort.search.w_coefficient import WeightRegion, weight_region
from bort.studies.answers import Point
from bort.studies.answers.rows import Columns

MARKUP = "<b>1</b><a href='https://outside.example'>&"


def point(
    name: str, size: int, latency: float, error: float, *, front: bool = True, cover: bool = False
) -> Point:
    return Point(
        id=name,
        architecture={"depth": 1, "hidden": size},
        size=size * 1_000_000,
        parameter_count=size * 1_000_000,
        effective_parameter_count=size,
        latency_ms=latency,
        latency_low_ms=0.9 * latency,
        latency_high_ms=1.1 * latency,
        error_rate=error,
        error_se=0.02,
        n_dev=500,
        macro_f1=None,
        seeds=1,
        w=1.0,
        is_on_front=front,
        is_in_cover=cover,
    )


POINTS = [
    point("a", 1, 5.0, 0.4),
    point("b", 2, 4.0, 0.3, cover=True),
    point("c", 3, 6.0, 0.5, front=False),
]


def traces(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data}


def test_a_size_in_bytes_has_its_own_unit():
    size = SIZES[SizeUnit.INT8]
    info = front_info(POINTS, objectives=objectives_of(SizeUnit.INT8))
    figure = plot_pair(info, size, ERROR, log=[size])
    assert figure.layout.xaxis.title.text.endswith("size on disk, int8 (MB)")
    assert figure.layout.xaxis.type == "log"
    assert "1.000 MB in int8" in traces(figure)["Pareto front"].hovertext[0]
    assert plot_front_3d(info).layout.scene.xaxis.title.text == "size on disk, int8 (MB)"


def test_the_objectives_of_a_table_have_the_names_of_its_columns():
    columns = Columns("<b>size</b>", "speed {0}", "a name that is too long for an axis", None, ())
    known = objectives_of(replace(columns, maximised=("speed {0}", columns.error)))
    assert [one.title for one in known] == [
        "<b>size</b>",
        "1 / speed {0}",
        "100 - a name that is too l… (%)",
    ]
    assert known[0].axis_title == "← better   &lt;b>size&lt;/b>"
    assert known[1].text(1234.56) == "1 / speed {0} 1,235"


def test_every_point_is_drawn_once_as_dominated_or_front() -> None:
    drawn = traces(plot_pair(front_info(POINTS), SIZE, ERROR))
    assert drawn["Pareto front"].customdata == ("a", "b")
    assert drawn["dominated"].customdata == ("c",)
    assert drawn["Pareto front"].x == (1.0, 2.0)
    assert drawn["Pareto front"].y == pytest.approx((40.0, 30.0))


def test_cover_best_and_pick_lie_over_their_marks_and_do_not_answer_the_pointer() -> None:
    info = front_info(POINTS, best_id="a", pick_id="c")
    drawn = traces(plot_pair(info, LATENCY, ERROR))
    assert [drawn[n].customdata for n in ("ε-cover", "largest W", "your pick")] == [
        ("b",),
        ("a",),
        ("c",),
    ]
    assert {drawn[n].hoverinfo for n in ("ε-cover", "largest W", "your pick")} == {"skip"}
    assert drawn["your pick"].x == (6.0,)


def test_kinds_differ_in_shape_and_in_colour() -> None:
    info = front_info(POINTS, best_id="a", pick_id="c")
    for figure in (plot_pair(info, SIZE, ERROR), plot_front_3d(info)):
        markers = [t.marker for t in figure.data if t.mode == "markers"]
        assert len({m.symbol for m in markers}) == len(markers)
        assert len({m.color for m in markers}) == len(markers)


def test_error_bars_are_95_percent_intervals_cut_at_0_and_1() -> None:
    points = [point("a", 1, 5.0, 0.01), point("b", 2, 4.0, 0.3)]
    bars = traces(plot_pair(front_info(points), SIZE, ERROR))["Pareto front"].error_y
    assert bars.array == pytest.approx((3.92, 3.92))
    assert bars.arrayminus == pytest.approx((1.0, 3.92))


def test_exact_objectives_have_no_error_bars() -> None:
    front = traces(plot_pair(front_info(POINTS), SIZE, LATENCY))["Pareto front"]
    assert front.error_x.array is None
    assert front.error_y.array == pytest.approx((0.5, 0.4))


def test_data_cannot_become_markup() -> None:
    drawn = traces(plot_pair(front_info([point(MARKUP, 1, 1.0, 0.1)]), SIZE, ERROR))
    text = drawn["Pareto front"].hovertext[0]
    assert "&lt;b>1&lt;/b>&lt;a" in text
    assert "<a" not in text
    assert escape("a<b&c") == "a&lt;b&amp;c"


def test_axes_say_which_side_is_better_and_the_unit() -> None:
    layout = plot_pair(front_info(POINTS), LATENCY, ERROR, log=[LATENCY]).layout
    assert layout.xaxis.title.text == "← better   latency (ms)"
    assert layout.yaxis.title.text.startswith("← better")
    assert layout.xaxis.type == "log"
    assert layout.yaxis.type is None


def test_fitting_to_the_front_hides_no_front_point_and_leaves_out_the_worst() -> None:
    points = [*POINTS, point("worst", 900, 900.0, 0.99, front=False)]
    layout = plot_pair(front_info(points), SIZE, ERROR, fit_front=True).layout
    low, high = layout.xaxis.range
    assert low < 1 < 2 < high < 900
    low, high = layout.yaxis.range
    assert low < 30 < 40 < high < 99


def test_nothing_evaluated_draws_empty_axes() -> None:
    for figure in (
        plot_pair(front_info([]), SIZE, ERROR, fit_front=True),
        plot_front_3d(front_info([])),
    ):
        assert sum(len(t.customdata or ()) for t in figure.data) == 0


def test_many_points_are_drawn_by_the_graphics_card() -> None:
    many = [point(str(i), 1 + i % 7, 1.0, 0.5, front=False) for i in range(WEBGL_FROM + 1)]
    drawn = traces(plot_pair(front_info(many), SIZE, ERROR))
    assert drawn["dominated"].type == "scattergl"
    assert drawn["Pareto front"].type == "scatter"


def test_space_shows_all_three_objectives_and_a_stem_below_the_pick() -> None:
    drawn = traces(plot_front_3d(front_info(POINTS, pick_id="a"), log=[SIZE]))
    front = drawn["Pareto front"]
    assert (front.x[0], front.y[0], front.z[0]) == pytest.approx((1.0, 5.0, 40.0))
    assert drawn["stem"].z == pytest.approx((40.0, 30.0))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_marks_can_be_read_on_their_background(theme: str) -> None:
    colours = palette(theme)  # type: ignore[arg-type]
    for colour in (
        colours.dominated,
        colours.noise,
        *colours.others,
        colours.front,
        colours.cover,
        colours.best,
    ):
        assert contrast(colour, colours.background) >= 3
    for colour in (colours.text, colours.muted):
        assert contrast(colour, colours.background) >= 4.5
    layout = plot_pair(front_info(POINTS), SIZE, ERROR, theme=theme).layout  # type: ignore[arg-type]
    assert layout.template.layout.font.color == colours.text


def contrast(one: str, other: str) -> float:
    """Compute the relative luminance of WCAG 2.2."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_certified_epsilon_leaves_gaps_where_nothing_is_certified() -> None:
    figure = plot_certified_epsilon([1, 2, 3], [None, 0.5, 0.2], target=0.1)
    assert figure.data[0].y == (None, 0.5, 0.2)
    assert figure.layout.shapes[0].y0 == 0.1


def test_zoom_and_camera_survive_new_data() -> None:
    info = front_info(POINTS)
    for figure in (plot_pair(info, SIZE, ERROR), plot_front_3d(info)):
        assert figure.layout.uirevision == "kept"


def regions() -> dict[str, WeightRegion]:
    size, latency = np.array([1.0, 2, 4, 8]), np.array([4.0, 1, 2, 8])
    rows, errors = np.arange(3), np.array([0.3, 0.25, 0.2])
    return {
        name: weight_region(size, latency, errors, rows=rows, picked=row)
        for row, name in enumerate(("a", "<b>", "c"))
    }


def test_the_triangle_marks_the_weights_and_every_winner_s_region() -> None:
    found = regions()
    drawn = traces(plot_weight_triangle(TriangleInfo(found, "c", (0, 0, 2))))
    assert (drawn["your weights"].x[0], drawn["your weights"].y[0]) == pytest.approx(
        (0.5, 0.75**0.5)
    )
    winners = [name for name, region in found.items() if region.share > 0.01]
    assert list(drawn["centres"].customdata) == winners
    assert len(drawn["picked"].x) == len(found["c"].vertices) + 2  # closed, and a break
    assert "<b><b>" not in "".join(drawn["centres"].hovertext)


def test_a_triangle_without_a_region_is_still_a_triangle() -> None:
    empty = WeightRegion(0.0, None, np.empty((0, 3)))
    drawn = traces(plot_weight_triangle(TriangleInfo({"a": empty}, "a", (1, 1, 1))))
    assert not drawn["picked"].x
    assert not drawn["centres"].x
    assert len(drawn["triangle"].x) == 4
