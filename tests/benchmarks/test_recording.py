import numpy as np
import pandas as pd
import pytest

from benchmarks.record.recording import (
    Conditions,
    CurveLog,
    RecordingLog,
    record,
    spread,
    table,
)
from bort.core.errors import InvalidDataError, InvalidOptionError
from bort.core.evaluation import Evaluation
from bort.families import SearchSpace, load_space
from bort.studies.recorded_table import read_table

CONDITIONS = Conditions("space", "task", "teacher", 200, 32, "inherit", 1)
SPACE = SearchSpace.from_dict(
    {
        "name": "small",
        "family": "bert",
        "dimensions": {
            "depth": [1, 2],
            "heads": [2],
            "hidden": [8, 16],
            "intermediate": [16],
        },
        "fixed": {"vocabulary": 50, "positions": 16, "types": 2, "labels": 2},
    }
)


def train(architecture, seed):
    error = (10 + architecture["depth"] + seed) / 100
    evaluation = Evaluation(
        error, 0.01, 1000, macro_f1=1 - error, seed=seed, steps=200, seconds=1.5
    )
    return lambda: evaluation


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new folder" / "log.csv"


def open_log(path, conditions=CONDITIONS):
    return RecordingLog(path, SPACE, conditions)


def test_every_architecture_meets_every_seed_once(path):
    trained = list(record(SPACE, (0, 1), open_log(path), train))
    assert len(trained) == len({(a.id, e.seed) for a, e in trained}) == 8
    assert list(record(SPACE, (0, 1), open_log(path), train)) == []


def test_several_at_once_are_logged_in_the_order_of_one(path, tmp_path):
    begun = []

    def begin(architecture, seed):
        begun.append((architecture.id, seed))
        return train(architecture, seed)

    ahead = []
    for number, _ in enumerate(record(SPACE, (0, 1), open_log(path), begin, at_once=3), 1):
        ahead.append(len(begun) - number)
    assert max(ahead) == 2  # besides the one whose result was just used
    assert len(begun) == len(set(begun)) == 8
    alone = open_log(tmp_path / "alone.csv")
    list(record(SPACE, (0, 1), alone, train))
    assert path.read_bytes() == alone.path.read_bytes()
    list(record(SPACE, (0, 1), open_log(path), begin, at_once=3))
    assert len(begun) == 8


def test_a_log_that_was_cut_in_a_row_goes_on(path):
    list(record(SPACE, (0, 1), open_log(path), train))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert len(list(record(SPACE, (0, 1), open_log(path), train))) == 1
    assert path.read_bytes() == whole


def test_dev_errors_along_the_way_are_kept_beside_the_log(path):
    log = CurveLog(path, SPACE, CONDITIONS)
    log.add(SPACE.architecture(2), 1, {25: 0.4, 50: 0.3})
    rows = CurveLog(path, SPACE, CONDITIONS).rows()
    assert rows["hidden"].tolist() == [SPACE.architecture(2)["hidden"]] * 2
    assert rows[["seed", "step", "error_rate"]].to_numpy().tolist() == [[1, 25, 0.4], [1, 50, 0.3]]


def test_other_conditions_are_not_mixed_in(path):
    list(record(SPACE, (0,), open_log(path), train))
    other = Conditions("space", "task", "teacher", 100, 32, "inherit", 1)
    with pytest.raises(InvalidDataError, match="recorded with steps 200, but this run has 100"):
        open_log(path, other)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InvalidDataError, match="not a log"):
        open_log(path)


def test_the_table_has_means_over_seeds_and_exact_sizes(path):
    log = open_log(path)
    list(record(SPACE, (0, 1), log, train))
    rows = table(log, SPACE, None)
    assert len(rows) == 4
    deep = rows[rows["depth"] == 2].iloc[0]
    assert deep["error_seed0"] == 0.12
    assert deep["error_mean"] == pytest.approx(0.125)
    assert deep["error_se"] == pytest.approx((0.125 * 0.875 / 1000) ** 0.5, abs=1e-6)
    assert set(rows["parameter_count"]) == set(SPACE.parameter_count)


def test_an_architecture_that_a_seed_has_not_trained_is_left_out(path):
    log = open_log(path)
    for _ in zip(range(6), record(SPACE, (0, 1), log, train), strict=False):
        pass
    assert len(table(log, SPACE, None)) == len(pd.read_csv(path)) - 4


MIXED = SearchSpace.from_dict(
    {
        "name": "mixed",
        "families": [
            {
                "name": "mixed",
                "family": "static",
                "dimensions": {"vocabulary": [50, 100], "hidden": [8]},
                "fixed": {"labels": 2},
            },
            {**SPACE.to_dict(), "name": "mixed"},
        ],
    }
)


def train_mixed(architecture, seed):
    error = (10 + len(architecture.names) + seed) / 100
    items = bytes([seed + 1])
    evaluation = Evaluation(error, 0.01, 8, macro_f1=0.5, seed=seed, wrong_items=items)
    return lambda: evaluation


def test_a_part_of_a_space_is_spread_over_families_and_sizes(path):
    small = load_space("small")
    chosen = spread(small, 120)
    assert len(set(chosen)) == len(chosen) == 120
    assert np.bincount(small.families[chosen]).tolist() == [13, 38, 69]  # of 20, 60, 108
    assert small.maximum in chosen
    assert [len(spread(small, count)) for count in (6, 61, 188)] == [6, 61, 188]
    for wrong in (0, 2, 189):
        with pytest.raises(InvalidOptionError, match="of 188 architectures in 3 families"):
            spread(small, wrong)
    log = RecordingLog(path, MIXED, CONDITIONS)
    part = list(record(MIXED, (0,), log, train_mixed, rows=spread(MIXED, 4)))
    assert len(part) == 4
    assert len(list(record(MIXED, (0,), log, train_mixed))) == 2  # the rest, later


def test_a_row_of_a_mixed_space_has_its_own_dimensions(path, tmp_path):
    log = RecordingLog(path, MIXED, CONDITIONS)
    list(record(MIXED, (0, 1), log, train_mixed))
    again = RecordingLog(path, MIXED, CONDITIONS)
    assert list(record(MIXED, (0, 1), again, train_mixed)) == []
    assert set(again.trainings()["wrong_items"]) == {"AQ==", "Ag=="}
    whole = table(log, MIXED, None)
    assert whole["error_mean"].tolist() == [0.125, 0.125, *[0.145] * 4]
    assert whole["parameter_count"].tolist() == MIXED.parameter_count.tolist()
    whole["latency_ms"] = range(1, 7)
    whole.to_csv(tmp_path / "table.csv", index=False)
    read = read_table(
        tmp_path / "table.csv",
        size="parameter_count",
        latency="latency_ms",
        error="error_mean",
        dimensions=list(MIXED.dimensions),
    )
    assert read.problem.families.tolist() == [0, 0, 1, 1, 1, 1]
    assert read.cells["static.vocabulary"] == [50, 100, *[None] * 4]
