"""The real dashboard in its own process, and a reader in a real browser."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, WebSocket, expect
from playwright.sync_api import TimeoutError as TookTooLong

from bort.jobs import JobRecord, list_jobs
from bort.storage import Store, open_store

PATIENCE_S = 120  # for a busy machine; an idle one needs 3
TESTS = Path(__file__).parent.parent

# Streamlit's client first requests these below a deep link's path, then at their real place.
KNOWN_404 = ("/_stcore/health", "/_stcore/host-config")

STILL = 6  # equal readings, two frames apart
FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"

BORT = (sys.executable, "-c", "from bort.cli import main; main()")
MENU = ["Home", "Search", "Pareto front"]


def store_url(home: Path) -> str:
    """Return where a dashboard with this home keeps its studies and jobs."""
    return f"sqlite:///{home / 'bort.db'}"


@contextmanager
def held(home: Path, *, once: Callable[[Store, JobRecord], bool]) -> Iterator[None]:
    """Stop this home's only job as soon as `once` holds; afterwards it goes on.

    However fast the machine is, the page can be read while the job is running.
    """
    give_up, pid = time.monotonic() + 3 * PATIENCE_S, None
    with open_store(store_url(home)) as store:
        while pid is None:
            jobs = [job for job in list_jobs(store) if not job.is_example]
            assert not (jobs and jobs[0].state.is_final), f"it ended first: {jobs}"
            assert time.monotonic() < give_up, f"it is not there yet: {jobs}"
            if jobs and once(store, jobs[0]):
                pid = _stopped(store, home, once)
            else:
                time.sleep(0.02)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _stopped(store: Store, home: Path, once: Callable[[Store, JobRecord], bool]) -> int | None:
    """Stop the job; None if `once` held no longer by then, so that the job goes on."""
    [job] = [job for job in list_jobs(store) if not job.is_example]
    pid = job.process.pid
    stop_between_writes(pid, home / "bort.db")
    [job] = [job for job in list_jobs(store) if not job.is_example]
    if once(store, job):
        return pid
    os.kill(pid, signal.SIGCONT)
    return None


def stop_between_writes(pid: int, database: Path) -> None:
    """Stop a process that does not hold the store's lock, which nobody else would get."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as store:
            try:
                store.execute("begin immediate")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
                time.sleep(0.05)
            else:
                store.execute("rollback")
                return


@contextmanager
def serving(
    home: Path,
    *,
    bort: tuple[str, ...] = BORT,
    folder: Path | None = None,
    options: tuple[str, ...] = (),
    base: str = "",
) -> Iterator[str]:
    """Start `bort app` on a free port with this home; yields its address.

    Args:
        bort: the command; an installation of its own, perhaps.
        folder: where it is started; the home if None.
        options: more options of `bort app`.
        base: the path below which it answers.
    """
    port = free_port()
    log = home / f"dashboard-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*bort, "app", "--port", str(port), "--no-open", "--no-prepare", *options],
            env=_environment(home, is_installed=bort is not BORT),
            cwd=folder or home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(port, base, process, log)
        yield f"http://127.0.0.1:{port}{base}"
    finally:
        _end(process)
    assert "Traceback" not in log.read_text("utf-8"), log.read_text("utf-8")


def _environment(home: Path, *, is_installed: bool = False) -> dict[str, str]:
    left_out = {"BORT_STORE", *(["PYTHONPATH"] if is_installed else [])}
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**inherited, "BORT_HOME": str(home)}


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(
    port: int, base: str, process: subprocess.Popen[bytes], log: Path
) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not _answers(port, base):
        assert process.poll() is None, f"the dashboard ended: {log.read_text('utf-8')}"
        assert time.monotonic() < give_up, f"no answer: {log.read_text('utf-8')}"
        time.sleep(0.1)


