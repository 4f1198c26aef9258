"""A data set of the hub in the form of a search: loaded elsewhere, then shown as a file is."""

import threading
import time

import pytest
from visits import Open, shown

from bort.core.errors import InvalidDataError
from bort.storage import Store
from bort.studies.data_look import DataLook, FirstRows
from bort.ui.search import form

TEXTS = tuple(f"a long enough sentence number {n}" for n in range(5))
ROWS = FirstRows(
    ("id", "sentence", "mood"),
    {"id": ("1", "2", "3", "4", "5"), "sentence": TEXTS, "mood": ("good", "bad") * 2 + (None,)},
    1200,
    "sentence",
    "mood",
    (),
)
LOOK = DataLook(
    {"good": 700, "bad": 500}, {"train": 800, "dev": 200, "audit": 200}, {}, 3, None, ()
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, str]]:
    """Requests and the thread that made them; answered by `ROWS` and `LOOK` after a moment."""
    requests: list[tuple[dict, str]] = []

    def answer(request, kind):
        requests.append((request, threading.current_thread().name))
        time.sleep(0.2)
        return ROWS if kind is FirstRows else LOOK

    monkeypatch.setattr("bort.studies.hub_look.ask", answer)
    return requests


def opened(visit: Open, name: str):
    app = visit("search")
    app.selectbox(key="task").select(form.OWN_HUB).run()
    return app.text_input(key="hub-id").input(name).run()


def until(app, words: str):
    give_up = time.monotonic() + 20
    while words not in shown(app):
        assert time.monotonic() < give_up, shown(app)
        time.sleep(0.05)
        app.run()
    assert not app.exception
    return app


def test_five_rows_columns_from_lists_and_classes(store: Store, visit: Open, asked) -> None:
    app = opened(visit, "someone/moods")
    assert asked == []  # nothing is downloaded unless it is asked for
    app.toggle(key="hub:hub:someone/moods").set_value(True).run()
    assert "Loading it in a process of its own" in shown(app)
    until(app, "1,200 rows, 3 columns. The first 5:")
    assert app.dataframe[0].value["sentence"].tolist() == list(TEXTS)
    scope = "task:hub:someone/moods"
    assert app.selectbox(key=f"{scope}.text").options == ["id", "sentence", "mood"]
    assert app.selectbox(key=f"{scope}.text").value == "sentence"
    assert app.selectbox(key=f"{scope}.label").value == "mood"
    until(app, "2 classes: good 700, bad 500.")
    assert {thread for _, thread in asked} == {"hub"}
    spec = asked[-1][0]["task"]
    assert (spec["task"], spec["text"], spec["label"]) == (
        "hub:someone/moods",
        ("sentence",),
        "mood",
    )
    assert not app.button(key="start").disabled


def test_what_cannot_be_loaded_is_said_in_one_line(store, visit, monkeypatch) -> None:
    line = "cannot load 'no/set' from the hub (no network); check the id and the network"
    tries = []

    def fail(request, kind):
        tries.append(request)
        raise InvalidDataError(line)

    monkeypatch.setattr("bort.studies.hub_look.ask", fail)
    app = opened(visit, "hub:no/set")  # with the prefix that the command line wants
    app.toggle(key="hub:hub:no/set").set_value(True).run()
    until(app, "check the id and the network")
    app.button(key="hub-again:Loading it").click().run()
    until(app, "check the id and the network")
    assert len(tries) == 2
    assert app.text_input(key="task.text").value == "text"  # columns can still be typed
