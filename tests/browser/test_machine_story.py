"""The page This machine in a real browser: drawn, fits a phone, one line per mistake."""

import pytest
from dashboard import serving, store_url
from made_up_study import fill, made_up_profile
from playwright.sync_api import expect

from bort.families import load_space
from bort.latency.compare import summary
from bort.storage import open_store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home folder with the profile of a made-up machine."""
    folder = tmp_path_factory.mktemp("home")
    with open_store(store_url(folder)) as store:
        fill(store, "made-up", budget=8)
    assert not summary(made_up_profile(load_space("minilm")))["this_machine"]
    return folder


def test_a_person_reads_and_errs(home, visit):
    with serving(home) as address, visit(address) as reader:
        reader.open("/machine?profile=made-up")
        page = reader.page
        expect(page.get_by_role("heading", level=1)).to_have_text("This machine")
        expect(page.get_by_text("Measured on another machine or software").first).to_be_visible()
        start = page.get_by_role("button", name="Start measuring")
        expect(start).to_be_enabled()
        reader.write("Tokens per text", "4096")
        expect(reader.problems()).to_contain_text("4096 is more than the 512 positions")
        expect(start).to_be_disabled()
        reader.write("Tokens per text", "64")
        expect(start).to_be_enabled()
        page.set_viewport_size({"width": 420, "height": 900})
        reader.settle()
        assert page.evaluate("document.documentElement.scrollWidth") <= 420
        expect(page.get_by_test_id("stException")).to_have_count(0)
