"""Every page opens on a store that an older bort wrote."""

import sqlite3
from pathlib import Path

import pytest
from visits import Open, shown

from bort.storage import Store

BEFORE = Path(__file__).parents[1] / "storage" / "store_before.sql"


@pytest.mark.parametrize(
    ("page", "query", "said"),
    [
        ("home", {}, "before"),
        ("pareto", {"study": "before"}, "1-2-64-64"),
        ("search", {"job": "5"}, "its process 4242 is gone"),
        ("search", {"job": "1"}, "is done"),
        ("models", {"model": "before-model"}, "before-model"),
        ("models", {"job": "3"}, "the teacher has other labels"),
        ("machine", {"job": "4"}, "was cancelled"),
        ("machine", {"profile": "made-up"}, "made-up"),
        ("agora", {"job": "2"}, "is done"),
    ],
)
def test_a_page(store: Store, visit: Open, page: str, query: dict[str, str], said: str) -> None:
    file = Path(store.url.removeprefix("sqlite:///"))
    store.close()
    for left in file.parent.glob(f"{file.name}*"):
        left.unlink()
    connection = sqlite3.connect(file)
    connection.executescript(BEFORE.read_text(encoding="utf-8"))
    connection.close()
    app = visit(page, **query)
    assert not app.exception
    assert said in shown(app)
