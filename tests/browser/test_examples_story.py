"""The finished examples, as a newcomer sees them: a front, a run of Agora on the torus, a model.

With `BORT_PICTURES` set to a folder, the story's pictures for README and documents are kept there.
"""

import os
from pathlib import Path

import pytest
from dashboard import serving
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("BORT_PICTURES")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("home")) as started:
        yield started


def test_the_examples_can_be_explored_without_any_work(address, visit):
    with visit(address) as reader:
        page = reader.page
        page.set_viewport_size({"width": 1280, "height": 1000})
        reader.open()
        page.get_by_role("button", name="Explore its Pareto front").click()
        expect(reader.charts()).to_have_count(5)
        reader.settle()
        suggestion = page.locator("[class*=st-key-suggestion-]").first
        expect(suggestion).to_contain_text("The smallest whose error is within noise of the lowest")
        suggestion.get_by_role("button").click()
        page.wait_for_url("**pick=*")
        reader.settle()
        expect(reader.detail()).to_have_text(reader.query()["pick"][0])
        keep_picture(reader, "front")

        reader.open()
        page.get_by_role("link", name="torus").click()
        expect(page.locator(".bort-map[data-drawn]")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text("Agora")
        reader.settle()
        keep_picture(reader, "agora")

        reader.open("/models")
        expect(page.get_by_text("A finished example, recorded elsewhere")).to_be_visible()
        expect(reader.charts().first).to_be_visible()
        reader.settle()
        keep_picture(reader, "model")


def keep_picture(reader, name):
    """Keep what is on the screen, if pictures are asked for."""
    if PICTURES:
        reader.page.mouse.move(0, 0)
        reader.page.wait_for_timeout(3000)  # a tooltip fades out, the last chart fades in
        reader.page.screenshot(path=Path(PICTURES) / f"{name}.png")
