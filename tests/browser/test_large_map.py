"""A map of so many points that most of them are drawn as density."""

import pytest
from dashboard import Reader
from playwright.sync_api import expect

from benchmarks.front.map_page import DEV, ROUNDS, map_page

pytestmark = pytest.mark.browser

POINTS = 250_000
SAMPLED = (POINTS - DEV) // ROUNDS * ROUNDS

DENSITY = """stage => {
  const under = stage.querySelector("canvas");
  const { data } = under.getContext("2d").getImageData(0, 0, under.width, under.height);
  return data.filter((value, k) => k % 4 === 3 && value > 0).length;
}"""


@pytest.mark.parametrize(("points", "is_density"), [(20_000, False), (POINTS, True)])
def test_only_a_large_map_is_density(browser, tmp_path, points, is_density):
    page = browser.new_page()
    page.goto(written(tmp_path, points))
    expect(page.locator(".bort-map[data-drawn]")).to_be_visible()
    legend = page.locator(".bort-map-legend")
    expect(legend).to_contain_text("refused")
    assert ("as density" in legend.inner_text()) == is_density
    painted(page)
    assert (page.locator(".bort-map-stage").evaluate(DENSITY) > 1000) == is_density
    page.close()


def test_a_lasso_around_a_large_map_selects_every_sampled_point(browser, tmp_path):
    page = browser.new_page()
    page.goto(written(tmp_path, POINTS))
    expect(page.locator(".bort-map[data-drawn]")).to_be_visible()
    page.get_by_role("button", name="Zoom out").click()
    page.get_by_role("button", name="Lasso").click()
    stage = page.locator(".bort-map-stage")
    reader = Reader(page, "")
    box = reader.box_at_rest(stage)
    right, bottom = box.width - 3, box.height - 3
    reader.drag(stage, (3, 3), (right, 3), (right, bottom), (3, bottom))
    expect(page.get_by_text(f"selected: {SAMPLED}")).to_be_visible()
    page.close()


def written(folder, points):
    """The address of a file with the map."""
    file = folder / "map.html"
    file.write_text(map_page(points), "utf-8")
    return file.as_uri()


def painted(page):
    """Wait for a frame after the one that draws what was asked for."""
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
