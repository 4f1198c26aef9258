"""Agora's charts, as data."""

import pytest

from bort.agora.loop import Verdict
from bort.agora.world import RoundSummary
from bort.figures.agora import MapGroup, MapMark, plot_errors, plot_map, plot_points


def row(number: int, accepted: int, refused: dict[Verdict, int] | None = None) -> RoundSummary:
    proposed = accepted + sum((refused or {}).values())
    return RoundSummary(
        round=number, train_size=100, errors_found=5, proposed=proposed, refused=refused or {},
        accepted=accepted, dev_error=0.1, dev_low=0.05, dev_high=0.2, dev_n=50, setting=0,
        surviving_hyperparameters=({},), replayed=None, ending=None, audit_error=0.15,
        audit_low=0.1, audit_high=0.2, audit_n=100, gap=0.05, near_dev=None, betti=(1, 0),
        coverage=0.9,
    )  # fmt: skip


@pytest.mark.parametrize("accepted", [0, 1, 4])
def test_few_points_are_counted_whole(accepted: int) -> None:
    axis = plot_points([row(0, accepted), row(1, 0)]).layout.yaxis
    assert axis.dtick == 1
    assert axis.range[1] > accepted


def test_every_reason_has_its_bars() -> None:
    rows = [row(0, 20, {Verdict.KNOWN: 3}), row(1, 5, {Verdict.OUTSIDE_RADIUS: 2})]
    figure = plot_points(rows)
    bars = {trace.name: list(trace.y) for trace in figure.data}
    assert bars == {"accepted": [20, 5], "already known": [3, 0], "outside radius": [0, 2]}
    assert figure.layout.yaxis.dtick is None


def test_each_error_has_its_interval() -> None:
    band, curve, *_ = plot_errors([row(0, 1), row(1, 1)]).data
    assert list(band.y) == [0.2, 0.2, 0.05, 0.05]
    assert list(curve.y) == [0.1, 0.1]


def test_the_map_draws_each_group_once_and_none_that_is_empty() -> None:
    marks = [MapMark(0, 1, group, "x") for group in (MapGroup.WRONG, MapGroup.RIGHT)]
    figure = plot_map([*marks, marks[0]])
    assert {trace.name: len(trace.x) for trace in figure.data} == {
        "dev, right (1)": 1,
        "dev, wrong (2)": 2,
    }
