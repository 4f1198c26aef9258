from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from chromium import NoChromiumError, chromium, opened
from dashboard import Reader, serving, store_url
from playwright.sync_api import Browser, expect

from bort.jobs import JobState, cancel, list_jobs
from bort.storage import open_store


@pytest.fixture(scope="session")
def program() -> str:
    """The path of Chromium; without one, these tests fail with a single line."""
    try:
        return chromium()
    except NoChromiumError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="module")
def browser(program: str) -> Iterator[Browser]:
    # For one module only: while playwright is running, nothing else here can run an event loop.
    with opened(program) as browser:
        yield browser


@pytest.fixture(scope="module")
def address(place: Path) -> Iterator[str]:
    """A dashboard whose home is the story's own `place`; cancels the jobs that are left."""
    with serving(place) as started:
        yield started
    with open_store(store_url(place)) as store:
        for job in list_jobs(store, states=[state for state in JobState if state.is_active]):
            cancel(store, job.id)


@pytest.fixture
def visit(browser: Browser) -> Callable[[str], contextmanager]:
    """`with visit(address) as reader`; any complaint of the browser fails the test."""

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


@pytest.fixture
def learner(address, visit):
    """Open a lesson: `with learner("epsilon", step=3) as (reader, article)`."""

    @contextmanager
    def begin(slug, **settings):
        with visit(address) as reader:
            query = "&".join(
                f"{name}={value}" for name, value in {"lesson": slug, **settings}.items()
            )
            reader.open(f"/lesson?{query}")
            article = reader.page.locator(".lesson[data-ready]")
            expect(article).to_be_visible()
            yield reader, article

    return begin
