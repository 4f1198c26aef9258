"""Time the map of a run of Agora: on the page, alone with more points, and its fit."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.front.measuring import PATIENCE_MS
from benchmarks.front.rows import Record, What
from bort.agora.maps import BaseMap, Kept, base_map

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ON_PAGE, ALONE = 100_000, 1_000_000
WIDTH = 384  # of the vectors, as the source network has it
FITTED, INSERTED = 1_500, 1_000

DRAWN = ".bort-map[data-drawn]"
SELECTED = "points are selected"

# The second frame after a key: the first one paints.
STEP = """(key) => new Promise((done) => {
  const [, canvas, over] = document.querySelectorAll(".bort-map-stage canvas");
  const begun = performance.now();
  over.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => {
    canvas.getContext("webgl").finish();
    done((performance.now() - begun) / 1000);
  }));
})"""

# The longest of 40 frames in which the pointer moves.
HOVER = """() => new Promise((done) => {
  const over = document.querySelector(".bort-map-stage").querySelectorAll("canvas")[2];
  const box = over.getBoundingClientRect();
  let last = performance.now(), longest = 0, frames = 0;
  const frame = () => {
    const now = performance.now();
    if (frames > 1) longest = Math.max(longest, now - last);
    last = now;
    if (++frames > 41) return done(longest / 1000);
    over.dispatchEvent(new PointerEvent("pointermove", { bubbles: true,
      clientX: box.left + box.width * (0.2 + frames / 70), clientY: box.top + box.height / 2 }));
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""


class Taken(NamedTuple):
    """Seconds of one visit: to the first picture, a step, the longest hover frame, a lasso."""

    paint: float
    step: float
    hover: float
    lasso: float


KINDS = (What.MAP_PAINT, What.MAP_STEP, What.MAP_HOVER, What.MAP_LASSO)


def on_page(record: Record, browser: "Browser", address: str, home: Path, count: int) -> None:
    """Open the page Agora with a stored run of `ON_PAGE` points, `count` times."""
    missing = record.missing(What.MAP_LASSO, "Agora", ON_PAGE, count)
    if missing:
        url = f"{address}/agora?job={_stored(home)}"
        _visits(record, "Agora", ON_PAGE, missing, browser, url, answer=SELECTED)


def alone(record: Record, browser: "Browser", folder: Path, count: int) -> None:
    """Open a file with nothing but the map of `ALONE` points, `count` times."""
    from benchmarks.front.map_page import map_page

    missing = record.missing(What.MAP_LASSO, "map alone", ALONE, count)
    if missing:
        file = folder / "map.html"
        file.write_text(map_page(ALONE), "utf-8")
        _visits(record, "map alone", ALONE, missing, browser, file.as_uri(), answer="selected: ")


def fits(record: Record, count: int) -> None:
    """Fit a map to 1,500 vectors, and insert 1,000 into one of `ON_PAGE`."""
    for number in record.missing(What.FIT, "t-SNE", FITTED, count):
        vectors = np.random.default_rng(number).normal(size=(FITTED, WIDTH))
        began = time.perf_counter()
        base_map(vectors, "tsne")
        record.add(What.FIT, "t-SNE", FITTED, 0, number, time.perf_counter() - began, 0)
    for number in record.missing(What.INSERT, "map", ON_PAGE, count):
        draws = np.random.default_rng(number)
        places = draws.normal(size=(ON_PAGE, 2))
        base = BaseMap(draws.normal(size=(ON_PAGE, WIDTH)), places.copy(), 1.0, Kept(1.0, 0.0))
        began = time.perf_counter()
        base.insert(draws.normal(size=(INSERTED, WIDTH)))
        taken = time.perf_counter() - began
        moved = float(np.abs(base.places - places).max())
        record.add(What.INSERT, "map", ON_PAGE, 0, number, taken, moved)


def _stored(home: Path) -> int:
    """Store a run with as many points, unless it is there; returns its job."""
    from benchmarks.front.big_run import store_run
    from bort.storage import open_store

    with open_store(f"sqlite:///{home / 'bort.db'}") as store:
        return store_run(store, ON_PAGE)


def _visits(
    record: Record,
    page_name: str,
    points: int,
    missing: list[int],
    browser: "Browser",
    url: str,
    *,
    answer: str,
) -> None:
    for number in missing:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE_MS)
        for kind, seconds in zip(KINDS, _visit(page, url, answer), strict=True):
            record.add(kind, page_name, points, 0, number, seconds, 0)
        page.close()


def _visit(page: "Page", url: str, answer: str) -> Taken:
    page.goto(url, wait_until="commit")
    page.wait_for_selector(DRAWN)
    paint = float(page.evaluate("performance.now()")) / 1000
    _rest(page)
    step = max(float(page.evaluate(STEP, key)) for key in ("ArrowLeft", "ArrowLeft"))
    _rest(page)
    hover = float(page.evaluate(HOVER))
    page.get_by_role("button", name="Lasso").click()
    corners = list(_corners(page))
    page.mouse.move(*corners[0])
    page.mouse.down()
    for x, y in corners[1:]:
        page.mouse.move(x, y, steps=3)
    began = time.perf_counter()
    page.mouse.up()
    page.get_by_text(answer).first.wait_for()
    return Taken(paint, step, hover, time.perf_counter() - began)


def _rest(page: "Page") -> None:
    """Wait until the page's script has ended, and whatever a step has asked for."""
    page.wait_for_timeout(1_000)
    page.wait_for_function(
        """() => (document.querySelector("[data-testid=stApp]")?.dataset.testScriptState
          ?? "notRunning") === "notRunning\""""
    )
    page.locator(".bort-map-stage").scroll_into_view_if_needed()


def _corners(page: "Page") -> Iterator[tuple[float, float]]:
    box = page.locator(".bort-map-stage").bounding_box()
    assert box is not None
    for right, down in ((0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98)):
        yield box["x"] + right * box["width"], box["y"] + down * box["height"]
