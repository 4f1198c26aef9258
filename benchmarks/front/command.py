"""`bort bench front`: how fast the dashboard paints, beside a plain Streamlit page."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import click

from benchmarks.row_log import row_table
from bort.cli import options

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from benchmarks.row_log import RowLog

PAGES = {"Home": "/", "Pareto front": "/pareto"}
POINTS = (500, 20_000)
KEYS = ("ArrowRight", "ArrowLeft")
SLIDERS = {"ours": "ε", "stock": "epsilon"}


class Visit(NamedTuple):
    """A page, and the plain one with as many charts and points."""

    page: str
    points: int
    charts: int
    urls: Mapping[str, str]


@click.command(cls=options.Command)
@click.option(
    "--visits", type=click.IntRange(2), default=10, show_default=True, help="Visits per page."
)
@click.option(
    "--moves", type=click.IntRange(2), default=10, show_default=True, help="Moves of the slider."
)
@row_table("front")
@options.as_json
def front(visits: int, moves: int, out: Path, report_only: bool, as_json: bool) -> None:
    """Time first paints and repaints, in turns with a plain Streamlit page of as many charts.

    Needs Chromium, and a quiet machine for about ten minutes.

    \b
    Examples:
      bort bench front
      bort bench front --visits 20 --moves 20
      bort bench front --report-only
    """
    from benchmarks.front.rows import open_log, write_page

    log = open_log(out)
    if not report_only:
        _measure(log, visits, moves)
    page = write_page(log)
    if as_json:
        options.print_json({"log": str(out), "page": str(page)})
    else:
        click.echo(f"{page.read_text('utf-8')}\n{page}")


def _measure(log: "RowLog", visits: int, moves: int) -> None:
    from benchmarks.front import measuring, serving
    from bort.core.machine import this_machine

    cpu = this_machine([], threads=1).cpu

    def add(what: str, visit: Visit, number: int, found: Mapping[str, float]) -> None:
        seconds = {f"{side}_s": round(value, 4) for side, value in found.items()}
        known = {"page": visit.page, "points": visit.points, "charts": visit.charts, "cpu": cpu}
        log.append({"what": what, "number": number, **known, **seconds})

    with (
        tempfile.TemporaryDirectory(prefix="bort-front-") as folder,
        serving.both(Path(folder)) as addresses,
        serving.browser() as browser,
    ):
        for visit in _pages(browser, addresses):
            for number in range(visits):
                found = {
                    side: measuring.first_paint(browser, visit.urls[side], charts=visit.charts)
                    for side in _in_turns(number)
                }
                add("paint", visit, number, {side: one.first for side, one in found.items()})
                add("paint all", visit, number, {side: one.all for side, one in found.items()})
        for visit in _tables(browser, addresses, Path(folder)):
            with _opened(browser, visit) as pages:
                for number in range(moves):
                    key = KEYS[number % len(KEYS)]
                    again = {
                        side: measuring.repaint(pages[side], SLIDERS[side], key)
                        for side in _in_turns(number)
                    }
                    add("repaint", visit, number, again)


def _in_turns(number: int) -> tuple[str, ...]:
    return ("ours", "stock") if number % 2 else ("stock", "ours")


def _pages(browser: "Browser", addresses: Mapping[str, str]) -> Iterator[Visit]:
    """The pages with charts as a newcomer finds them, with the finished example."""
    for page, path in PAGES.items():
        yield _visit(browser, addresses, page, path, points=50)


def _tables(browser: "Browser", addresses: Mapping[str, str], home: Path) -> Iterator[Visit]:
    """Somebody's results on the front, few and many."""
    for points in POINTS:
        address = _table(home, points)
        yield _visit(browser, addresses, "own results", f"/pareto?{address}", points=points)


def _visit(
    browser: "Browser", addresses: Mapping[str, str], page: str, path: str, *, points: int
) -> Visit:
    from benchmarks.front.measuring import charts_of

    ours = addresses["ours"] + path
    charts, space = charts_of(browser, ours)
    asked = urlencode({"charts": charts, "points": points, "space": space})
    return Visit(page, points, charts, {"ours": ours, "stock": f"{addresses['stock']}/?{asked}"})


def _table(home: Path, points: int) -> str:
    """Make up a table of results where the dashboard keeps uploads; returns its address."""
    from hashlib import sha256

    from benchmarks.front.points import made_up
    from bort.core.table_source import TableSource, digest_of

    frame = made_up(points)
    frame.insert(0, "width", range(1, points + 1))
    content = frame.to_csv(index=False).encode()
    path = home / "uploads" / sha256(content).hexdigest()[:16] / f"results-{points}.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
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
    columns: dict[str, Any] = {k: v for k, v in asdict(source).items() if k != "sha256"}
    return urlencode({"table": f"{path.parent.name}/{path.name}", "columns": json.dumps(columns)})


@contextmanager
def _opened(browser: "Browser", visit: Visit) -> Iterator[dict[str, Any]]:
    from benchmarks.front.measuring import open_quiet

    pages = {side: browser.new_page(viewport={"width": 1280, "height": 800}) for side in visit.urls}
    for side, page in pages.items():
        open_quiet(page, visit.urls[side])
    yield pages
    for page in pages.values():
        page.close()
