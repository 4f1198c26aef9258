import json

import pytest
from click.testing import CliRunner

from bort.cli.bench import bench


@pytest.fixture
def run(place, trained_home, monkeypatch):
    # Use the tiny source network instead of the default one.
    monkeypatch.setattr("bort.training.source._default_folder", lambda: place / "source")
    monkeypatch.setattr("bort.training.source.DEFAULT_WEIGHTS_SHA256", _digest(place / "source"))

    def call(*arguments):
        command = ["training", "--space", str(place / "tiny.toml"), "--steps", "10"]
        task = ["--task", str(place / "reviews.csv"), "--threads", "1"]
        return CliRunner().invoke(bench, [*command, *task, *arguments])

    return call


def _digest(folder):
    from bort.training.source import weights_digest

    return weights_digest(folder)


def test_both_sides_are_timed_and_judged(run, tmp_path):
    chosen = ["--architectures", "1-1-8-16,2-2-16-32", "--seeds", "2"]
    result = run(*chosen, "--json", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert [a["architecture"] for a in answer["architectures"]] == ["1-1-8-16", "2-2-16-32"]
    assert len(answer["runs"]) == 4
    for row in answer["runs"]:
        assert row["speedup"] == pytest.approx(row["trainer_step_ms"] / row["our_step_ms"])
        assert all(0 <= row[f"{side}_error"] <= 1 for side in ("trainer", "our", "scratch"))
    assert (tmp_path / "training.csv").read_text().count("\n") == 5
    assert "| 2-2-16-32 |" in (tmp_path / "training.md").read_text()


def test_an_unknown_architecture_is_one_clear_line(run):
    result = run("--architectures", "9-9-9-9")
    assert "has no architecture '9-9-9-9'" in str(result.exception)
