"""A newcomer chooses: limits, a suggestion with its reason, the same pick by other ways."""

import re
from collections import Counter
from xml.etree import ElementTree

import pytest
from dashboard import serving
from made_up_study import fill
from playwright.sync_api import expect
from test_search_story import MARKS, click_mark

from bort.storage import open_store

pytestmark = pytest.mark.browser

STUDY = "made-up"
BUDGET = 24
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with open_store(f"sqlite:///{home / 'bort.db'}") as store:
        fill(store, STUDY, budget=BUDGET)
    with serving(home) as started:
        yield started


def test_from_nothing_to_this_one_because(address, visit):
    with visit(address) as reader:
        reader.open(f"/pareto?study={STUDY}")
        expect(reader.charts()).to_have_count(5)
        assert main_chart_is_on_the_first_screen(reader)
        reader.write("Network at most, ms", "1")
        reader.page.wait_for_url("**at-most=%2C1%2C*")
        left = reader.page.get_by_text(re.compile(r"\d+ of \d+ trained architectures are left\."))
        expect(left).to_be_visible()
        best = suggestion(reader, "the lowest error within your limits")
        best.click()
        reader.page.wait_for_url("**pick=*")
        reader.settle()
        expect(reader.detail()).to_have_text(reader.query()["pick"][0])
        expect(reader.page.get_by_text(re.compile("^Saving .* costs "))).not_to_have_count(0)
        see_the_same_after_the_menu_and_in_a_second_tab(reader)


def test_by_keyboard_alone_from_the_first_page_to_a_pick(address, visit):
    with visit(address) as reader:
        keys = reader.page.keyboard
        reader.open("/")
        reader.tab_to(reader.page.get_by_role("button", name="Explore its Pareto front"))
        keys.press("Enter")
        expect(reader.page.get_by_role("heading", level=1)).to_have_text("Pareto front")
        expect(reader.charts()).to_have_count(5)
        reader.tab_to(reader.page.get_by_label("Network at most, ms", exact=True))
        keys.type("1")
        keys.press("Enter")
        reader.page.wait_for_url("**at-most=%2C1%2C*")
        reader.settle()  # the suggestions are drawn anew, and would lose the focus
        because = "the lowest error within your limits"
        reader.tab_to(suggestion(reader, because), at_most=90)
        suggested = suggestion(reader, because).inner_text().strip()
        keys.press("Enter")
        expect(reader.detail()).to_have_text(suggested)
        reader.page.wait_for_url(f"**pick={suggested}*")


def main_chart_is_on_the_first_screen(reader):
    reader.page.set_viewport_size({"width": 1280, "height": 800})
    box = reader.charts().first.bounding_box()
    return box["y"] + box["height"] < 800


def suggestion(reader, reason):
    """The button of the suggestion with this reason."""
    panel = reader.page.locator(".st-key-sticky")
    row = panel.locator("[class*=st-key-suggestion-]")
    return row.filter(has_text=re.compile(reason, re.IGNORECASE)).get_by_role("button").first


def see_the_same_after_the_menu_and_in_a_second_tab(reader):
    asked = reader.query()
    menu = reader.page.get_by_role("navigation")
    menu.get_by_role("link", name="Models").click()
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Models")
    reader.settle()
    menu.get_by_role("link", name="Pareto front").click()
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Pareto front")
    reader.settle()
    assert reader.query() == asked
    second = reader.page.context.new_page()
    second.goto(reader.page.url)
    detail = second.locator(".st-key-sticky .bort-name")
    expect(detail).to_have_text(asked["pick"][0])
    expect(second.get_by_label("Network at most, ms", exact=True)).to_have_value("1")
    second.close()


def test_somebodys_results_from_a_file_to_a_choice(address, visit, tmp_path):
    file = tmp_path / "bench.csv"
    file.write_text(results(), "utf-8")
    with visit(address) as reader:
        reader.open("/pareto")
        reader.page.get_by_role("button", name="Your own results").click()
        reader.page.locator("input[type=file]").set_input_files(file)
        expect(reader.page.get_by_role("combobox", name="Column of the error")).to_be_visible()
        more = reader.page.get_by_role("switch", name="Accuracy: more is better")
        expect(more.or_(reader.page.get_by_label("Accuracy: more is better")).first).to_be_checked()
        reader.page.get_by_role("button", name="Show the front").click()
        expect(reader.charts()).to_have_count(5)
        reader.write("Latency at most", "0.5")
        expect(reader.page.get_by_text("7 of 9 rows are left.")).to_be_visible()
        suggestion(reader, "the lowest error within your limits").click()
        reader.page.wait_for_url("**pick=*")
        reader.settle()
        picked = reader.query()["pick"][0]
        assert picked == NAMED_MARKUP
        expect(reader.detail()).to_have_text(picked)
        second = reader.page.context.new_page()
        second.goto(reader.page.url)
        expect(second.locator(".st-key-sticky .bort-name")).to_have_text(picked)
        second.close()
        the_report_opens_from_disk(reader, tmp_path / "front.html", picked)


