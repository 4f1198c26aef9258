"""Spot checks: the simulation and the table in the documents are those that the command writes."""

import csv

import numpy as np
import pytest

from benchmarks.search.recorded_tables import load_table
from benchmarks.search.spot_checks import (
    PICKERS,
    RUNS,
    STATED,
    Stated,
    is_wrong_at_a_look,
    statements,
)


@pytest.mark.parametrize("picker", PICKERS.values(), ids=PICKERS)
def test_a_statement_is_wrong_at_any_look_in_at_most_5_percent_of_searches(picker):
    wrong = sum(is_wrong_at_a_look(picker, key) for key in range(25))
    assert wrong <= 0.05 * 25 + 3 * np.sqrt(25 * 0.05 * 0.95)


def test_the_recorded_simulation_is_within_its_binomial_interval():
    with RUNS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["picker"] for row in rows} == set(PICKERS)
    for row in rows:
        searches, wrong = int(row["searches"]), int(row["wrong"])
        assert searches >= 1000
        assert wrong <= 0.05 * searches + 2 * np.sqrt(0.05 * 0.95 * searches)


def test_no_recorded_statement_is_wrong():
    with STATED.open(encoding="utf-8") as file:
        rows = [Stated(**row) for row in csv.DictReader(file)]
    assert {row.table for row in rows} == {"movie-reviews-minilm-96", "nas-bench-201"}
    stated = [row for row in rows if row.epsilon]
    assert all(float(row.epsilon) >= float(row.true_epsilon) - 1e-12 for row in stated)


def test_the_statements_of_a_table_are_computed_again():
    rows = list(statements(load_table("tweets-minilm-24"), 0.5, 24))
    assert rows[-1].trainings == 24
    assert rows[-1].true_epsilon == 0
