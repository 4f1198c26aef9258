"""Each mistake gets a one-line message, in the place where you can fix it.

The dashboard's first request is a direct link that is right.
"""

import pytest
from dashboard import serving, store_url
from made_up_study import fill
from playwright.sync_api import expect

from bort.storage import open_store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home folder with one finished study."""
    folder = tmp_path_factory.mktemp("home")
    with open_store(store_url(folder)) as store:
        fill(store, "made-up", budget=16)
    return folder


@pytest.fixture(scope="module")
def address(home):
    with serving(home) as started:
        yield started


def test_a_link_straight_to_a_pick(home, address, visit):
    with open_store(store_url(home)) as store:
        trained = sorted(store.evaluations(store.study("made-up")))[0]
    with visit(address) as reader:
        path = f"/pareto?study=made-up&pick={trained}"
        reader.open_first(path, "Pareto front", charts=5)
        expect(reader.detail()).to_have_text(trained)


def test_epsilon_0_is_refused_beside_its_field(address, visit):
    with visit(address) as reader:
        reader.open("/search")
        start = reader.page.get_by_role("button", name="Start the search")
        expect(start).to_be_enabled()
        reader.page.get_by_text("Question: goal, ε, weights, size, assumptions").click()
        reader.write("ε", "0")
        problem = reader.problems()
        expect(problem).to_have_text(
            "epsilon must be a number from 1e-06 to 1000000, got 0.0; try 0.1 or 0.25"
        )
        expect(start).to_be_disabled()
        field, said = (
            reader.page.get_by_label("ε", exact=True).bounding_box(),
            problem.bounding_box(),
        )
        assert 0 < said["y"] - field["y"] < 120
        reader.write("ε", "0.25")
        expect(problem).to_have_count(0)
        expect(start).to_be_enabled()


def test_an_unknown_study_is_one_line_and_the_others_stay_in_reach(address, visit):
    with visit(address) as reader:
        reader.open("/pareto?study=nobody")
        expect(reader.problems()).to_have_text(
            "There is no study 'nobody' in this store; choose one from the list."
        )
        expect(reader.page.get_by_role("combobox", name="Study")).to_be_visible()
        expect(reader.charts()).to_have_count(5)


def test_an_unknown_pick_is_one_line(address, visit):
    with visit(address) as reader:
        reader.open("/pareto?study=made-up&pick=<b>nothing</b>")
        expect(reader.problems()).to_have_text(
            "'<b>nothing</b>' is not trained in this study; pick a mark or a row."
        )
