"""How often conditional claims fail: the numbers on the screens are those that were measured."""

import csv
from dataclasses import replace

import numpy as np

from benchmarks.search.broken_pairs import COLUMNS, DIMENSIONS, TABLE, broken_pairs
from benchmarks.search.guarantee import MISLEADING, RESULTS, measure, misleading_case
from bort.search.trials import TRIALS, SpaceKind
from bort.studies.recorded_table import read_table


def test_the_screens_quote_what_was_measured():
    with RESULTS.open(encoding="utf-8") as file:
        rows = [(r["kind"], int(r["claims"]), int(r["wrong"])) for r in csv.DictReader(file)]
    assert rows == [(str(t.kind), t.claims, t.wrong) for t in TRIALS]
    assert all(t.claims >= 200 for t in TRIALS)


def test_misleading_spaces_are_searched_and_counted():
    trial = measure(SpaceKind.MISLEADING, misleading_case, len(MISLEADING))
    assert 0 <= trial.wrong <= trial.claims <= len(MISLEADING)
    assert trial.claims > 0


def test_the_estimated_lambda_is_tested_on_every_pair_of_a_table():
    columns = dict(zip(("size", "latency", "error"), COLUMNS, strict=True))
    table = read_table(TABLE, dimensions=DIMENSIONS.split(","), **columns)
    found = broken_pairs(table)
    assert (found.rows, found.pairs) == (96, 96 * 95 // 2)
    assert 0 < found.broken / found.pairs < 0.05
    assert found.worst > 0
    generous = replace(table, errors=np.full(96, 0.2) + np.arange(96) * 1e-12)
    assert broken_pairs(generous).broken == 0
