"""A direct link to a page as the first request to a freshly started dashboard."""

import pytest
from dashboard import serving
from made_up_study import fill
from playwright.sync_api import expect

from bort.storage import open_store

pytestmark = pytest.mark.browser

MENU = ["Home", "Search", "Pareto front"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home folder with one finished study."""
    folder = tmp_path_factory.mktemp("home")
    with open_store(f"sqlite:///{folder / 'bort.db'}") as store:
        fill(store, "made-up", budget=16)
    return folder


@pytest.fixture(scope="module")
def trained(home):
    """The id of one of its architectures."""
    with open_store(f"sqlite:///{home / 'bort.db'}") as store:
        return sorted(store.evaluations(store.study("made-up")))[0]


@pytest.mark.parametrize(
    ("path", "title", "charts"),
    [
        ("/", "Small models, chosen with a certificate", 1),
        ("/search", "Search", 0),
        ("/pareto", "Pareto front", 5),
        ("/pareto?study=made-up&pick={trained}", "Pareto front", 5),
    ],
)
def test_it_is_painted(home, trained, visit, path, title, charts):
    with serving(home) as address, visit(address) as reader:
        reader.open(path.format(trained=trained))
        page = reader.page
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(reader.charts()).to_have_count(charts)
        for name in MENU:
            expect(page.get_by_role("navigation").get_by_role("link", name=name)).to_be_visible()
        if "pick" in path:
            expect(reader.detail()).to_have_text(trained)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        expect(reader.problems()).to_have_count(0)
