"""`bort bench front`: how fast the dashboard paints and answers, and what its tabs cost."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import click

from benchmarks.row_log import row_table
from bort.cli import options

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from benchmarks.front.rows import Record
    from benchmarks.front.serving import Server
    from benchmarks.row_log import RowLog

K = TypeVar("K", str, int)

FRONT, OWN = "Pareto front", "own results"
# As a newcomer finds them, with the finished examples; an Agora run is added.
PAGES = {"Home": "/", FRONT: "/pareto", "Models": "/models", "This machine": "/machine"}
POINTS_OF_THE_EXAMPLE = 50
POINTS = (500, 20_000)
KEYS = ("ArrowRight", "ArrowLeft")
SLIDERS = {"ours": "ε", "stock": "epsilon"}


SPAN_S = 10.0


class Visit(NamedTuple):
    """A page, and the plain one with as many charts and points."""

    page: str
    points: int
    charts: int
    urls: Mapping[str, str]


class Counts(NamedTuple):
    """How often each thing is measured."""

    visits: int
    moves: int
    spans: int
    sessions: int
    rounds: int
    maps: int


@click.command(cls=options.Command)
@click.option(
    "--visits", type=click.IntRange(2), default=10, show_default=True, help="Visits per page."
)
@click.option(
    "--moves", type=click.IntRange(2), default=10, show_default=True, help="Moves of the slider."
)
@click.option(
    "--spans",
    type=click.IntRange(2),
    default=6,
    show_default=True,
    help="Spans of 10 s in which tabs are idle.",
)
@click.option(
    "--sessions", type=click.IntRange(2), default=25, show_default=True, help="Sessions at once."
)
@click.option(
    "--rounds", type=click.IntRange(2), default=20, show_default=True, help="Reruns per session."
)
@click.option(
    "--maps", type=click.IntRange(1), default=3, show_default=True, help="Visits per map."
)
@row_table("front")
@options.as_json
def front(out: Path, report_only: bool, as_json: bool, **counts: int) -> None:
    """Time paints, ten tabs beside a search, idle tabs, many sessions at once, and large maps.

    First paints and repaints are timed in turns with a plain Streamlit page of as many charts.
    Needs Chromium, and a quiet machine for about half an hour. Run again, it measures only what the
    table does not have yet of this machine.

    \b
    Examples:
      bort bench front
      bort bench front --visits 20 --moves 20
      bort bench front --report-only
    """
    from benchmarks.front.rows import open_log, write_page

    log = open_log(out)
    if not report_only:
        _measure(log, Counts(**counts))
    page = write_page(log)
    if as_json:
        options.print_json({"log": str(out), "page": str(page)})
    else:
        click.echo(f"{page.read_text('utf-8')}\n{page}")


def _measure(log: "RowLog", counts: Counts) -> None:
    from benchmarks.front import maps, serving
    from benchmarks.front.rows import Record
    from bort.core.machine import this_machine

    record = Record(log, this_machine([], threads=1).cpu)
    with (
        tempfile.TemporaryDirectory(prefix="bort-front-") as folder,
        serving.servers(Path(folder)) as servers,
        serving.browser() as browser,
    ):
        home, ours = Path(folder), servers["ours"]
        addresses = {side: server.address for side, server in servers.items()}
        _first_paints(record, browser, addresses, home, counts.visits)
        _repaints(record, browser, addresses, home, counts.moves)
        _idle_tabs(record, browser, ours, counts.spans)
        _sessions(record, ours, counts.sessions, counts.rounds)
        _ten_tabs(record, browser, ours, home, counts.moves)
        maps.on_page(record, browser, ours.address, home, counts.maps)
        maps.alone(record, browser, home, counts.maps)
    maps.fits(record, counts.maps)


def _first_paints(
    record: "Record", browser: "Browser", addresses: Mapping[str, str], home: Path, visits: int
) -> None:
    from benchmarks.front import measuring, serving
    from benchmarks.front.rows import What

    for page, path in {**PAGES, "Agora": f"/agora?job={serving.agora_example(home)}"}.items():
        missing = record.missing(What.PAINT_ALL, page, POINTS_OF_THE_EXAMPLE, visits)
        if not missing:
            continue
        visit = _visit(browser, addresses, page, path, points=POINTS_OF_THE_EXAMPLE)
        for number in missing:
            found = {
                side: measuring.first_paint(browser, visit.urls[side], charts=visit.charts)
                for side in _in_turns(number)
            }
            about = (page, visit.points, visit.charts, number)
            record.add(What.PAINT, *about, found["ours"].first, found["stock"].first)
            record.add(What.PAINT_ALL, *about, found["ours"].all, found["stock"].all)


def _repaints(
    record: "Record", browser: "Browser", addresses: Mapping[str, str], home: Path, moves: int
) -> None:
    """Move ε on the front of somebody's results, few and many."""
    from benchmarks.front import measuring
    from benchmarks.front.rows import What

    for points in POINTS:
        missing = record.missing(What.REPAINT, OWN, points, moves)
        if not missing:
            continue
        path = f"/pareto?{_table(home, points)}"
        visit = _visit(browser, addresses, OWN, path, points=points)
        with _opened(browser, visit.urls) as pages:
            for number in missing:
                key = KEYS[number % len(KEYS)]
                found = {
                    side: measuring.repaint(pages[side], SLIDERS[side], key)
                    for side in _in_turns(number)
                }
                about = (visit.page, points, visit.charts, number)
                record.add(What.REPAINT, *about, found["ours"], found["stock"])


