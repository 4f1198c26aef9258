"""A table with the rows of several families: blank where a family lacks a dimension."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from bort.cli.main import bort
from bort.core.errors import InvalidDataError
from bort.studies.recorded_table import read_table

COLUMNS = {"size": "parameter_count", "latency": "latency_ms", "error": "error_rate"}


def rows():
    static = [
        {"static.vocabulary": v, "static.hidden": h, "parameter_count": v * h,
         "latency_ms": 0.01 * h, "error_rate": 0.9 / (v * h) ** 0.15}
        for v in (1000, 2000, 4000) for h in (32, 64)
    ]  # fmt: skip
    bert = [
        {"bert.depth": d, "bert.hidden": h, "parameter_count": 30_000 * h + d * h * h,
         "latency_ms": 0.2 * d + 0.01 * h, "error_rate": 0.3 / (d * h) ** 0.2}
        for d in (1, 2, 4) for h in (96, 192)
    ]  # fmt: skip
    return [{"id": f"r{n}", **row} for n, row in enumerate([*static, *bert])]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mixed.csv"
    pd.DataFrame(rows()).to_csv(path, index=False)
    return path


def test_families_are_read_from_the_names_and_the_blanks(file) -> None:
    table = read_table(file, **COLUMNS)
    problem = table.problem
    assert problem.names == ("static.vocabulary", "static.hidden", "bert.depth", "bert.hidden")
    assert problem.families.tolist() == [0] * 6 + [1] * 6
    assert problem.scales == ("log",) * 4
    assert problem.coordinates[0] == pytest.approx([np.log(1000), np.log(32), 0, 0])


def test_such_a_table_is_searched_and_its_certificate_verifies(file, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    columns = [f"--{name}={column}" for name, column in COLUMNS.items()]
    certificate = tmp_path / "certificate.json"
    asked = ["search", "--from-table", str(file), *columns, "--epsilon=0.3"]
    given = ["--lipschitz=0.3", "--certificate", str(certificate)]
    done = CliRunner().invoke(bort, [*asked, *given, "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    families = {next(iter(point["architecture"])).split(".")[0] for point in answer["front"]}
    assert families == {"static", "bert"}
    assert all(len(point["architecture"]) == 2 for point in answer["front"])
    assert answer["certified_epsilon"] <= 0.3
    checked = CliRunner().invoke(bort, ["verify", str(certificate), "--from-table", str(file)])
    assert checked.exit_code == 0, checked.output
    shown = CliRunner().invoke(bort, [*asked, *given, "--force"])
    assert "dimensions" in shown.output


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"static.hidden": None}, "row 1 must have every dimension of one family and none of"),
        ({"bert.depth": 2}, "has some of static and bert"),
        ({"static.vocabulary": None, "static.hidden": None}, "has some of none"),
        ({"error_rate": None}, "row 1, column error_rate"),
    ],
)
def test_a_row_is_of_one_family(tmp_path, cells, said) -> None:
    first, *rest = rows()
    path = tmp_path / "wrong.csv"
    pd.DataFrame([{**first, **cells}, *rest]).to_csv(path, index=False)
    with pytest.raises(InvalidDataError, match=said):
        read_table(path, **COLUMNS)


def test_blanks_in_other_tables_are_refused_as_ever(tmp_path) -> None:
    path = tmp_path / "holes.csv"
    some = [{name.split(".")[-1]: value for name, value in row.items()} for row in rows()]
    pd.DataFrame(some).to_csv(path, index=False)
    with pytest.raises(InvalidDataError, match="12 values are missing"):
        read_table(path, **COLUMNS)
