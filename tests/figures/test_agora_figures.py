"""Agora's charts and map, as data."""

from base64 import b64decode

import numpy as np
import pytest

from bort.agora.loop import ErrorRate, GeneratedPoint, Provenance, Round, Verdict
from bort.agora.world import RoundSummary
from bort.figures.agora import plot_errors, plot_rounds
from bort.figures.agora_map import colourings, dev_chunk, map_view, round_chunk


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
    axis = plot_rounds([row(0, accepted), row(1, 0)]).layout.yaxis2
    assert axis.dtick == 1
    assert axis.range[1] > accepted


def test_every_reason_has_its_bars_and_one_cursor_marks_the_round() -> None:
    rows = [row(0, 20, {Verdict.KNOWN: 3}), row(1, 5, {Verdict.OUTSIDE_RADIUS: 2})]
    figure = plot_rounds(rows, cursor=1)
    bars = {trace.name: list(trace.y) for trace in figure.data if trace.type == "bar"}
    assert bars == {"accepted": [20, 5], "already known": [3, 0], "outside radius": [0, 2]}
    assert figure.layout.yaxis2.dtick is None
    assert {"coverage", "parts", "loops"} <= {trace.name for trace in figure.data}
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 1


def test_each_error_has_its_interval() -> None:
    band, curve, *_ = plot_errors([row(0, 1), row(1, 1)]).data
    assert list(band.y) == [0.2, 0.2, 0.05, 0.05]
    assert list(curve.y) == [0.1, 0.1]


POINT = GeneratedPoint(
    "a new text", 1, "edits", 0.1, Verdict.ACCEPTED, student_before=0, label=1, confidence=0.95,
    probabilities=(0.05, 0.95),
)  # fmt: skip
REFUSED = GeneratedPoint("another", 0, "edits", 9.0, Verdict.OUTSIDE_RADIUS)
ROUND = Round(
    number=0, train_size=9, setting=0, setting_errors=((0, 0.5),), surviving=(0,),
    dev_error=ErrorRate(1, 2), wrong_dev=(1,), points=(POINT, REFUSED),
)  # fmt: skip


def bytes_of(text: str) -> list[int]:
    return list(b64decode(text))


def test_a_round_is_a_chunk_named_by_its_content() -> None:
    learnt = Provenance(0, 0, POINT, student_after=1, is_withdrawn=False)
    refused = Provenance(0, 1, REFUSED, student_after=None, is_withdrawn=False)
    places, off = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([False, True])
    chunk = round_chunk([learnt, refused], ROUND, places, off, ["edits"])
    assert chunk == round_chunk([learnt, refused], ROUND, places, off, ["edits"])
    assert chunk["id"] != round_chunk([learnt, refused], ROUND, places + 1, off, ["edits"])["id"]
    assert np.frombuffer(b64decode(chunk["places"]), "<f4").tolist() == [0, 1, 2, 3]
    assert bytes_of(chunk["shapes"]) == [1, 2]  # accepted; refused and off the map
    codes = {name: bytes_of(text) for name, text in chunk["codes"].items()}
    assert codes["verdict"] == [0, 1]
    assert codes["label"] == [1, 255]
    assert codes["student"] == [1, 255]  # it disagreed, and learnt it
    assert codes["confidence"] == [3, 255]
    assert chunk["texts"] == ["a new text", "another"]


def test_the_view_is_small_and_names_its_chunks() -> None:
    dev = dev_chunk(np.zeros((2, 2)), ["one", "two"], [0, 1])
    ways = colourings("dark", ["bad", "good"], ["edits"], rounds=1)
    view = map_view([dev], [row(0, 1)], ways, theme="dark", alt="a map")
    assert view["chunks"] == [dev["id"]]
    assert [way["name"] for way in view["colourings"]] == [
        *("verdict", "label", "round", "sampler", "confidence", "student"),
    ]
    many = colourings("light", [f"class {k}" for k in range(77)], ["edits"], rounds=1)[1]
    assert [entry.text for entry in many.entries][-1] == "other classes"
    assert len(many.entries) == 8
