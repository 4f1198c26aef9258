"""`bort bench parallel`: simulated time is right, and rows are computed once."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.parallel import rows
from bort.cli.main import bort
from bort.core.question import Question
from bort.search import certified_search
from tests.benchmarks.made_up_table import made_up_table


def test_one_worker_takes_the_sum_of_its_trainings(tmp_path) -> None:
    table = made_up_table(tmp_path)
    seconds = np.linspace(1.0, 9.0, len(table))
    ended = rows.simulate(table, seconds, "0.25", 1, 1)
    asked = Question(epsilon=0.25)
    picks = [s.index for s in certified_search(table.problem, table.observe, question=asked)]
    assert ended.evaluations == len(picks)
    assert ended.seconds == pytest.approx(seconds[picks].sum())


def test_workers_train_at_the_same_time_and_results_wait_for_their_turn(tmp_path) -> None:
    pool = rows.SimulatedPool(made_up_table(tmp_path), [5.0, 1.0, 2.0, 7.0], 2)
    first, second = pool.begin(0), pool.begin(1)
    first()
    assert pool.now == 5.0
    third = pool.begin(2)  # begins when the first was used; the second has been done since 1.0
    second()
    assert pool.now == 5.0
    third()
    assert pool.now == 7.0


def test_a_third_training_waits_for_a_worker(tmp_path) -> None:
    pool = rows.SimulatedPool(made_up_table(tmp_path), [5.0, 1.0, 2.0, 7.0], 2)
    trainings = [pool.begin(index) for index in range(4)]  # they end at 5, 1, 3 and 10
    seen = []
    for training in trainings:
        training()
        seen.append(pool.now)
    assert seen == [5.0, 5.0, 5.0, 10.0]


def test_the_front_is_reached_sooner_with_several(tmp_path) -> None:
    table = made_up_table(tmp_path)
    seconds = [1.0] * len(table)
    alone, four = (rows.simulate(table, seconds, "hypervolume", n, n) for n in (1, 4))
    assert alone.seconds == alone.evaluations
    assert four.evaluations / 4 <= four.seconds < alone.seconds


def test_rows_are_computed_once_and_the_page_has_them(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(rows, "recorded_names", lambda: ["tweets-minilm-24:error_seed1"])
    out = tmp_path / "parallel.csv"
    asked = ["bench", "parallel", "--workers", "4", "--out", str(out), "--json"]
    said = CliRunner().invoke(bort, asked)
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["table"] == str(out)
    lines = out.read_text().splitlines()
    assert len(lines) == 1 + 3 * 2
    assert "| 4 | 4 | 9 (9-9) |" in out.with_suffix(".md").read_text()
    monkeypatch.setattr(rows, "simulate", None)  # nothing is computed again
    assert CliRunner().invoke(bort, asked).exit_code == 0
    assert out.read_text().splitlines() == lines


@pytest.mark.parametrize("workers", ["0", "x", "1,,2", "1001", "-1", "２"])
def test_a_wrong_number_of_workers_is_refused(tmp_path, workers: str) -> None:
    asked = ["bench", "parallel", "--workers", workers, "--out", str(tmp_path / "o.csv")]
    said = CliRunner().invoke(bort, asked)
    assert said.exit_code != 0
    assert "numbers from 1 to 1000" in str(said.exception)
