"""Picking and turning in the 3D view, where plotly itself reports no clicks."""

import time
from itertools import product
from math import hypot

import pytest
from dashboard import FRAMES, PATIENCE_S, serving
from made_up_study import fill
from playwright.sync_api import expect

from bort.storage import open_store

pytestmark = pytest.mark.browser

REACH_PX = 126
STILL = 10  # equal readings, two frames apart
CAMERA = """holder => Object.values(holder._fullLayout.scene._scene.getCamera().eye)
  .map(value => value.toFixed(3)).join()"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
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
            return
    pytest.fail("no mark answered to the pointer")
