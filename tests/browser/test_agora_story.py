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

# A chart's values by the names in its legend.
TRACES = """holder => Object.fromEntries(holder.data.filter(trace => trace.name).map(
  trace => [trace.name, Array.from(trace.y)]))"""


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
        reader.page.reload()
        reader.settle()
        expect(reader.charts()).to_have_count(2)
        assert reader.query() == {"job": ["1"]}
        expect(reader.page.get_by_text("is done")).to_be_visible()


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
        expect(reader.charts()).to_have_count(2)
        so_far = set(range(1, ROUNDS + 1))
        traces(reader.charts().first, lambda found: {len(y) for y in found.values()} <= so_far)
    expect(page.get_by_text("is done")).to_be_visible(timeout=3000 * PATIENCE_S)
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    reader.settle()
    expect(reader.problems()).to_have_count(0)


def has_round(store, job):
    is_told = job.progress.stage is Stage.AGORA_ROUND and "round" in job.progress.numbers
    return is_told and len(store.agora_rounds(job.id)) > 1


def read_rounds(reader):
    """Errors, accepted and refused points, surviving hyperparameters: charts, figures, table."""
    audit = reader.page.get_by_test_id("stMetric").filter(has_text="Audit error")
    expect(audit).to_contain_text("points since round 0")
    left, right = reader.charts().nth(0), reader.charts().nth(1)
    whole = {ROUNDS + 1}  # all curves and bars, once the last round is painted
    errors = traces(left, lambda found: {len(curve) for curve in found.values()} == whole)
    points = traces(right, lambda found: {len(bars) for bars in found.values()} == whole)
    assert set(errors) == {"dev, used by Agora", "audit, never used"}
    assert all(0 <= error <= 1 for curve in errors.values() for error in curve)
    assert sum(points["accepted"]) > 0
    table, give_up = reader.page.get_by_test_id("stDataFrame").first, time.monotonic() + PATIENCE_S
    while len(rows := cells(table)) <= ROUNDS and time.monotonic() < give_up:
        reader.page.wait_for_timeout(100)  # it is painted after the charts
    assert [row["accepted"] for row in rows] == [f"{n}" for n in points["accepted"]]
    assert [row["surviving"].count(",") for row in rows][:1] == [0]  # one of two was dropped


def read_points(reader):
    """The list of points, and one of them next to its parent."""
    table = reader.page.get_by_test_id("stDataFrame").nth(1)
    first = cells(table)[0]
    table.scroll_into_view_if_needed()
    table.click(position={"x": 18, "y": 35 + 17})
    page = reader.page
    expect(page.get_by_text(f"point {first['point']}", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("its parent, dev item"))).to_be_visible()
    texts = page.get_by_test_id("stText")
    expect(texts.first).to_have_text(first["generated"])
    expect(texts.nth(1)).to_have_text(first["parent, a dev error"])


def read_map(reader):
    """Both maps are in the run's space, and dev items do not move."""
    page = reader.page
    page.get_by_text("Map of the data", exact=True).click()
    expect(reader.charts()).to_have_count(3)
    expect(page.get_by_text("the source network's sentence vectors")).to_be_visible()
    drawn = reader.charts().nth(2)
    plane = traces(drawn, bool)
    groups = {name.split(" (")[0] for name in plane}
    assert {"dev, right", "dev, wrong", "accepted"} <= groups
    page.get_by_role("button", name="t-SNE").or_(page.get_by_role("radio", name="t-SNE")).click()
    expect(page.get_by_text("neighbours stay neighbours")).to_be_visible()
    reader.settle()
    before = dev(traces(drawn, lambda found: dev(found) != dev(plane)))
    page.get_by_role("slider", name="Round").press("ArrowRight")
    expect(page.get_by_role("img", name=re.compile("sampled in round 1"))).to_be_visible()
    reader.settle()
    traces(drawn, lambda found: dev(found) == before)


def traces(chart, is_there):
    """Return a chart's values once `is_there` accepts them: charts come after the page."""
    give_up = time.monotonic() + PATIENCE_S
    while not is_there(found := chart.evaluate(TRACES)):
        assert time.monotonic() < give_up, found
        time.sleep(0.1)
    return found


def dev(traces):
    """Return the heights of all dev items on a map."""
    groups = (heights for name, heights in traces.items() if name.startswith("dev"))
    return sorted(height for heights in groups for height in heights)


def cells(table):
    """Return the visible rows of a table, by its column headings."""
    expect(table.locator("canvas td").first).to_be_attached()
    headings = table.locator("canvas th").all_text_contents()
    rows = table.locator("canvas tbody tr").all()
    found = [row.locator("td").all_text_contents() for row in rows]
    return [dict(zip(headings, row, strict=True)) for row in found]
