"""`bort bench` without the benchmarks, as in an installed package."""

import pytest
from click.testing import CliRunner

from bort.cli import bench as module
from bort.cli.main import bort
from bort.core.errors import MissingExtraError


def test_the_group_lists_its_benchmarks() -> None:
    said = CliRunner().invoke(bort, ["bench", "--help"])
    assert said.exit_code == 0
    assert all(f"  {name} " in said.output for name in module.BENCHMARKS)


@pytest.mark.parametrize("name", module.BENCHMARKS)
def test_each_benchmark_has_help_with_examples(name: str) -> None:
    said = CliRunner().invoke(bort, ["bench", name, "--help"])
    assert said.exit_code == 0
    assert f"  bort bench {name}" in said.output


def test_an_installed_package_says_where_they_are(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "ROOT", tmp_path)
    said = CliRunner().invoke(bort, ["bench", "search", "--seeds", "1"])
    assert isinstance(said.exception, MissingExtraError)
    assert "clone the project" in str(said.exception)
    assert CliRunner().invoke(bort, ["bench", "--help"]).exit_code == 0  # still lists them


def test_an_unknown_benchmark_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "ROOT", tmp_path)
    said = CliRunner().invoke(bort, ["bench", "speed"])
    assert said.exit_code == 2
    assert "No such command 'speed'" in said.output
