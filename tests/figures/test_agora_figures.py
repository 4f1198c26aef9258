"""Agora's charts, as data."""

import pytest

from bort.figures.agora import plot_points


def row(number: int, accepted: int, **refused: int) -> dict:
    proposed = accepted + sum(refused.values())
    return {"round": number, "accepted": accepted, "refused": refused, "proposed": proposed}


@pytest.mark.parametrize("accepted", [0, 1, 4])
def test_few_points_are_counted_whole(accepted: int) -> None:
    axis = plot_points([row(0, accepted), row(1, 0)]).layout.yaxis
    assert axis.dtick == 1
    assert axis.range[1] > accepted


def test_every_reason_has_its_bars() -> None:
    figure = plot_points([row(0, 20, known=3), row(1, 5, radius=2)])
    bars = {trace.name: list(trace.y) for trace in figure.data}
    assert bars == {"accepted": [20, 5], "known": [3, 0], "radius": [0, 2]}
    assert figure.layout.yaxis.dtick is None
