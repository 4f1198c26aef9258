"""A run of Agora on texts, from the empty form to its map: what a person does with the page."""

import re
import time

import pytest
import tiny
from dashboard import PATIENCE_S, held
from playwright.sync_api import expect

from bort.core.progress import Stage

pytestmark = pytest.mark.browser

ROUNDS = 3
RATES = 2

PIXELS = "holder => holder.querySelectorAll('canvas')[1].toDataURL()"

# A chart's values by the names in its legend.
TRACES = """holder => Object.fromEntries(holder.data.filter(trace => trace.name).map(
  trace => [trace.name, Array.from(trace.y)]))"""

# A table's headings and its visible rows, read at once: it may be drawn anew at any moment.
CELLS = """table => {
  const texts = (place, what) => Array.from(place.querySelectorAll(what), (one) => one.textContent);
  const rows = Array.from(table.querySelectorAll("canvas tbody tr"), (row) => texts(row, "td"));
  return [texts(table, "canvas th"), rows];
}"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Prepare what the person needs: a task and a source network."""
    folder = tmp_path_factory.mktemp("agora")
    tiny.write_source(folder / "source")
    mislabel(tiny.write_task(folder / "reviews.csv", rows=300))
    return folder


def mislabel(path):
    """Flip every seventh label, so that every student makes errors."""
    heading, *lines = path.read_text("utf-8").splitlines()
    for number in range(0, len(lines), 7):
        text, label = lines[number].rsplit(",", 1)
        lines[number] = f"{text},{'bad' if label == 'good' else 'good'}"
    path.write_text("\n".join([heading, *lines]) + "\n", encoding="utf-8")


def test_from_the_form_to_the_map(place, address, visit):
    with visit(address) as reader:
        reader.open("/agora")
        fill_in(reader, place)
        reader.page.get_by_role("button", name="Start Agora").click()
        watch(reader, place)
        read_rounds(reader)
        read_points(reader)
        read_map(reader)
        correct(reader)
        job = reader.query()["job"]
        reader.page.reload()
        reader.settle()
        expect(drawn_map(reader)).to_be_visible()
        assert reader.query()["job"] == job
        expect(reader.page.get_by_text("is done")).to_be_visible()
        launch(reader)


def fill_in(reader, place):
    reader.choose("Task", "a file to upload")
    reader.upload("CSV, TSV, JSONL or Parquet", place / "reviews.csv")
    reader.write("Labelled training texts", "60")
    reader.write("Depth-heads-hidden-intermediate", "1-2-16-32")
    reader.write("Rounds at most", str(ROUNDS))
    reader.page.get_by_text("Advanced: name, seed, training, labels").click()
    reader.write("Name", "story")
    reader.write("Steps per round", "120")
    reader.write("Steps of the last student", "120")
    reader.write("Learning rates, Θ", "0.003,0.001")
    reader.write("Source network", str(place / "source"))
    reader.write("CPU threads", "1")
    expect(reader.problems()).to_have_count(0)
    expect(reader.page.get_by_text("steps at most")).to_be_visible()


def watch(reader, place):
    """The job appears, shows its rounds while it runs, and ends."""
    page = reader.page
    with held(place, once=has_round):
        expect(page.get_by_text("is running")).to_be_visible()
        expect(page.get_by_test_id("stProgress")).to_be_visible()
        expect(page.get_by_text(re.compile(r"Round \d: dev error")).first).to_be_visible()
        expect(drawn_map(reader)).to_be_visible()
        so_far = set(range(1, ROUNDS + 1))
        traces(reader.charts().first, lambda found: {len(y) for y in found.values()} <= so_far)
    expect(page.get_by_text("is done")).to_be_visible(timeout=3000 * PATIENCE_S)
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    reader.settle()
    expect(reader.problems()).to_have_count(0)


def has_round(store, job):
    is_told = job.progress.stage is Stage.AGORA_ROUND and "round" in job.progress.numbers
    return is_told and len(store.agora_rounds(job.id)) > 1


def drawn_map(reader):
    """The map, once it is drawn."""
    return reader.page.locator(".bort-map[data-drawn]")


def read_rounds(reader):
    """Errors, accepted and refused points, coverage: charts with one cursor, and a table."""
    expect(reader.page.get_by_text(re.compile("points since round 0"))).to_be_visible()
    whole = ROUNDS + 1  # once the last round is painted
    found = traces(
        reader.charts().first,
        lambda found: {len(y) for name, y in found.items()} == {whole},
    )
    assert {"dev, used by Agora", "audit, never used", "accepted", "coverage"} <= set(found)
    assert sum(found["accepted"]) > 0
    table, give_up = reader.page.get_by_test_id("stDataFrame").nth(1), time.monotonic() + PATIENCE_S
    table.scroll_into_view_if_needed()
    while len(rows := cells(table)) < whole and time.monotonic() < give_up:
        reader.page.wait_for_timeout(100)  # it is painted after the charts
    assert [row["accepted"] for row in rows] == [f"{n}" for n in found["accepted"]]
    assert [row["surviving"].count(",") for row in rows][:1] == [0]  # one of two was dropped


