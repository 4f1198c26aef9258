"""A pick in a cold link, by the keys of the table, by the triangle: the same, and it stays.

The stories of a search, of choosing and of the view in space pick by a row, a panel, a line and a
click in 3-D.
"""

import re

import pytest
from dashboard import serving
from made_up_study import fill
from playwright.sync_api import TimeoutError, expect
from test_search_story import MARKS, click_mark

from bort.storage import open_store
from bort.studies.answers import read_answer

pytestmark = pytest.mark.browser

STUDY = "made-up"


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    """A home with a study; returns it with the architectures of the front."""
    home = tmp_path_factory.mktemp("home")
    with open_store(f"sqlite:///{home / 'bort.db'}") as store:
        fill(store, STUDY, budget=24)
        return home, [point.id for point in read_answer(store, STUDY).front]


@pytest.fixture(scope="module")
def address(front):
    with serving(front[0]) as started:
        yield started


def test_a_finger_picks_a_mark(address, browser):
    context = browser.new_context(viewport={"width": 800, "height": 1000}, has_touch=True)
    page = context.new_page()
    page.goto(f"{address}/pareto?study={STUDY}")
    chart = page.locator(".bort-chart[data-drawn=true]").first
    expect(chart).to_be_visible(timeout=120_000)
    marks = chart.locator(".scatterlayer .point")
    for attempt in range(5):  # until the page has come to rest
        marks.nth(3).scroll_into_view_if_needed()
        box = marks.nth(3).bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        try:
            page.wait_for_url(re.compile("pick="), timeout=10_000)
            break
        except TimeoutError:
            assert attempt < 4
    context.close()


def test_a_pick_in_a_cold_link_stays(front, visit):
    with serving(front[0]) as address, visit(address) as reader:
        pick = front[1][1]
        reader.open_first(f"/pareto?study={STUDY}&pick={pick}", "Pareto front", charts=5)
        expect(reader.detail()).to_have_text(pick)
        slider = reader.page.get_by_role("slider", name="ε")
        before = slider.get_attribute("aria-valuetext")
        slider.press("ArrowRight")
        reader.page.wait_for_url(re.compile("epsilon="))
        reader.settle()
        after = slider.get_attribute("aria-valuetext")
        assert after != before
        for go, value in ((reader.page.go_back, before), (reader.page.go_forward, after)):
            go()
            stands = reader.page.locator(f"[aria-valuetext='{value}']")
            expect(slider.and_(stands)).to_be_attached()
            reader.settle()
        asked = reader.query()
        assert asked["pick"] == [pick]
        reader.page.reload()
        shows(reader, asked)
        reader.page.get_by_role("navigation").get_by_role("link", name="Models").click()
        expect(reader.page.get_by_role("heading", level=1)).to_have_text("Models")
        reader.settle()
        reader.page.go_back()
        shows(reader, asked)
        with visit(address) as colleague:  # another browser, without anything of this one
            colleague.page.goto(reader.page.url)
            shows(colleague, asked)


def shows(reader, asked):
    """The front shows the pick, with the same question in the address."""
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Pareto front")
    expect(reader.detail()).to_have_text(asked["pick"][0])
    reader.settle()
    assert reader.query() == asked


def test_arrows_pick_rows_of_the_table_and_enter_keeps_the_pick(front, address, visit):
    with visit(address) as reader:
        reader.open(f"/pareto?study={STUDY}")
        expect(reader.charts()).to_have_count(5)
        keys = reader.page.keyboard
        table = reader.page.get_by_test_id("stDataFrame").first
        expect(table.locator("canvas tbody tr").first).to_be_attached()
        table.get_by_test_id("data-grid-canvas").focus()
        first, second, third = front[1][:3]
        for name in (second, third):  # the keys begin at the first row
            keys.press("ArrowDown")
            picked(reader, name)
        keys.press("Enter")  # shows the whole cell
        keys.press("Escape")
        picked(reader, third)
        for name in (second, first):
            keys.press("ArrowUp")
            picked(reader, name)


def test_a_dot_of_the_weight_triangle_picks(front, address, visit):
    with visit(address) as reader:
        reader.open(f"/pareto?study={STUDY}")
        expect(reader.charts()).to_have_count(5)
        triangle = reader.charts().last
        triangle.scroll_into_view_if_needed()
        names = [mark["id"] for mark in triangle.evaluate(MARKS)]
        assert set(names) <= set(front[1])
        click_mark(reader, triangle, names[0])
        picked(reader, names[0])


def picked(reader, name):
    """The address, the panel beside the charts and no other say what is picked."""
    reader.page.wait_for_url(f"**pick={name}*")
    expect(reader.detail()).to_have_text(name)
    reader.settle()
    assert reader.query()["pick"] == [name]
