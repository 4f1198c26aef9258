import pandas as pd
import pytest

from benchmarks.record.recording import Conditions, RecordingLog, record, table
from bort.core.errors import InvalidDataError
from bort.core.evaluation import Evaluation
from bort.families import SearchSpace

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
    return Evaluation(error, 0.01, 1000, macro_f1=1 - error, seed=seed, steps=200, seconds=1.5)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new folder" / "log.csv"


def open_log(path, conditions=CONDITIONS):
    return RecordingLog(path, tuple(SPACE.dimensions), conditions)


def test_every_architecture_meets_every_seed_once(path):
    trained = list(record(SPACE, (0, 1), open_log(path), train))
    assert len(trained) == len({(a.id, e.seed) for a, e in trained}) == 8
    assert list(record(SPACE, (0, 1), open_log(path), train)) == []


def test_a_log_that_was_cut_in_a_row_goes_on(path):
    list(record(SPACE, (0, 1), open_log(path), train))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert len(list(record(SPACE, (0, 1), open_log(path), train))) == 1
    assert path.read_bytes() == whole


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