def the_report_opens_from_disk(reader, file, picked):
    with reader.page.expect_download() as started:
        reader.page.get_by_role("button", name="Download as one HTML file").click()
    started.value.save_as(file)
    assert file.stat().st_size < 8_000_000
    asked = []
    page = reader.page.context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    expect(page.locator(".plot-container")).to_have_count(4)
    expect(page.get_by_text(f"Picked: {picked}")).to_be_visible()
    with page.expect_download() as saved:
        page.locator("button.csv[data-table=points]").click()
    saved.value.save_as(file.with_suffix(".csv"))
    assert len(file.with_suffix(".csv").read_text("utf-8").splitlines()) == 1 + 9
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    page.close()


NAMED_MARKUP = "<b>net</b> ![x](http://outside.example/x.png) $a$ <script>1</script>"


def results():
    rows = ["name,depth,width,params,latency_ms,accuracy"]
    for depth in (1, 2, 4):
        for width in (16, 64, 256):
            name = NAMED_MARKUP if (depth, width) == (1, 256) else f"net-{depth}-{width}"
            accuracy = 95 - 60 / (depth**0.2 * width) ** 0.5
            latency = 0.1 * depth + width / 700
            rows.append(
                f"{name},{depth},{width},{1000 * depth * width},{latency:.3f},{accuracy:.2f}"
            )
    return "\n".join(rows)


def test_where_nothing_meets_the_limits_the_nearest_can_be_picked(address, visit):
    with visit(address) as reader:
        reader.open(f"/pareto?study={STUDY}&at-most=1,0.01,1")
        said = reader.page.get_by_text("Nothing meets them: the nearest is")
        expect(said).to_be_visible()
        button = suggestion(reader, "nearest to your limits")
        name = button.inner_text()
        expect(said).to_contain_text(name)
        button.click()
        reader.page.wait_for_url(f"**pick={name}*")


def test_parallel_axes_and_a_panel_pick_the_same(address, visit):
    with visit(address) as reader:
        reader.open(f"/pareto?study={STUDY}&view=axes")
        lines = reader.page.locator(".bort-parallel[data-drawn]")
        expect(lines).to_be_visible()
        by_line = pick_a_line(reader, lines)
        svg = ElementTree.fromstring(saved(reader, "Save as SVG"))
        described = lines.locator("svg").get_attribute("aria-label")
        assert f": {len(svg.findall('{*}polyline'))} trained architectures" in described
        assert "dev error (%)" in {text.text for text in svg.findall(".//{*}text")}
        assert saved(reader, "Save as PNG").startswith(PNG)
        reader.page.get_by_role("radio", name="Panels").click()
        expect(reader.charts()).to_have_count(5)
        assert saved(reader, "Save as PNG").startswith(PNG)
        assert b"<svg" in saved(reader, "Save as SVG")
        reader.settle()
        assert reader.query()["pick"] == [by_line]
        marks = reader.charts().first.evaluate(MARKS)
        spots = Counter((round(m["x"]), round(m["y"])) for m in marks)  # some differ in heads alone
        alone = [m["id"] for m in marks if spots[round(m["x"]), round(m["y"])] == 1]
        aimed = by_line if by_line in alone else alone[0]
        other = next(m["id"] for m in marks if m["id"] != aimed)
        reader.open(f"/pareto?study={STUDY}&pick={other}")
        expect(reader.charts()).to_have_count(5)
        click_mark(reader, reader.charts().first, aimed)
        expect(reader.detail()).to_have_text(aimed)


def saved(reader, title):
    """What the browser keeps after a click on a button with this title or name."""
    button = reader.page.locator(f'[data-title="{title}"], .bort-save:text-is("{title}")').first
    with reader.page.expect_download() as started:
        button.evaluate("button => button.click()")
    return started.value.path().read_bytes()


def pick_a_line(reader, lines):
    """Brush the first axis, then pick by arrow and Enter; returns the architecture."""
    height = reader.box_at_rest(lines).height
    reader.drag(lines, (80, height - 14), (80, height / 2 + 16))
    expect(
        reader.page.get_by_text(re.compile(r"\d+ of \d+ pass through the brushes"))
    ).to_be_visible()
    svg = lines.locator("svg")
    svg.focus()
    svg.press("ArrowRight")
    said = reader.page.locator("output.bort-note")
    expect(said).to_have_text(re.compile(r"^[\d-]+: "))
    name = said.inner_text().split(":")[0]
    svg.press("Enter")
    reader.page.wait_for_url(f"**pick={name}*")
    reader.settle()
    expect(reader.detail()).to_have_text(name)
    return name
