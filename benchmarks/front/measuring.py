"""Time what a reader waits for, in a real browser."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE_MS = 120_000
QUIET_MS = 1_000  # without any painting, all is painted

# Notes when a plotly chart is painted, also one that is mounted later. Streamlit's charts and ours
# are both `.js-plotly-plot`; some changes only paint a canvas, others only change the document.
WATCH = """() => {
  const seen = (window.benchPainted = { last: 0, first: 0, hooked: new Set() });
  const note = () => { seen.last = performance.now(); seen.first ||= seen.last; };
  const hook = () => {
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      if (plot.on && !seen.hooked.has(plot)) {
        seen.hooked.add(plot);
        plot.on("plotly_afterplot", note);
      }
    }
  };
  new MutationObserver((changes) => {
    hook();
    if (changes.some((c) => c.target.closest?.(".js-plotly-plot"))) note();
  }).observe(document.body, { childList: true, subtree: true, attributes: true });
  hook();
  window.addEventListener("keydown", () => {
    seen.pressed = performance.now();
    seen.last = 0;
  }, true);
}"""

IS_QUIET = """(quiet) => {
  const app = document.querySelector("[data-testid=stApp]");
  const seen = window.benchPainted;
  const done = app?.dataset.testScriptState === "notRunning" && seen.last > 0;
  return done && performance.now() - seen.last > quiet;
}"""

CHARTS = ".js-plotly-plot, .bort-map"  # the map of an Agora run is not plotly's

# True once so many charts are painted: they have a drawing with a size.
ARE_PAINTED = """(count) => {
  const drawings = [...document.querySelectorAll(
    ".js-plotly-plot .main-svg:first-of-type, .bort-map[data-drawn] .bort-map-stage")];
  return drawings.filter((d) => d.getBoundingClientRect().height > 0).length >= count;
}"""


class Painted(NamedTuple):
    """Seconds from the request until the first and the last chart were painted."""

    first: float
    all: float


def first_paint(browser: "Browser", url: str, *, charts: int) -> Painted:
    """Open a page with an empty cache, in a window of 1280 x 800."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        page.goto(url, wait_until="commit")
        return Painted(_painted(page, 1), _painted(page, charts))
    finally:
        context.close()


def _painted(page: "Page", count: int) -> float:
    page.wait_for_function(ARE_PAINTED, arg=count, polling="raf", timeout=PATIENCE_MS)
    # The clock of a page begins with its request.
    return float(page.evaluate("performance.now()")) / 1000


def charts_of(browser: "Browser", url: str) -> tuple[int, int]:
    """Count the charts of a page once it is painted, and those of them in 3-D."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    try:
        open_quiet(page, url)
        count: Any = page.locator(CHARTS).count()
        return int(count), int(page.locator(".js-plotly-plot .gl-container canvas").count() > 0)
    finally:
        page.close()


def open_quiet(page: "Page", url: str) -> None:
    """Open a page, wait until nothing is painted any more, and begin to watch."""
    page.goto(url)
    page.wait_for_function(ARE_PAINTED, arg=1, timeout=PATIENCE_MS)
    page.evaluate(WATCH)
    page.evaluate("() => { window.benchPainted.last = performance.now(); }")
    page.wait_for_function(IS_QUIET, arg=2 * QUIET_MS, timeout=PATIENCE_MS)


def repaint(page: "Page", slider: str, key: str) -> float:
    """Move a slider by one key; returns the seconds until the last chart was painted again."""
    thumb = page.get_by_role("slider", name=slider)
    thumb.focus()
    thumb.press(key)
    page.wait_for_function(IS_QUIET, arg=QUIET_MS, timeout=PATIENCE_MS)
    seen: dict[str, float] = page.evaluate(
        "() => ({ last: window.benchPainted.last, pressed: window.benchPainted.pressed })"
    )
    return (seen["last"] - seen["pressed"]) / 1000


def shares(pid: int, *, spans: int, seconds: float) -> Iterator[float]:
    """Watch a process; yields the share of a core that it takes in each span."""
    process = psutil.Process(pid)
    for _ in range(spans):
        before, began = processor_s(process), time.monotonic()
        time.sleep(seconds)
        yield (processor_s(process) - before) / (time.monotonic() - began)


def processor_s(process: psutil.Process) -> float:
    """The processor seconds that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)
