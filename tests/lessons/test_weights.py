"""Lesson 5: what the triangle shows is what the search's W says."""

import numpy as np
import pytest

from bort.lessons.weights.numbers import PAPER, STEPS, grid, log_w_on_grid, numbers, recorded
from bort.search.w_coefficient import w_coefficient


@pytest.fixture(scope="module")
def found() -> dict:
    return numbers()


def test_the_grid_has_the_searchs_w() -> None:
    family, weights = recorded(), grid()
    w = log_w_on_grid(family)
    assert w.shape == (len(weights), len(family.ids)) == (5151, 96)
    for row in range(0, len(weights), 37):
        one = w_coefficient(family.size, family.latency, family.error, weights=weights[row])
        assert np.exp(w[row]) == pytest.approx(one, rel=1e-9, abs=1e-300)


def test_each_region_is_where_its_network_wins(found: dict) -> None:
    family = recorded()
    for region in found["regions"]:
        w = family.log_w([3 * share for share in region["centre"]])
        assert int(w.argmax()) == region["row"]
    assert sum(region["share"] for region in found["regions"]) == pytest.approx(1)


def test_every_winner_is_on_the_front(found: dict) -> None:
    rows = found["rows"]
    assert all(rows[region["row"]]["front"] for region in found["regions"])
    assert found["fronts"] == sum(row["front"] for row in rows)
    assert found["never"] == found["fronts"] - found["winners"] > 0


def test_the_papers_w_has_no_weights(found: dict) -> None:
    family, paper = recorded(), found["paper"]
    w = w_coefficient(family.size, family.latency, family.error, weights=PAPER)
    assert paper["w"] == pytest.approx(w.max())
    size, latency = 1 - family.size / family.size.max(), 1 - family.latency / family.latency.max()
    assert (size * latency / family.error).max() == pytest.approx(w.max())
    assert found["largest"]["w"] == 0


def test_the_walk_ends_at_the_lowest_error(found: dict) -> None:
    walk, rows = found["walk"], found["rows"]
    assert [step["error"] for step in walk] == list(range(0, STEPS + 1, 2))
    assert rows[walk[-1]["row"]]["error"] == min(row["error"] for row in rows)
