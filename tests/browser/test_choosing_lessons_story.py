"""The lessons that end a search: weights, Agora, from a point to a model."""

import numpy as np
import pytest
from learner import answer_all, in_browser, settled_query, value
from playwright.sync_api import expect

from bort.lessons.catalogue import lesson
from bort.lessons.piece import piece
from bort.lessons.weights.numbers import grid, log_w_on_grid, recorded

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("choosing")


def test_the_scripts_w_is_the_searchs(browser):
    each, made = slice(0, None, 17), piece(lesson("weights"))
    found = in_browser(
        browser,
        made.js,
        "({rows, weights}) => weights.map((one) => logW(rows, one).map(Math.exp))",
        {"rows": made.numbers["rows"], "weights": grid()[each].tolist()},
    )
    assert np.array(found) == pytest.approx(np.exp(log_w_on_grid(recorded()))[each])


def test_weights(learner):
    with learner("weights") as (reader, article):
        page = reader.page
        numbers = piece(lesson("weights")).numbers
        expect(value(article, "winner")).to_have_text(numbers["paper"]["id"])
        expect(article.locator("#formula b")).to_have_text(f"{numbers['paper']['w']:.3f}")
        point = article.locator(".place")
        box = point.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 900, steps=6)
        page.mouse.up()
        lowest = min(numbers["rows"], key=lambda row: row["error"])
        expect(value(article, "winner")).to_have_text(lowest["id"])
        settled_query(reader, size=0, latency=0)
        point.focus()
        page.keyboard.press("ArrowDown")
        settled_query(reader, size=1, latency=0)
        page.reload()
        reader.settle()
        expect(value(article, "winner-place")).to_contain_text("1% on size, 0% on latency, 99% on")
        article.get_by_role("button", name="Only latency").click()
        fastest = numbers["rows"][numbers["walk"][0]["row"]]
        expect(value(article, "winner")).to_have_text(fastest["id"])
        article.locator("#walk").get_by_role("button", name="Play").click()
        expect(article.locator("#walk output")).to_have_text("50 / 50")
        expect(value(article, "winner")).to_have_text(lowest["id"])
        never = next(
            row["id"]
            for i, row in enumerate(numbers["rows"])
            if row["front"] and i not in {region["row"] for region in numbers["regions"]}
        )
        article.locator(f'.dot[data-id="{never}"]').dispatch_event("click")
        expect(article.locator("#touched")).to_contain_text("no weights choose it")
        answer_all(article)
