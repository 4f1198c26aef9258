"""The log of `bort bench front` and its page; the measuring itself needs minutes and a browser."""

import numpy as np
import pytest

from benchmarks.front.rows import Record, What, open_log, ratio_of, write_page

FRONT = "Pareto front"


@pytest.fixture
def log(tmp_path):
    return open_log(tmp_path / "front.csv")


def test_a_second_run_measures_what_is_missing_on_this_machine(log):
    here, elsewhere = Record(log, "this CPU"), Record(log, "another CPU")
    assert here.missing(What.PAINT, FRONT, 50, 3) == [0, 1, 2]
    here.add(What.PAINT, FRONT, 50, 5, 1, 1.2, 1.0)
    assert Record(open_log(log.path), "this CPU").missing(What.PAINT, FRONT, 50, 3) == [0, 2]
    assert here.missing(What.PAINT, FRONT, 500, 3) == [0, 1, 2]
    assert here.missing(What.REPAINT, FRONT, 50, 3) == [0, 1, 2]
    assert elsewhere.missing(What.PAINT, FRONT, 50, 3) == [0, 1, 2]


def test_ratio_of_medians_and_its_interval():
    values = np.array([2.0, 2.0, 2.0, 9.0, 2.0])
    found = ratio_of(values, values / 4)
    assert found.value == 2.0
    assert found.beside == 0.5
    assert found.ratio == 4.0
    assert found.low <= 4.0 <= found.high
    flat = ratio_of(np.full(4, 3.0), np.full(4, 2.0))
    assert flat.low == flat.high == 1.5


def test_the_page_says_each_ratio_with_its_aim_and_what_tabs_and_sessions_cost(log):
    record = Record(log, "this CPU")
    for number in range(4):
        record.add(What.PAINT, FRONT, 50, 5, number, 1.2, 1.0)
        record.add(What.TABS, FRONT, 50, 5, number, 0.9, 0.6)
        record.add(What.IDLE, FRONT, 50, 5, number, 0.15, 0.05)
        record.add(What.SESSIONS, FRONT, 25, 0, number, 300.0 + number, 0.04)
    text = write_page(log).read_text("utf-8")
    assert (
        "| paint | Pareto front | 50 | 5 | 4 | 1.20 | 1.00 | 1.20 (1.20 to 1.20) | 1.30 |" in text
    )
    assert (
        "| ten tabs | Pareto front | 50 | 5 | 4 | 0.90 | 0.60 | 1.50 (1.50 to 1.50) | 2.00 |"
        in text
    )
    assert "An idle tab takes 1.0% of a core" in text
    assert "25 sessions that changed ε 4 times each saw no error" in text
    assert "40 ms of processor time" in text
    assert "300 MiB after the first round, 301 MiB after a quarter of them, and 303 MiB" in text
    assert "this CPU" in text


def test_an_empty_log_makes_a_page(log):
    assert "nothing yet" in write_page(log).read_text("utf-8")
