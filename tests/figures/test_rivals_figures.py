"""Others' work on charts: where it may be drawn, with its own marks and verdicts."""

from dataclasses import replace

import plotly.graph_objects as go
import pytest
from made_up_rivals import COMPARISON

from bort.figures import ERROR, LATENCY, SIZE, palette
from bort.figures.labels import place_names
from bort.figures.rivals import (
    add_rivals,
    add_rivals_3d,
    compared_marks,
    legend_of,
    plot_compared,
)
from bort.figures.rivals_report import beside_others, compared

MARKS = compared_marks(COMPARISON, "1")


def test_each_verdict_has_a_colour_and_all_rivals_one_shape() -> None:
    by_size, by_time, space = plot_compared(MARKS)
    names = ["ours", "beaten", "survives", "beats us"]
    for figure in (by_size, by_time, space):
        assert [trace.name for trace in figure.data] == names
        assert [trace.marker.symbol for trace in figure.data] == [
            "circle",
            "square",
            "square",
            "square",
        ]
        assert len({trace.marker.color for trace in figure.data}) == 4
    lost = by_time.data[-1]
    assert (lost.x, lost.y) == ((0.02,), pytest.approx((23.0,)))
    assert lost.error_y.array == pytest.approx((2.0,))
    assert space.data[-1].x == (0.7,)
    assert [name for *_, name in legend_of(MARKS, theme="dark")] == names


def test_the_pointer_reads_accuracy_with_interval_bytes_and_both_times() -> None:
    hover = MARKS[2].hover
    for part in (
        "<b>fastText, quantised</b>",
        "beats us, single texts",
        "survives, batches of 32",
        "audit accuracy 77.0% (75.0% to 79.0%)",
        "700,000 bytes",
        "0.020 ms per text, single texts",
        "0.010 ms per text, batches of 32",
    ):
        assert part in hover


def test_the_batch_decides_the_verdict_that_is_drawn() -> None:
    figure = plot_compared(compared_marks(COMPARISON, "32"))[1]
    assert [trace.name for trace in figure.data] == ["ours", "beaten", "survives"]
    assert sorted(figure.data[-1].x) == pytest.approx([0.01, 2.05])


def test_what_cannot_be_compared_is_not_drawn() -> None:
    marks = [replace(mark, values=(mark.values[0], None, mark.values[2])) for mark in MARKS]
    assert len(add_rivals(go.Figure(), marks, SIZE, ERROR).data) == 4
    assert not add_rivals(go.Figure(), marks, LATENCY, ERROR).data
    assert not add_rivals_3d(go.Figure(), marks).data


def test_without_ours_there_are_no_verdicts() -> None:
    rows = tuple(replace(row, verdicts={}) for row in COMPARISON.rows if not row.is_ours)
    figure = plot_compared(compared_marks(replace(COMPARISON, rows=rows), "1"))[0]
    assert [trace.name for trace in figure.data] == ["others' work"]
    assert figure.data[0].marker.color == palette("light").text


def test_names_are_text_in_charts_and_reports() -> None:
    bad = "<b>mine</b>"
    ours = replace(COMPARISON.rows[0], name=bad)
    found = replace(COMPARISON, rows=(ours, *COMPARISON.rows[1:]))
    assert "&lt;b>mine" in compared_marks(found, "1")[0].hover
    part = "".join(beside_others(found, 0, model=bad))
    assert bad not in part
    assert part.index("Beats us") < part.index("Survives")
    assert part.index("&lt;b&gt;mine") < part.index("fastText, quantised</td>")
    assert len(compared(found)) == part.count("chart-")


def test_no_name_covers_another_or_a_mark() -> None:
    crowd = [(150.0, 100.0), (152.0, 101.0), (151.0, 99.0)]
    first, second, third = place_names(["one of ours", "other", "other"], crowd, 300, 250)
    assert first == "top right"
    assert second is not None
    assert second.endswith("left")  # where the first is not
    assert third in {"bottom right", "bottom left", "top left"} - {second}
    at_the_edge = place_names(["tf-idf", "half of the source"], [(2, 2), (298, 248)], 300, 250)
    assert at_the_edge == ["top right", "bottom left"]
    assert place_names(["too long for the chart"], [(40, 50)], 80, 100) == [None]


def test_a_crowded_chart_names_what_beats_us() -> None:
    rows = tuple(
        replace(row, name=f"a-model-of-ours-{number}") if row.is_ours else row
        for number, row in enumerate(COMPARISON.rows[:1] * 40 + COMPARISON.rows)
    )
    by_size, *_ = plot_compared(compared_marks(replace(COMPARISON, rows=rows), "1"))
    texts = {trace.name: [text for text in trace.text if text] for trace in by_size.data}
    assert texts["beats us"] == ["fastText"]
    assert len(texts["ours"]) < 40
