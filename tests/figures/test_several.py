"""Several studies on the same charts, and what is dominated only within noise."""

from dataclasses import replace

from test_figures import MARKUP, POINTS, point, traces

from bort.figures import ERROR, OBJECTIVES, SIZE, front_info, plot_front_3d, plot_pair
from bort.figures.several import add_others, add_others_3d, others_of
from bort.report.choosing import joint_sentence
from bort.studies.choosing import Limits, choose, joint_front

THEIRS = [point("theirs", 1, 3.0, 0.2), point("worse", 9, 9.0, 0.9, front=False)]


def test_what_is_dominated_within_noise_has_its_own_marks_and_intervals() -> None:
    # c is beaten by b in everything, but its error is only one point higher than b's.
    close = [*POINTS[:2], replace(POINTS[2], error_rate=0.31, latency_ms=4.1, latency_low_ms=3.7)]
    choice = choose(close, Limits())
    assert choice.within_noise == {"c"}
    drawn = traces(plot_pair(front_info(close, noise=choice.within_noise), SIZE, ERROR))
    assert drawn["within noise"].customdata == ("c",)
    assert drawn["within noise"].error_y.array is not None
    assert drawn["dominated"].customdata == ()
    assert choose(POINTS, Limits()).within_noise == set()


def test_others_are_drawn_as_fronts_and_cannot_be_picked() -> None:
    others = others_of({MARKUP: THEIRS}, OBJECTIVES)
    figure = add_others(
        plot_pair(front_info(POINTS), SIZE, ERROR), others, SIZE, ERROR, theme="dark"
    )
    added = figure.data[-1]
    assert (added.x, added.y) == ((1.0,), (20.0,))
    assert added.customdata is None
    assert "&lt;b>1" in added.hovertext[0]
    space = add_others_3d(plot_front_3d(front_info(POINTS)), others, theme="light")
    assert space.data[-1].z == (20.0,)


def test_the_joint_front_counts_whose_points_are_ahead() -> None:
    counts = joint_front({"mine": POINTS, "theirs": THEIRS})
    assert counts == {"mine": 0, "theirs": 1}  # smaller or as small, faster, more accurate
    assert joint_sentence(counts) == ("Together they have a front of 1: 0 of mine and 1 of theirs.")