def _answers(port: int, base: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", f"{base}/_stcore/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    except ProcessLookupError:
        process.wait()


class Box(NamedTuple):
    """A rectangle on the screen, in pixels."""

    x: float
    y: float
    width: float
    height: float


class Reader:
    """A person at the dashboard, and what their browser complained about."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        page.context.set_default_timeout(1000 * PATIENCE_S)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("request", self._on_request)
        page.on("websocket", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        url = str(message.location.get("url", ""))
        is_known = "404" in message.text and urlsplit(url).path.endswith(KNOWN_404)
        if message.type == "error" and not is_known:
            self.complaints.append(f"console: {message.text} ({url})")

    def _on_request(self, request: Request | WebSocket) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and url.netloc != urlsplit(self.address).netloc:
            self.complaints.append(f"outside: {request.url}")

    def open(self, path: str = "/") -> None:
        """Go to a path of the dashboard, and wait until it is painted."""
        self.page.goto(self.address + path)
        self.settle()

    def open_first(self, path: str, title: str, *, charts: int) -> None:
        """Follow a direct link, as the first request to a freshly started dashboard."""
        self.open(path)
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)
        expect(self.charts()).to_have_count(charts)
        for name in MENU:
            expect(
                self.page.get_by_role("navigation").get_by_role("link", name=name)
            ).to_be_visible()
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        expect(self.problems()).to_have_count(0)

    def query(self) -> dict[str, list[str]]:
        """The query parameters in the address."""
        return parse_qs(urlsplit(self.page.url).query)

    def settle(self) -> None:
        """Wait until the page's script has finished."""
        app = self.page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
        expect(app).to_have_attribute("data-test-script-state", "notRunning")
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def write(self, field: str, value: str) -> None:
        """Type into a field, and leave it."""
        box = self.page.get_by_label(field, exact=True)
        box.fill(value)
        box.press("Tab")
        self.settle()

    def choose(self, field: str, option: str) -> None:
        """Choose from a list. A late rerun closes an open list, so open it again."""
        wanted = self.page.get_by_role("option", name=option, exact=True)
        give_up = time.monotonic() + PATIENCE_S
        while True:
            self.settle()
            self.page.get_by_role("combobox", name=field).click()
            try:
                wanted.click(timeout=3000)
            except TookTooLong:
                if time.monotonic() > give_up:
                    raise
                self.page.keyboard.press("Escape")
            else:
                return self.settle()

    def upload(self, field: str, file: Path) -> None:
        """Upload a file from this machine."""
        uploader = self.page.get_by_test_id("stFileUploader").filter(has_text=field)
        uploader.locator("input[type=file]").set_input_files(file)
        expect(uploader).to_contain_text(file.name)
        self.settle()

    def tab_to(self, target: Locator, *, at_most: int = 60) -> None:
        """Press Tab until a target has the focus, as somebody without a mouse does.

        A late piece of the page may take the focus away; then begin again at its top.
        """
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            self.settle()
            for _ in range(at_most):
                self.page.keyboard.press("Tab")
                if target.evaluate("target => target.matches(':focus-visible')"):
                    return
        raise AssertionError(f"{at_most} times Tab do not lead to {target}")

    def box_at_rest(self, target: Locator) -> Box:
        """Bring a target to the middle of the screen; returns where it stands, in pixels.

        Late pieces of a page move what is below them, and a pointer would then miss it.
        """
        target.evaluate("target => target.scrollIntoView({block: 'center', behavior: 'instant'})")
        seen = [target.bounding_box()]
        give_up = time.monotonic() + PATIENCE_S
        while len(seen) < STILL or None in seen or any(box != seen[-1] for box in seen[-STILL:]):
            assert time.monotonic() < give_up, f"it never stands still: {seen[-STILL:]}"
            self.page.evaluate(FRAMES)
            seen.append(target.bounding_box())
        box = seen[-1]
        assert box is not None
        return Box(box["x"], box["y"], box["width"], box["height"])

    def drag(self, target: Locator, *places: tuple[float, float]) -> None:
        """Drag along places, in pixels from the target's top left corner."""
        box = self.box_at_rest(target)
        mouse, (first, *others) = self.page.mouse, places
        mouse.move(box.x + first[0], box.y + first[1])
        mouse.down()
        for right, down in others:
            mouse.move(box.x + right, box.y + down, steps=5)
        mouse.up()

    def charts(self) -> Locator:
        """The charts on the page."""
        return self.page.locator(".bort-chart[data-drawn]")

    def problems(self) -> Locator:
        """The error messages on the page."""
        return self.page.locator(".bort-problem")

    def detail(self) -> Locator:
        """The id of the architecture in the panel next to the charts."""
        return self.page.locator(".st-key-sticky .bort-name")
