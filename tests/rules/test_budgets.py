"""Every suite has a budget, and together they fit the time limit on a slow machine."""

from pathlib import Path

from budgets import budgets

TESTS = Path(__file__).parents[1]
WORKERS = 2
MOST_S = 35 * 60  # out of 40 minutes; the rest is for installing, the first command, lint and types


def test_every_suite_has_a_budget() -> None:
    folders = {path.parent.name for path in TESTS.glob("*/test_*.py")}
    folders |= {path.parent.parent.name for path in TESTS.glob("*/*/test_*.py")}
    assert budgets().keys() == {*folders, "doctests"}


def test_all_suites_fit_on_a_slow_machine() -> None:
    slower = 2.5  # than the budgets, which are 1.5 times what the suites take on two cores
    assert sum(budgets().values()) * slower / WORKERS < MOST_S
