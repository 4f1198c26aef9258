"""The table of `bort bench plans`: it continues, and says which plans were good."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from benchmarks.plans import command
from bort.cli.main import bort

PLANNED = {"finetune": {"minutes": 4.0}, "agora": {"total_minutes": None}}


def test_each_run_is_planned_and_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, calls = tmp_path / "plans.csv", list[str]()
    clock = iter(range(0, 10_000, 300))  # five minutes for each run

    def answer_of(*arguments: str) -> dict[str, object]:
        calls.append(" ".join(arguments))
        if len(calls) == 9:
            raise KeyboardInterrupt
        return PLANNED.get(arguments[0], {"total_minutes": 10.0})

    monkeypatch.setattr(command, "_answer_of", answer_of)
    monkeypatch.setattr(command, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    runner = CliRunner()
    assert runner.invoke(bort, ["bench", "plans", "--out", str(out)]).exit_code == 1  # stopped
    assert len(out.read_text().splitlines()) == 1 + 4
    said = runner.invoke(bort, ["bench", "plans", "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert len(calls) == 8 + 1 + 2 * (len(command.RUNS) - 4)
    lines = out.with_suffix(".md").read_text().splitlines()
    assert lines[2].startswith("1 of 6 plans are within a factor of 1.5")  # 5 of 4 min
    assert lines[6].endswith("| 10.0 | 5.0 | 0.50 |")
    assert lines[-1].endswith("| not known | 5.0 |  |")
