import json

import pytest
from click.testing import CliRunner
from made_up_table import write_table

from bort.cli.bench import bench


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    table = write_table(tmp_path / "made-up.csv")

    def call(*arguments):
        return CliRunner().invoke(bench, ["search", "--tables", str(table), *arguments])

    return call


def test_everything_is_answered_written_and_resumed(run, tmp_path):
    chosen = ["--samplers", "certified,certified-cover,random", "--seeds", "3", "--json"]
    out = ["--out", str(tmp_path / "out")]
    result = run(*chosen, *out)
    assert result.exit_code == 0, result.output
    (table,) = json.loads(result.stdout)["tables"]
    assert [s["runs"] for s in table["samplers"]] == [1, 1, 3]
    assert table["architectures"] == 18
    assert all(s["final_share"]["median"] == pytest.approx(1) for s in table["samplers"][::2])
    comparison = table["comparison"]
    assert comparison["best_other"] == "random"
    assert comparison["ratio"] == comparison["ours"] / comparison["best_other_evaluations"]
    report = (tmp_path / "out" / "search.md").read_text()
    assert "| random search | 3 | 18 |" in report
    assert (tmp_path / "out" / "search-made-up.svg").exists()
    assert (tmp_path / "out" / "search.csv").read_text().count("\n") > 3 * 10
    log = tmp_path / "out" / "search-runs.csv"
    before = log.read_bytes()
    assert run(*chosen, *out).stdout == result.stdout
    assert log.read_bytes() == before
    assert run(*chosen, *out, "--again").stdout == result.stdout


def test_another_error_column_can_be_asked_for(run, tmp_path):
    table = f"{tmp_path / 'made-up.csv'}:error_seed0"
    result = run("--tables", table, "--samplers", "random", "--seeds", "1", "--evaluations", "4")
    assert "## made-up:error_seed0: 18 architectures" in result.stdout
    assert "not reached" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--seeds", "0"), "must be 1 or more"),
        (("--samplers", "magic"), "unknown sampler magic"),
        (("--tables", "no-such-table"), "there is no recorded table 'no-such-table'"),
    ],
)
def test_bad_input_is_one_clear_line(run, arguments, message):
    result = run(*arguments)
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert result.exception.exit_code == 2


def test_the_group_names_the_benchmark():
    assert "search" in CliRunner().invoke(bench, ["--help"]).output