def _idle_tabs(record: "Record", browser: "Browser", ours: "Server", spans: int) -> None:
    from benchmarks.front import measuring
    from benchmarks.front.rows import TABS, What

    missing = record.missing(What.IDLE, FRONT, POINTS_OF_THE_EXAMPLE, spans)
    without = list(measuring.shares(ours.pid, spans=len(missing), seconds=SPAN_S))
    if missing:
        with _opened(browser, dict.fromkeys(range(TABS), ours.address + PAGES[FRONT])) as pages:
            charts = pages[0].locator(".js-plotly-plot").count()
            found = measuring.shares(ours.pid, spans=len(missing), seconds=SPAN_S)
            for number, share, beside in zip(missing, found, without, strict=True):
                about = (FRONT, POINTS_OF_THE_EXAMPLE, charts, number)
                record.add(What.IDLE, *about, share, beside)


def _ten_tabs(record: "Record", browser: "Browser", ours: "Server", home: Path, moves: int) -> None:
    """Move ε in one of ten tabs, and before in the only tab, while a search trains."""
    from benchmarks.front import measuring, serving
    from benchmarks.front.rows import TABS, What

    missing = record.missing(What.TABS, OWN, POINTS[0], moves)
    if not missing:
        return
    # On the example, the first steps of ε change no mark, so nothing would be painted again.
    url = f"{ours.address}/pareto?{_table(home, POINTS[0])}"
    keys = [KEYS[number % len(KEYS)] for number in missing]
    with serving.search(home), _opened(browser, {0: url}) as only:
        page = only[0]
        alone = [measuring.repaint(page, SLIDERS["ours"], key) for key in keys]
        with _opened(browser, dict.fromkeys(range(1, TABS), url)):
            charts = page.locator(".js-plotly-plot").count()
            for number, key, beside in zip(missing, keys, alone, strict=True):
                found = measuring.repaint(page, SLIDERS["ours"], key)
                about = (OWN, POINTS[0], charts, number)
                record.add(What.TABS, *about, found, beside)


def _sessions(record: "Record", ours: "Server", sessions: int, rounds: int) -> None:
    """Many sessions at once; their memory means something only from the first round on."""
    from benchmarks.front import sessions as many
    from benchmarks.front.rows import What

    if record.missing(What.SESSIONS, FRONT, sessions, rounds):
        found = many.rounds(ours.address, ours.pid, sessions=sessions, count=rounds)
        for number, one in enumerate(list(found)):
            about = (FRONT, sessions, 0, number)
            record.add(What.SESSIONS, *about, one.memory_mib, one.processor_s)


def _in_turns(number: int) -> tuple[str, ...]:
    return ("ours", "stock") if number % 2 else ("stock", "ours")


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
    path.parent.mkdir(parents=True, exist_ok=True)
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
def _opened(browser: "Browser", urls: Mapping[K, str]) -> Iterator[dict[K, "Page"]]:
    """Open a tab for each, and wait until nothing is painted any more."""
    from benchmarks.front.measuring import open_quiet

    pages = {name: browser.new_page(viewport={"width": 1280, "height": 800}) for name in urls}
    for name, page in pages.items():
        open_quiet(page, urls[name])
    yield pages
    for page in pages.values():
        page.close()
