"""What challenges cost and prevent: recorded, and counted as the search does."""

import csv

from benchmarks.search.challenges import CHALLENGES, RESULTS, costs
from bort.search.trials import SpaceKind


def test_the_record_has_every_kind_with_and_without_challenges():
    with RESULTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows[::2]] == ["misleading", "cones", "smooth"]
    for without, challenged in zip(rows[::2], rows[1::2], strict=True):
        assert (without["challenges"], challenged["challenges"]) == ("", "4")
        assert int(challenged["wrong"]) <= int(without["wrong"])
        assert int(challenged["evaluations"]) >= int(without["evaluations"])


def test_searches_are_counted():
    rows = list(costs(SpaceKind.MISLEADING, 2))
    assert [row.challenges for row in rows] == list(CHALLENGES)
    assert all(row.wrong <= row.claims <= row.searches == 2 for row in rows)
