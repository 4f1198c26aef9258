"""Weights explained: the weights for which an architecture is best, and the ranking."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from bort.figures import TriangleInfo, plot_weight_triangle
from bort.report.numbers import percent, percent_down
from bort.search.w_coefficient import WeightRegion
from bort.studies.answers import Point, StudyAnswer, TableAnswer, TablePoint
from bort.ui.front.study import WEIGHTS, choose_weights
from bort.ui.kit import address, chart, frame, markup, saving, terms
from bort.ui.kit.same import Same

RANKED = 5
_NO_AREA = 1e-6  # of the triangle; a smaller region is a border, where others are as good


Regions = Callable[[str], dict[str, WeightRegion]]


def show(answer: StudyAnswer | TableAnswer, regions_of: Regions) -> None:
    """Show the panel for the pick, or for the best architecture if nothing is picked.

    Args:
        regions_of: the weights for which each of the front wins, and one more.
    """
    point = _shown(answer)
    if point is None:
        return
    st.subheader("Weights explained", anchor=False, help=terms.explained("", "w", "front"))
    regions = regions_of(point.name)
    picture, text = st.columns([1, 1.15], gap="large")
    with picture:
        theme = frame.theme()
        info = TriangleInfo(regions, point.name, answer.weights)
        chart.show(
            chart.Sketch(
                (Same(regions), point.name, answer.weights, theme),
                partial(plot_weight_triangle, info, theme=theme),
            ),
            key="weight-triangle",
            alt=f"The triangle of cost weights; {point.name} is best in the filled part",
            on_pick=address.choose_pick_in_chart,
        )
        markup.note(
            "Each region contains the weights for which one architecture has the largest W. The "
            "star marks your weights. Click a dot to pick its architecture."
        )
    with text:
        region = regions.get(point.name)
        if region is not None:
            _region(point, region)
        if isinstance(answer, StudyAnswer):
            _ratio(answer)
        _ranking(answer, point)


def _shown(answer: StudyAnswer | TableAnswer) -> Point | TablePoint | None:
    pick = address.pick()
    return next((p for p in answer.points if p.name == pick), answer.best)


def _region(point: Point | TablePoint, region: WeightRegion) -> None:
    markup.label(f"when {point.name} is best")
    if region.centre is None:
        markup.note("Never: for any weights, another one has a larger W.")
        return
    where = "of all weights"
    if region.share < _NO_AREA:
        where = "only on the border between other regions"
    middle = ", ".join(
        f"{name} {share:.2f}" for name, share in zip(WEIGHTS, region.centre, strict=True)
    )
    markup.facts([("Share", percent(region.share), where), ("Middle", middle, "sums to 1")])
    st.button(
        "Use these weights",
        on_click=choose_weights,
        args=(region.centre,),
        icon=":material/balance:",
        key="use-weights",
    )


def _ratio(answer: StudyAnswer) -> None:
    """Show how far the best W can be from the largest of the whole space."""
    markup.label("against the whole space")
    if answer.w_ratio is None or answer.guarantee == "none":
        markup.note("It is not yet certified how close the best W is to the largest in the space.")
        return
    if answer.w_ratio < 0.001:  # it would be written as 0.0%
        markup.note("Nothing is known about the largest W of the whole space yet.")
        return
    condition = "" if answer.guarantee == "proved" else ", if the estimated λ holds"
    markup.facts(
        [
            (
                "W(best) / W(optimum)",
                f"at least {percent_down(answer.w_ratio)}",
                f"untrained architectures included{condition}",
            )
        ]
    )


def _ranking(answer: StudyAnswer | TableAnswer, point: Point | TablePoint) -> None:
    weights = ", ".join(f"{weight:g}" for weight in answer.weights)
    markup.label(f"largest W at weights {weights}")
    points: Sequence[Point | TablePoint] = answer.points
    ranked = list(enumerate(sorted(points, key=lambda p: -p.w), start=1))
    top = ranked[0][1].w
    shown = ranked[:RANKED] + [(k, p) for k, p in ranked[RANKED:] if p.name == point.name]
    headings = ("rank", "architecture", "W", "of the best")

    def row(rank: int, p: Point | TablePoint, remark: str = "") -> tuple[str, ...]:
        return f"{rank}", p.name + remark, f"{p.w:.3f}", f"{p.w / top:.2%}" if top else ""

    rows = [row(k, p, " (shown)" if p.name == point.name else "") for k, p in shown]
    markup.table(headings, rows)
    saving.as_csv("ranking", headings, lambda: [row(k, p) for k, p in ranked])
