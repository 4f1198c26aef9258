"""`--from-table`: others' results as a search space; instantaneous, in this process."""

import json

import pytest
from click.testing import CliRunner

from bort.cli.front import front
from bort.cli.search import search
from bort.cli.verify import verify
from bort.errors import InvalidDataError

OPTIONS = ["--size", "params", "--latency", "ms", "--error", "accuracy", "--maximise", "accuracy"]


@pytest.fixture
def table(tmp_path):
    lines = ["depth,width,kind,params,ms,accuracy"]
    for depth in (1, 2, 3, 4):
        for width in (16, 32, 64):
            for kind, share in (("dense", 1.0), ("sparse", 0.4)):
                size = share * depth * width**2
                error = 0.5 * depth**-0.2 * width**-0.1 * (1.05 if kind == "sparse" else 1)
                lines.append(f"{depth},{width},{kind},{size},{size**0.7},{1 - error:.5f}")
    path = tmp_path / "bench.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(command, *arguments):
    done = CliRunner().invoke(command, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_search_asks_rows_and_names_them_by_number(table, tmp_path):
    certificate = tmp_path / "certificate.json"
    found = run(
        search, "--from-table", table, *OPTIONS, "--lipschitz", "0.3", "--certificate", certificate
    )
    assert found["space_size"] == 24
    assert found["evaluations"] < 24
    assert found["guarantee"] == "proved"
    rows = table.read_text().splitlines()[1:]
    for point in found["front"]:
        assert rows[point["id"]].startswith(f"{point['architecture']['depth']},")
    assert CliRunner().invoke(verify, [str(certificate)]).exit_code == 0


def test_front_of_a_table_is_exact(table):
    found = run(front, "--from-table", table, *OPTIONS)
    assert found["evaluations"] == 24
    assert found["certified_epsilon"] == 0
    assert {point["id"] for point in found["front"]} >= set(found["cover"])
    searched = run(search, "--from-table", table, *OPTIONS, "--goal", "exhaustive")
    assert searched["front"] == found["front"]
    assert searched.keys() == found.keys()
    assert searched["best"]["id"] == found["best"]["id"]


def test_a_missing_column_is_told(table):
    with pytest.raises(InvalidDataError, match="no column size"):
        CliRunner().invoke(search, ["--from-table", str(table)], catch_exceptions=False)
