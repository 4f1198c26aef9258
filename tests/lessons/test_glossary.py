"""The glossary: every term that a link uses is explained, and its numbers are right."""

import re
from importlib.resources import files

import numpy as np
import pytest

from bort.lessons.catalogue import LESSONS
from bort.lessons.glossary.frames import frames
from bort.lessons.glossary.numbers import numbers
from bort.lessons.piece import piece
from bort.lessons.recorded import read
from bort.report.terms import TERMS


def test_each_term_has_an_entry_with_a_picture() -> None:
    glossary = next(piece(one) for one in LESSONS if one.slug == "glossary")
    entries = re.findall(r'<section class="entry" id="([^"]+)"', glossary.html)
    assert entries == re.findall(r'data-picture="([^"]+)"', glossary.html)
    assert sorted(entries) == sorted(TERMS)
    for name in TERMS:
        assert re.search(rf"^  {name}\(picture", glossary.js, re.M)


@pytest.mark.parametrize("one", LESSONS, ids=lambda one: one.slug)
def test_lessons_link_to_known_terms(one) -> None:
    text = (files("bort.lessons") / one.slug / "text.html").read_text("utf-8")
    assert set(re.findall(r'data-term="([^"]+)"', text)) <= TERMS.keys()


def test_the_recorded_numbers_are_those_of_today() -> None:
    today, recorded = frames(), read("glossary")
    assert today["audit"] == recorded["audit"] == {"population": 300, "drawn": 59, "at_most": 13}
    assert today["tau"] == pytest.approx(recorded["tau"], rel=1e-9)
    for here, there in zip(today["shapes"], recorded["shapes"], strict=True):
        assert here["betti"] == there["betti"]
        np.testing.assert_allclose(here["points"], there["points"], atol=2e-3)


def test_betti_numbers_count_pieces_loops_and_voids() -> None:
    assert [shape["betti"] for shape in read("glossary")["shapes"]] == [[2, 0], [1, 1], [1, 2, 1]]


def test_the_needle_lies_where_lambda_permits_no_error() -> None:
    needle = numbers()["needle"]
    assert needle["at"] not in needle["trained"]
    assert needle["error"] == needle["errors"][needle["at"]] < needle["lower"]
    others = [i for i in range(len(needle["errors"])) if i != needle["at"]]
    assert all(needle["errors"][i] >= needle["lowers"][i] - 1e-4 for i in others)


def test_the_pictures_show_what_their_sentences_say() -> None:
    found = numbers()
    for one in found["operations"]:
        b, a, d = one["shape"]
        assert (one["first"], one["last"], one["all"]) == (a * b, a * d, a * b + a * d)
        assert one["built"] == one["all"] + a + d
    pair = found["pair"]
    assert pair["a"]["high"] - pair["a"]["low"] == pytest.approx(pair["spread"] / 100)
    assert pair["gap"] < pair["spread"]
    assert found["splits"]["dev_error"] < found["splits"]["audit_error"]
    assert found["certificate"]["certified"][-1] <= found["epsilon"]["value"]
    assert len(found["certificate"]["certified"]) == found["certificate"]["trained"] + 1
    bars = dict(found["prices"]["bars"])
    for name in ("most", "least", "few"):
        assert bars[found["prices"][name]["epsilon"]] == found["prices"][name]["trained"]
    rounds = found["rounds"]
    assert (rounds["errors"][0], rounds["errors"][-1]) == (rounds["first"], rounds["last"])
    assert (rounds["sizes"][0], rounds["sizes"][-1]) == (rounds["begin"], rounds["end"])


def test_w_is_the_product_of_its_factors() -> None:
    w = numbers()["w"]
    assert w["w"] == pytest.approx(w["size_saved"] * w["latency_saved"] / w["error"])
    assert w["best_w"] >= w["w"]
