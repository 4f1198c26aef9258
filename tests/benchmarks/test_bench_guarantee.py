"""How often conditional claims fail: the numbers on the screens are those that were measured."""

import csv

from benchmarks.search.guarantee import MISLEADING, RESULTS, measure, misleading_case
from bort.search.trials import TRIALS, SpaceKind


def test_the_screens_quote_what_was_measured():
    with RESULTS.open(encoding="utf-8") as file:
        rows = [(r["kind"], int(r["claims"]), int(r["wrong"])) for r in csv.DictReader(file)]
    assert rows == [(str(t.kind), t.claims, t.wrong) for t in TRIALS]
    assert all(t.claims >= 200 for t in TRIALS)


def test_misleading_spaces_are_searched_and_counted():
    trial = measure(SpaceKind.MISLEADING, misleading_case, len(MISLEADING))
    assert 0 <= trial.wrong <= trial.claims <= len(MISLEADING)
    assert trial.claims > 0
