import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dashboard import PATIENCE_S, Reader, serving, store_url
from playwright.sync_api import Browser, expect, sync_playwright

from bort.jobs import JobState, cancel, list_jobs
from bort.storage import open_store

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The program; a machine without one fails these tests, in one line."""
    script = Path(__file__).parent / "find-chromium"
    found = subprocess.run([script], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.fail(found.stderr.strip().splitlines()[-1], pytrace=False)
    return found.stdout.strip()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    # For one module only: while playwright is there, nothing else can run an event loop here.
    with sync_playwright() as playwright:
        expect.set_options(timeout=1000 * PATIENCE_S)
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(place: Path) -> Iterator[str]:
    """A dashboard whose home is the story's own `place`; jobs that it leaves are cancelled."""
    with serving(place) as started:
        yield started
    with open_store(store_url(place)) as store:
        for job in list_jobs(store, states=[state for state in JobState if state.is_active]):
            cancel(store, job.id)


@pytest.fixture
def visit(browser: Browser) -> Callable[[str], contextmanager]:
    """`with visit(address) as reader`; what the browser complains about fails the test."""

    @contextmanager
    def begin(address: str) -> Iterator[Reader]:
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        try:
            reader = Reader(context.new_page(), address)
            yield reader
            assert reader.complaints == []
        finally:
            context.close()

    return begin
