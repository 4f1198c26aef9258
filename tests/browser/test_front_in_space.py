"""Picking and turning in the 3D view, where plotly itself reports no clicks; crowds of marks."""

import json
import time
from dataclasses import asdict
from itertools import product
from math import hypot
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest
from dashboard import FRAMES, PATIENCE_S, serving
from made_up_study import fill
from playwright.sync_api import TimeoutError as TookTooLong
from playwright.sync_api import expect

from bort.core.table_source import TableSource, digest_of
from bort.storage import open_store

pytestmark = pytest.mark.browser

REACH_PX = 126
STILL = 10  # equal readings, two frames apart
CAMERA = """holder => Object.values(holder._fullLayout.scene._scene.getCamera().eye)
  .map(value => value.toFixed(3)).join()"""


ROWS = 4_000
CROWD = "holder => holder.data.find(trace => trace.type === 'scattergl')?.x.length ?? 0"
MIDDLE = """holder => ["xaxis", "yaxis"].map(name => {
  const axis = holder._fullLayout[name];
  return axis._offset + axis.d2p(10);
})"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def address(home):
    with open_store(f"sqlite:///{home / 'bort.db'}") as store:
        fill(store, "made-up", budget=24)
    with serving(home) as started:
        yield started


def test_a_click_in_space_picks_and_the_camera_stays(address, visit):
    with visit(address) as reader:
        reader.open_first("/pareto", "Pareto front", charts=5)
        space = reader.charts().nth(3)
        space.scroll_into_view_if_needed()
        before = space.evaluate(CAMERA)
        turn(reader, space)
        turned = at_rest(reader, space)
        assert turned != before
        assert "pick=" not in reader.page.url  # a drag is not a click
        click_a_mark(reader, space)
        reader.page.wait_for_url("**pick=*")
        reader.settle()
        pick = reader.page.url.split("pick=")[1]
        expect(reader.detail()).to_have_text(pick)
        assert at_rest(reader, space) == turned


def test_of_marks_on_each_other_one_is_drawn_until_the_reader_zooms_in(home, address, visit):
    with visit(address) as reader:
        reader.open(f"/pareto?{crowded_table(home)}")
        pair = reader.charts().first
        reader.page.wait_for_function(f"holder => ({CROWD})(holder) > 0", arg=pair.element_handle())
        drawn = pair.evaluate(CROWD)
        assert drawn < ROWS / 4
        expect(reader.page.get_by_text("one of them is drawn")).to_be_visible()
        x, y = pair.evaluate(MIDDLE)
        reader.drag(pair, (x - 12, y - 12), (x + 12, y + 12))
        reader.page.wait_for_function(
            f"([holder, before]) => ({CROWD})(holder) > 2 * before",
            arg=[pair.element_handle(), drawn],
        )


def crowded_table(home):
    """Put a table where the dashboard keeps uploads: most rows lie close together, dominated."""
    values = 10 * np.exp(np.random.default_rng(0).normal(0, 0.01, (ROWS, 3)))
    values[:2] = [[1, 1, 1], [1_000, 1_000, 90]]
    table = pd.DataFrame(values, columns=["size", "latency", "error"]).assign(width=range(ROWS))
    table["error"] /= 100
    path = home / "uploads" / ("c" * 16) / "crowd.csv"
    path.parent.mkdir(parents=True)
    table.to_csv(path, index=False)
    source = TableSource(
        sha256=digest_of(path),
        size="size",
        latency="latency",
        error="error",
        error_se=None,
        maximise=(),
        dimensions=("width",),
        drop_failed=False,
    )
    columns = {name: value for name, value in asdict(source).items() if name != "sha256"}
    return urlencode({"table": f"{path.parent.name}/{path.name}", "columns": json.dumps(columns)})


def turn(reader, space):
    box = reader.box_at_rest(space)
    x, y = box.width / 2, box.height / 2
    reader.drag(space, (x, y), (x + 40, y + 10))


def at_rest(reader, space):
    """Return where the camera comes to rest: it swings a little further after a drag."""
    seen = [space.evaluate(CAMERA)]
    give_up = time.monotonic() + PATIENCE_S
    while len(seen) < STILL or len(set(seen[-STILL:])) > 1:
        assert time.monotonic() < give_up, "the camera never rests"
        reader.page.evaluate(FRAMES)
        seen.append(space.evaluate(CAMERA))
    return seen[-1]


def click_a_mark(reader, space):
    """Move the pointer outwards from the middle until it hits a mark; click there."""
    box = reader.box_at_rest(space)
    x, y = box.x + box.width / 2, box.y + box.height / 2
    steps = range(-REACH_PX, REACH_PX + 1, 9)  # a mark reacts up to about 10 pixels away
    places = sorted(product(steps, steps), key=lambda place: hypot(*place))
    for right, down in places:
        reader.page.mouse.move(x + right, y + down)
        reader.page.evaluate(FRAMES)
        if space.locator(".hovertext").count():
            reader.page.mouse.down()
            reader.page.mouse.up()
            try:
                reader.page.wait_for_url("**pick=*", timeout=10_000)
            except TookTooLong:  # a label of the place before
                continue
            return
    pytest.fail("no mark answered to the pointer")