def read_points(reader):
    """A click anywhere on a row shows the point beside its parent, and marks it on the map."""
    table = reader.page.get_by_test_id("stDataFrame").first
    expect(table.locator("canvas td").first).to_be_attached()
    reader.settle()
    reader.box_at_rest(table)
    first = cells(table)[0]
    table.click(position={"x": 150, "y": 35 + 17})
    page = reader.page
    expect(page.get_by_text(f"point {first['point']}", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("its parent, dev item"))).to_be_visible()
    assert reader.query()["point"] == [first["point"]]
    whole = page.locator(".bort-changed").inner_text()
    assert whole.split() == first["generated"].split()


def read_map(reader):
    """The map plays and steps without moving a dev item; its cursor is that of the charts."""
    page, shown = reader.page, drawn_map(reader)
    expect(page.get_by_text("nearest items are among the nearest here")).to_be_visible()
    where, forth = shown.locator(".bort-map-where"), page.get_by_role("button", name="Step forward")
    slider = page.get_by_role("slider", name="Round")
    expect(slider).to_have_count(1)  # the map of the run before its end is gone
    slider.press("Home")
    expect(where).to_have_text(f"round 0 of {ROUNDS}")
    expect(page.locator(".bort-map-said")).to_contain_text("sampled near them")
    before = shown.evaluate(PIXELS)
    page.get_by_role("button", name="Play the rounds").click()
    expect(where).to_have_text(f"round {ROUNDS} of {ROUNDS}")
    expect(forth).to_be_disabled()
    page.wait_for_function(f"() => location.search.includes('round={ROUNDS}')")
    cursor = "holder => holder.layout.shapes[0].x0"
    assert reader.charts().first.evaluate(cursor) == ROUNDS
    page.get_by_role("button", name="Step back").click()
    expect(where).to_have_text(f"round {ROUNDS - 1} of {ROUNDS}")
    page.get_by_role("slider", name="Round").press("Home")
    page.get_by_role("button", name="Trail").click()
    assert len(before) > 100
    marks = re.compile(r"<(circle|path) ")
    assert len(marks.findall(saved(page, "SVG").decode())) > 20
    assert saved(page, "PNG").startswith(b"\x89PNG")
    page.get_by_role("combobox", name="Colour by").select_option("student")
    expect(
        shown.get_by_role("button", name=re.compile("agreed already|learnt it|disagrees")).first
    ).to_be_visible()


def saved(page, button):
    """What the browser keeps after a click on a button of the map."""
    with page.expect_download() as started:
        page.get_by_role("button", name=button, exact=True).first.click()
    return started.value.path().read_bytes()


def correct(reader):
    """A lasso selects points, the table shows them, and one is rejected."""
    page = reader.page
    page.get_by_role("button", name="Lasso").click()
    stage = page.locator(".bort-map-stage")
    box = reader.box_at_rest(stage)
    right, bottom = box.width - 8, box.height - 8
    reader.drag(stage, (4, 4), (right, 4), (right, bottom), (4, bottom))
    expect(page.get_by_text(re.compile(r"points are selected"))).to_be_visible()
    reader.settle()
    page.get_by_role("button", name=re.compile("^Reject")).click()
    expect(page.get_by_text("Your corrections")).to_be_visible()
    expect(page.get_by_role("button", name="Replay with corrections")).to_be_enabled()
    page.get_by_role("button", name="Clear the selection").click()
    expect(page.get_by_text(re.compile(r"points are selected"))).to_have_count(0)


def launch(reader):
    """What was accepted leads to a fine-tuning, with its cost first."""
    page = reader.page
    page.get_by_text("Fine-tune the student on them").click()
    expect(page.get_by_text(re.compile("steps in all, at most"))).to_be_visible()
    reader.settle()
    page.get_by_role("button", name="Launch fine-tuning").click()
    page.wait_for_url(re.compile("/models.*job="))
    expect(page.get_by_text(re.compile(r"Study story\. Job \d+ is running"))).to_be_visible()
    expect(reader.problems()).to_have_count(0)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile(r"Job \d+ (was )?cancelled"))).to_be_visible()


def traces(chart, is_there):
    """Return a chart's values once `is_there` accepts them: charts come after the page."""
    give_up = time.monotonic() + PATIENCE_S
    while not is_there(found := chart.evaluate(TRACES)):
        assert time.monotonic() < give_up, found
        time.sleep(0.1)
    return found


def cells(table):
    """Return the visible rows of a table, by its column headings."""
    expect(table.locator("canvas td").first).to_be_attached()
    headings, rows = table.evaluate(CELLS)
    return [dict(zip(headings, row, strict=True)) for row in rows]
