"""Evaluations per hour: rounds are measured once, in turns, and the page counts right."""

from concurrent.futures import Future

import pytest

from benchmarks.parallel.throughput import COLUMNS, measure, write_page
from benchmarks.row_log import RowLog
from bort.core.evaluation import Evaluation
from bort.core.serialise import to_json
from bort.families import load_space
from bort.jobs.workers.messages import subject_of

HERE = {"task": "movie-reviews", "cpu": "made up", "cores": 2}


class Pool:
    """Workers that need no time, and say that they trained."""

    def __init__(self, count):
        self.count, self.trained, self.is_closed = count, [], False

    def submit(self, message):
        assert not self.is_closed
        seed = message["seed"]
        self.trained.append((subject_of(message), seed))
        found = Evaluation(0.1, 0.01, 100, seed=seed, seconds=2.0)
        future = Future()
        future.set_result({"evaluation": to_json(found)})
        return future

    def close(self):
        self.is_closed = True


def test_rounds_that_are_there_are_not_measured_again(tmp_path):
    log, pools = RowLog(tmp_path / "throughput.csv", COLUMNS, HERE), []

    def pool_of(count):
        pools.append(Pool(count))
        return pools[-1]

    space = load_space("minilm")
    for rounds in (1, 2):
        measure(log, space, pool_of, [1, 2], count=3, rounds=rounds)
    assert [pool.count for pool in pools] == [1, 2, 1, 2]
    assert all(pool.is_closed for pool in pools)
    for pool in pools:
        measured = [name for name, seed in pool.trained if seed == 0]
        assert len(measured) == len(set(measured)) == 3
    rows = log.rows()
    assert rows["training_seconds"].tolist() == [6.0] * 4
    assert rows[["workers", "round"]].to_numpy().tolist() == [[1, 0], [2, 0], [1, 1], [2, 1]]


def test_the_page_counts_per_hour_and_what_is_between(tmp_path):
    log = RowLog(tmp_path / "throughput.csv", COLUMNS, HERE)
    row = {"round": 0, "evaluations": 10, "training_seconds": 49.0}
    log.append({**row, "workers": 1, "seconds": 50.0})
    log.append({**row, "workers": 2, "seconds": 25.0})
    page = write_page(log).read_text("utf-8")
    assert "| 1 | 1 | 720 (720 to 720) | 4.90 | 0.100 | 2.0% |" in page
    assert "| 2 | 1 | 1440 (1440 to 1440) | 4.90 | 0.100 | 2.0% |" in page


def test_a_pool_is_closed_after_an_error(tmp_path):
    class Broken(Pool):
        def submit(self, message):
            raise RuntimeError("no worker")

    pool = Broken(1)
    log = RowLog(tmp_path / "throughput.csv", COLUMNS, HERE)
    with pytest.raises(RuntimeError, match="no worker"):
        measure(log, load_space("minilm"), lambda count: pool, [1], count=3, rounds=1)
    assert pool.is_closed
    assert log.rows().empty
