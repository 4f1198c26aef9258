"""How long a reader of the lessons waits: until a lesson is there, and for each control.

`python -m benchmarks.lessons.answering` opens every lesson in a real Chromium with an empty cache,
from the file and in a dashboard of its own, in turns with a plain page of Streamlit. Then it
touches every control as a person does, by mouse or key, and measures from the input until the
frame that shows the answer is drawn.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from os import getloadavg
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import click
import psutil

from benchmarks.front import serving
from bort.lessons.book import book
from bort.lessons.catalogue import LESSONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PATIENCE_MS = 120_000
WINDOW = {"width": 1280, "height": 800}
DRAG = 12  # moves of one drag
SPREAD = 4  # of many places in one picture, so many are touched

SIDES = ("file", "dashboard", "plain")
HEADING = "[data-testid=stHeading]"  # all that a plain page of Streamlit has, but a slider
LESSON = ".lesson[data-ready]"  # it has begun; in the dashboard it lies in a shadow tree
ARE_DRAWN = """(lesson) => [...lesson.querySelectorAll(".picture")].every(
  (one) => !one.offsetParent || one.querySelector("svg > *, canvas[data-drawn]"))"""

# Notes, for each input of the wanted kind, the milliseconds until its frame was drawn. A message
# that is posted from the frame's callback arrives when the page has painted.
WATCH = """() => {
  const found = (window.benchAnswers = { kind: "", all: [] });
  const note = (event) => {
    const isMeant = event.type === found.kind && (event.type !== "pointermove" || event.buttons);
    if (!isMeant) return;
    const begun = event.timeStamp;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => found.all.push(performance.now() - begun);
      port2.postMessage(null);
    });
  };
  for (const kind of ["keydown", "click", "pointermove"]) window.addEventListener(kind, note, true);
}"""

# What can be pressed, by key or by mouse, and what can be dragged.
KEYED = "input[type=range]"
PRESSED = (
    ".choice button, .controls button.plain, .player button, .toggle input, .question button, "
    ".answers button, .chips a"
)
PLACES = ".picture [role=button]"
DRAGGED = f"{KEYED}, .picture [role=slider], .picture canvas"


@dataclass(frozen=True, slots=True)
class Answer:
    """One touch of one control: its name, and the milliseconds until the answer was drawn."""

    control: str
    ms: float


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening of a lesson, or one answer of the server.

    Attributes:
        seconds: from the request until all of it was drawn.
        processor_s: what browser and server used for it, whatever else the machine did.
    """

    seconds: float
    processor_s: float


def opening(browser: "Browser", address: str, *, there: str = LESSON) -> Opened:
    """Open a lesson, or another page with this element, with an empty cache."""
    with _page(browser) as page:
        before = _processor()
        page.goto(address, wait_until="commit")
        _drawn(page, there)
        # The clock of a page begins with its request.
        seconds = float(page.evaluate("performance.now()")) / 1000
        return Opened(seconds, _processor() - before)


