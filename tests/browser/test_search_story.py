"""From an empty form to a picked architecture: what a person does with the dashboard."""

import re
import time

import pytest
import tiny
from dashboard import PATIENCE_S, held, store_url
from made_up_study import made_up_profile
from playwright.sync_api import TimeoutError as TookTooLong
from playwright.sync_api import expect

from bort.families import load_space
from bort.storage import EventCode, open_store

pytestmark = pytest.mark.browser

BUDGET = 8

# Where each trained architecture is drawn, in window pixels.
MARKS = """holder => {
  const { left, top } = holder.getBoundingClientRect();
  const { xaxis, yaxis } = holder._fullLayout;
  return holder.data.filter(trace => trace.customdata).flatMap(trace =>
    Array.from(trace.customdata, (id, i) => ({
      id,
      x: left + xaxis._offset + xaxis.d2p(trace.x[i]),
      y: top + yaxis._offset + yaxis.d2p(trace.y[i]),
    })));
}"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Prepare a space, a task, a source network, and an earlier latency measurement."""
    folder = tmp_path_factory.mktemp("story")
    tiny.write_source(folder / "source")
    tiny.write_task(folder / "reviews.csv")
    profile = made_up_profile(load_space(str(tiny.write_space(folder / "tiny.toml"))))
    with open_store(store_url(folder)) as store:
        store.put_profile(profile.to_dict(), profile.name)
    return folder


def test_from_the_form_to_a_picked_architecture(place, address, visit):
    with visit(address) as reader:
        reader.open_first("/search", "Search", charts=0)
        fill_in(reader, place)
        reader.tab_to(reader.page.get_by_role("button", name="Start the search"))
        reader.page.keyboard.press("Enter")
        watch(reader, place)
        reader.tab_to(reader.page.get_by_role("link", name="Open its Pareto front"))
        reader.page.keyboard.press("Enter")
        read_front(reader)
        in_table = pick_in_table(reader)
        in_chart = pick_in_chart(reader, other_than=in_table)
        reader.page.reload()
        reader.settle()
        expect(reader.charts()).to_have_count(5)
        assert reader.query() == {"study": ["story"], "pick": [in_chart]}
        expect(reader.detail()).to_have_text(in_chart)


def fill_in(reader, place):
    reader.choose("Search space", "my own TOML file")
    reader.upload("Space as TOML", place / "tiny.toml")
    expect(reader.page.get_by_text("16 architectures of")).to_be_visible()
    reader.choose("Task", "a file to upload")
    reader.upload("CSV, TSV, JSONL or Parquet", place / "reviews.csv")
    expect(reader.page.get_by_text(re.compile(r"reviews\.csv: [\d,]+ rows"))).to_be_visible()
    reader.write("Architectures at most", str(BUDGET))
    reader.page.get_by_text("Training: steps, seeds, source network, teacher").click()
    reader.write("Steps per candidate", "100")  # long enough to watch
    reader.write("Source network", str(place / "source"))
    reader.write("Learning rates, Θ", "0.003")
    reader.write("CPU threads", "1")
    reader.page.get_by_text("Latency, name and random seed").click()
    reader.write("Name of the study", "story")
    reader.choose("Profile", "made-up")
    expect(reader.problems()).to_have_count(0)


def watch(reader, place):
    """The job appears, trains while we watch, and ends."""
    page = reader.page
    trained = page.get_by_test_id("stMetric").filter(has_text="Trained")
    with held(place, once=has_trained):
        expect(page.get_by_text("is running")).to_be_visible()
        expect(page.get_by_test_id("stProgress")).to_be_visible()
        expect(trained).to_contain_text(re.compile(rf"[1-{BUDGET - 1}] of {BUDGET} at most"))
    expect(page.get_by_text("is done")).to_be_visible(timeout=3000 * PATIENCE_S)
    reader.settle()
    expect(trained).to_contain_text(f"{BUDGET} of {BUDGET} at most")
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(reader.problems()).to_have_count(0)


def has_trained(store, job):
    return any(event.code is EventCode.TRAINED for event in store.events(job.id))


def read_front(reader):
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Pareto front")
    reader.settle()
    expect(reader.charts()).to_have_count(5)
    assert reader.query() == {"study": ["story"]}
    expect(reader.page.get_by_text("largest W; pick any mark or row")).to_be_visible()


def pick_in_table(reader):
    """Select the first row; returns its architecture."""
    table = reader.page.get_by_test_id("stDataFrame")
    expect(table.locator("canvas tbody tr").first).to_be_attached()
    reader.settle()
    reader.box_at_rest(table)
    table.click(position={"x": 18, "y": 35 + 17})
    return picked(reader)


def pick_in_chart(reader, *, other_than):
    """Click the most isolated mark; returns its architecture."""
    marks = reader.charts().first.evaluate(MARKS)
    assert len({mark["id"] for mark in marks}) == BUDGET
    mark = max((m for m in marks if m["id"] != other_than), key=lambda m: room(m, marks))
    click_mark(reader, reader.charts().first, mark["id"])
    assert picked(reader) == mark["id"]
    return mark["id"]


def click_mark(reader, chart, name):
    """Click a mark until it is picked: a page that moves just then makes a click miss."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        aim_at(reader, chart, name)
        reader.page.mouse.down()
        reader.page.mouse.up()
        try:
            reader.page.wait_for_url(re.compile(f"pick={re.escape(name)}"), timeout=15_000)
        except TookTooLong:
            if time.monotonic() > give_up:
                raise
        else:
            return


def aim_at(reader, chart, name):
    """Keep the pointer on a mark until its own text appears, although the page may move."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        reader.box_at_rest(chart)
        mark = next(m for m in chart.evaluate(MARKS) if m["id"] == name)
        reader.page.mouse.move(mark["x"] - 40, mark["y"])
        reader.page.mouse.move(mark["x"], mark["y"], steps=3)
        try:
            expect(chart.locator(".hoverlayer .hovertext")).to_contain_text(name, timeout=3000)
        except AssertionError:
            if time.monotonic() > give_up:
                raise
        else:
            return


def room(mark, marks):
    """Return the squared distance to the nearest other mark."""
    others = (other for other in marks if other["id"] != mark["id"])
    return min((mark["x"] - o["x"]) ** 2 + (mark["y"] - o["y"]) ** 2 for o in others)


def picked(reader):
    """Return the pick in the address, and check that the panel shows it too."""
    reader.page.wait_for_url(re.compile("pick="))
    pick = reader.query()["pick"][0]
    expect(reader.page.get_by_text("your pick", exact=True).last).to_be_visible()
    expect(reader.detail()).to_have_text(pick)
    reader.settle()
    return pick
