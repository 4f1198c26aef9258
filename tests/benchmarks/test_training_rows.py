"""Runs of `bort bench training`: stored, continued, and reported with their uncertainty."""

import pytest

from benchmarks.training.rows import Run, Setting, read_runs, report, summary, write_report
from bort.core.errors import InvalidDataError

ORACLE = {"threads": 2, "max_length": 47, "teacher_dev_error": 0.148}
SETTING = Setting(steps=200, batch_size=32, threads=2)


def run(seed, trainer, ours, *, steps=200):
    return Run(
        steps=steps,
        batch_size=32,
        threads=2,
        architecture="1-2-16-24",
        seed=seed,
        learning_rate=1e-3,
        trainer_step_ms=20.0,
        our_step_ms=4.0,
        trainer_error=trainer,
        our_error=ours,
        speedup=5.0,
        scratch_error=0.2,
        inherited_error=0.2,
        inherited_seconds=1.5,
        inherited_attempts=1,
    )


def test_written_runs_are_read_again(tmp_path):
    rows = [run(0, 0.25, 0.26), run(1, 0.25, 0.24)]
    write_report(tmp_path, summary(rows, ORACLE))
    assert read_runs(tmp_path, SETTING) == rows
    assert "Median speedup over all runs: 5.0x." in (tmp_path / "training.md").read_text("utf-8")


def test_runs_of_another_setting_are_not_written_over(tmp_path):
    write_report(tmp_path, summary([run(0, 0.25, 0.26, steps=50)], ORACLE))
    with pytest.raises(InvalidDataError, match="contains runs other than those of steps 200"):
        read_runs(tmp_path, SETTING)
    (tmp_path / "training.csv").write_text("a,b\n1\n")
    with pytest.raises(InvalidDataError, match="choose another folder"):
        read_runs(tmp_path, SETTING)


def test_there_may_be_no_runs_yet(tmp_path):
    assert read_runs(tmp_path, SETTING) == []


def test_the_difference_is_paired_and_has_an_interval():
    found = summary([run(0, 0.20, 0.21), run(1, 0.30, 0.33)], ORACLE).error_difference
    # differences 0.01 and 0.03: mean 0.02, standard error 0.01, t of one degree 12.706
    assert found.mean == pytest.approx(0.02)
    assert found.high == pytest.approx(0.02 + 12.706 * 0.01, rel=1e-3)
    assert found.runs == 2


def test_one_run_has_no_interval():
    answer = summary([run(0, 0.20, 0.21)], ORACLE)
    assert answer.error_difference.low is None
    assert "paired" not in report(answer)