def _processor() -> float:
    """Processor seconds of this process, and of the browser and the server that it started."""
    own = psutil.Process()
    times = [one.cpu_times() for one in (own, *own.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def answers(browser: "Browser", address: str) -> list[Answer]:
    """Touch every control of a lesson."""
    with _page(browser) as page:
        page.goto(address)
        _drawn(page)
        page.evaluate(WATCH)
        return list(_touched(page, page.locator(LESSON)))


def estimate(browser: "Browser", address: str) -> Opened:
    """Ask the server what training a family afresh would cost.

    This is the only thing in a lesson that asks the server after it was opened.
    """
    with _page(browser) as page:
        page.goto(f"{address}/lesson?lesson=costs")
        _drawn(page)
        offer = page.get_by_text("Train this family afresh")
        offer.scroll_into_view_if_needed()
        page.evaluate(
            "() => window.addEventListener('click', (e) => (window.benchBegun = e.timeStamp), true)"
        )
        before = _processor()
        offer.click()
        page.get_by_role("button", name="Train it").wait_for(timeout=PATIENCE_MS)
        seconds = float(page.evaluate("performance.now() - window.benchBegun")) / 1000
        return Opened(seconds, _processor() - before)


def _drawn(page: "Page", there: str = LESSON) -> None:
    """Wait until the lesson has begun and all its pictures are drawn."""
    found = page.wait_for_selector(there, timeout=PATIENCE_MS)
    page.wait_for_function(ARE_DRAWN, arg=found, polling="raf", timeout=PATIENCE_MS)


def _touched(page: "Page", lesson: "Locator") -> Iterator[Answer]:
    for control in _seen(lesson.locator(KEYED)):
        control.focus()
        for key in ("ArrowRight", "ArrowLeft"):
            yield from _measured(page, control, "keydown", partial(page.keyboard.press, key))
    for control in [*_seen(lesson.locator(PRESSED)), *_spread(_seen(lesson.locator(PLACES)))]:
        if control.is_visible() and control.is_enabled():
            # Dots lie over each other, so the click may hit a neighbour: it answers as well.
            press = partial(control.click, force=True)
            yield from _measured(page, control, "click", press)
    for control in _seen(lesson.locator(DRAGGED)):
        yield from _measured(page, control, "pointermove", partial(_drag, page, control))


def _measured(
    page: "Page", control: "Locator", kind: str, act: Callable[[], object]
) -> Iterator[Answer]:
    name = control.evaluate("one => one.ariaLabel || one.textContent.trim() || 'switch'")
    page.evaluate("kind => Object.assign(window.benchAnswers, { kind, all: [] })", kind)
    act()
    page.wait_for_function("() => window.benchAnswers.all.length > 0", timeout=PATIENCE_MS)
    found: list[float] = page.evaluate("() => window.benchAnswers.all")
    how = {"keydown": "key", "click": "press", "pointermove": "drag"}[kind]
    yield from (Answer(f"{how}: {name}", ms) for ms in found)


def _drag(page: "Page", control: "Locator") -> None:
    control.scroll_into_view_if_needed()
    box = control.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + min(60, box["width"] / 3), y - 20, steps=DRAG)
    page.mouse.up()


def _seen(found: "Locator") -> list["Locator"]:
    return [one for one in found.all() if one.is_visible()]


def _spread(found: Sequence["Locator"]) -> Sequence["Locator"]:
    return found[:: max(1, len(found) // SPREAD)]


@contextmanager
def _page(browser: "Browser") -> Iterator["Page"]:
    context = browser.new_context(viewport=WINDOW)  # type: ignore[arg-type]
    try:
        yield context.new_page()
    finally:
        context.close()


def line(slug: str, opened: Mapping[str, Sequence[Opened]], touched: Sequence[Answer]) -> str:
    """A row of the table: medians of the openings, then median, 95th percentile and slowest."""
    seconds, spent = (
        [median(getattr(one, name) for one in opened[side]) for side in SIDES]
        for name in ("seconds", "processor_s")
    )
    times = sorted(one.ms for one in touched)
    worst = max(touched, key=lambda one: one.ms)
    late = times[int(0.95 * (len(times) - 1))]
    openings = " | ".join(f"{s:.1f} ({p:.1f})" for s, p in zip(seconds, spent, strict=True))
    answered = f"{len(times)} | {median(times):.0f} | {late:.0f}"
    return f"| {slug} | {openings} | {answered} | {worst.ms:.0f} ({worst.control}) |"


def _measure(visits: int) -> None:
    with tempfile.TemporaryDirectory(prefix="bort-lessons-") as folder:
        file = Path(folder) / "lessons.html"
        file.write_text(book(), encoding="utf-8")
        with serving.browser() as browser, serving.both(Path(folder)) as addresses:
            address, plain = addresses["ours"], f"{addresses['stock']}/?charts=0"
            first = opening(browser, f"{address}/lesson?lesson={LESSONS[0].slug}")
            click.echo(
                f"the first page after the dashboard's start: {first.seconds:.1f} s, "
                f"{first.processor_s:.1f} s of processor"
            )
            for number in range(visits):
                said = estimate(browser, address)
                click.echo(
                    f"what training afresh costs, time {number + 1}: {said.seconds:.2f} s, "
                    f"{said.processor_s:.2f} s of processor"
                )
            click.echo("in brackets: seconds of processor")
            click.echo(
                "| lesson | file, s | dashboard, s | plain page, s "
                "| touches | median, ms | 95%, ms | slowest |"
            )
            click.echo("|---|---|---|---|---|---|---|---|")
            for lesson in LESSONS:
                where = {
                    "file": f"{file.as_uri()}?lesson={lesson.slug}",
                    "dashboard": f"{address}/lesson?lesson={lesson.slug}",
                }
                opened: dict[str, list[Opened]] = {side: [] for side in SIDES}
                for _ in range(visits):
                    for side, one in where.items():
                        opened[side].append(opening(browser, one))
                    opened["plain"].append(opening(browser, plain, there=HEADING))
                touched = [one for side in where.values() for one in answers(browser, side)]
                click.echo(line(lesson.slug, opened, touched))
    click.echo(f"load of the machine in the last five minutes: {getloadavg()[1]:.1f}")


@click.command()
@click.option("--visits", default=3, show_default=True, type=click.IntRange(1, 20))
def main(visits: int) -> None:
    """Measure how long a reader waits."""
    _measure(visits)


if __name__ == "__main__":
    main()
