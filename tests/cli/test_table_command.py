"""`--from-table`: others' results as a search space; instantaneous, in this process."""

import json
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from bort.cli.front import front
from bort.cli.search import search
from bort.cli.verify import verify
from bort.core.errors import BortError, InvalidDataError

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


def test_a_home_that_cannot_be_written_is_told_before_the_search(table, tmp_path, monkeypatch):
    (tmp_path / "home").write_text("a file")
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("bort.studies.answers.table.search_table", None)  # it would be called
    arguments = ["--from-table", str(table), *OPTIONS]
    check_mistake(search, arguments, "choose another place with BORT_HOME")
    assert (tmp_path / "home").read_text() == "a file"


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


def test_an_audit_of_a_table_is_stated_certified_and_verified(table, tmp_path):
    certificate = tmp_path / "certificate.json"
    given = [*OPTIONS, "--epsilon", "0.5", "--certificate", certificate]
    found = run(search, "--from-table", table, *given, "--audit", "4")
    audit = found["audit"]
    assert (len(audit["drawn"]), audit["failed"], audit["is_complete"]) == (4, [], True)
    assert audit["population"] == 24 - found["evaluations"]
    assert not {p["id"] for p in found["front"]} & set(audit["drawn"])
    entry = next(entry for entry in found["ledger"] if entry["code"] == "audited")
    assert (entry["drawn"], entry["failed"], entry["status"]) == (4, 0, "checked")
    assert audit["statement"] in entry["evidence"]
    verified = CliRunner().invoke(verify, [str(certificate)])
    assert verified.exit_code == 0
    assert audit["statement"] in verified.output
    compared = CliRunner().invoke(verify, [str(certificate), "--from-table", str(table)])
    assert compared.exit_code == 0
    other = tmp_path / "other.csv"
    first, *rows = table.read_text().splitlines()
    other.write_text("\n".join([first, *reversed(rows)]))
    compared = CliRunner().invoke(verify, [str(certificate), "--from-table", str(other), "--json"])
    assert compared.exit_code == 1
    assert "SHA-256" in json.loads(compared.stdout)["failures"][0]
    missing = CliRunner().invoke(
        verify, [str(certificate), "--from-table", str(tmp_path / "no.csv")]
    )
    assert missing.exception.exit_code == 2
    assert found.keys() == run(front, "--from-table", table, *OPTIONS).keys()
    content = json.loads(certificate.read_text())
    content["audits"][0]["uncovered_at_most"] = 0
    certificate.write_text(json.dumps(content))
    assert CliRunner().invoke(verify, [str(certificate), "--json"]).exit_code == 1


def test_weights_rank_what_is_evaluated(table):
    found = run(front, "--from-table", table, *OPTIONS, "--weights", "1,2,1")
    ranked = [row["w"] for row in found["ranking"]]
    assert ranked == sorted(ranked, reverse=True)
    assert found["ranking"][0] == {"id": found["best"]["id"], "w": found["best"]["w"]}
    assert found["w_ratio"] == 1.0


HEADER = "depth,size,latency,error"
BAD_TABLES = {
    "missing": ("1,2,3,0.1\n2,,4,0.2", "1 value is missing, the first in row 2, column size"),
    "text": (
        "1,2,3,0.1\n2,3,fast,0.2",
        "column latency must contain numbers, but row 2 has 'fast'",
    ),
    "twice": ("1,2,3,0.1\n1,2,3,0.2\n2,3,4,0.3", "row 2 repeats the architecture depth=1"),
    "constant": ("1,2,3,0.1\n2,3,3,0.2", "column latency is 3 in every row"),
    "zero": ("1,0,3,0.1\n2,3,4,0.2", "column size must be above 0"),
    "negative": ("1,2,-3,0.1\n2,3,4,0.2", "column latency must be above 0"),
    "percent": ("1,2,3,10\n2,3,4,0.2", "column error must be from 0 to 1, got 10"),
    "one row": ("1,2,3,0.1", "the table has 1 row"),
    "no row": ("", "the table has no row"),
    "too many fields": ("1,2,3,0.1,9\n2,3,4,0.2,9", "more fields than its header, which names 4"),
    "infinite": ("1,inf,3,0.1\n2,3,4,0.2", "column size must contain numbers, but row 1 has inf"),
    "huge": ("1,1e308,3,0.1\n2,3,4,0.2", "choose a unit that puts it between"),
}


@pytest.mark.parametrize("what", BAD_TABLES)
@pytest.mark.parametrize("command", [search, front], ids=["search", "front"])
def test_bad_tables_are_one_line_and_exit_code_2(tmp_path, what, command):
    rows, words = BAD_TABLES[what]
    path = tmp_path / "bad.csv"
    path.write_text(f"{HEADER}\n{rows}\n")
    check_mistake(command, ["--from-table", str(path)], words)


LINE = '{"depth": 1, "size": 2, "latency": 3, "error": 0.1}\n'
OTHER = '{"depth": 7, "size": 3, "latency": 4, "error": 0.2}\n'


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('\n{"depth": 2, "size"', "line 3 is not JSON"),
        ("[1, 2]", "line 2 is JSON, but not an object"),
        (OTHER.replace("7", "9" * 5000), "column depth contains an infinite number"),
        (OTHER.replace("7", "[7]"), "column depth contains lists or objects"),
    ],
)
def test_a_bad_line_of_a_table_is_named_by_its_number(tmp_path, more, words):
    path = tmp_path / "bad.jsonl"
    path.write_text(LINE + more)
    check_mistake(search, ["--from-table", str(path)], words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--lipschitz", "-0.1"], "or one for each by name, got -0.1"),
        (["--slack", "-1"], "σ must be a number of 0 or more, got -1.0"),
        (["--audit", "0"], "audit must be a whole number of 1 or more"),
        (["--audit", "24"], "an audit trains 1 to 23 of 24 architectures"),
        (["--confidence", "0.9"], "name their column with --error-se"),
        (["--confidence", "2"], "confidence must be a number between 0 and 1"),
        (["--epsilon", "1e-320"], "epsilon must be a number from 1e-06 to 1000000"),
        (["--weights", "300,300,900"], "weights must be three numbers from 0 to 50"),
        (["--lipschitz", "1e300"], "λ must be one number from 0 to 1e+09"),
        (["--lipschitz", "depth=1,depth=2"], "or one for each by name, got 'depth=1,depth=2'"),
        (["--minutes", "3"], "--minutes has no effect with --from-table"),
        (["--study", "mine"], "--study has no effect with --from-table"),
    ],
)
def test_bad_options_are_one_line_and_exit_code_2(table, options, words):
    check_mistake(search, ["--from-table", str(table), *OPTIONS, *options], words)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (search, ["--latency", "ms"]),
        (front, ["--latency", "ms"]),
        (search, ["--certificate", "certificate.json"]),
        (front, ["--maximise", "accuracy"]),
    ],
)
def test_options_of_a_table_need_a_table(tmp_path, monkeypatch, command, options):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    check_mistake(command, options, f"{options[0]} has no effect without --from-table")


@pytest.mark.parametrize("text", ["", "{", '{"format": "bort-certificate", "version": 99}', "[]"])
def test_what_is_no_certificate_is_one_line_and_exit_code_2(tmp_path, text):
    path = tmp_path / "certificate.json"
    path.write_text(text)
    check_mistake(verify, [str(path)], "")


def check_mistake(command, arguments, words):
    done = CliRunner().invoke(command, arguments)
    assert isinstance(done.exception, BortError)
    assert done.exception.exit_code == 2
    assert words in str(done.exception)
    assert "\n" not in str(done.exception)


def test_more_dimensions_than_a_search_can_tell_apart_are_refused(tmp_path):
    names = [f"d{k}" for k in range(101)]
    lines = [",".join([*names, "params", "ms", "accuracy"])]
    for row in range(5):
        lines.append(
            ",".join([str(1 + row + k) for k in range(101)] + [f"{row + 2},{row + 1},0.{row}1"])
        )
    wide = tmp_path / "wide.csv"
    wide.write_text("\n".join(lines) + "\n")
    with pytest.raises(InvalidDataError, match=r"101 columns .* tell apart 100 at most"):
        run(search, "--from-table", wide, *OPTIONS)
    assert run(front, "--from-table", wide, *OPTIONS)["space_size"] == 5
    few = run(search, "--from-table", wide, *OPTIONS, "--dimensions", "d0,d1")
    assert few["space_size"] == 5


def test_numbers_as_texts_decimals_and_markup_are_printed(tmp_path):
    acts = ("[relu]", "[gelu,conv]", "[/b]")
    rows = [
        {
            "act": act,
            "depth": d,
            "size": str(10 * d),
            "latency": f"{0.5 * d}",
            "error": f"{0.3 / d:.3f}",
        }
        for act in acts[:1]
        for d in (1, 2, 4)
    ] + [
        {"act": act, "depth": 2, "size": "25", "latency": "1.5", "error": "0.09"}
        for act in acts[1:]
    ]
    file = tmp_path / "strings.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = CliRunner().invoke(front, ["--from-table", str(file)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "[relu]" in done.stdout
    assert "[gelu,conv]" in done.stdout
    frame = pd.DataFrame(rows)
    frame["latency"] = frame["latency"].map(Decimal)
    frame["error"] = frame["error"].astype(float)
    frame["size"] = frame["size"].astype(int)
    frame.to_parquet(tmp_path / "decimals.parquet")
    assert run(front, "--from-table", tmp_path / "decimals.parquet")["space_size"] == 5
    written = [*rows, {**rows[0], "depth": "1", "error": "0.2"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in written))
    check_mistake(front, ["--from-table", str(file)], "repeats the architecture")


def test_names_that_are_numbers_are_names(tmp_path):
    frame = pd.DataFrame([[1, 1, 1.0, 0.3], [2, 2, 2.0, 0.2], [4, 3, 3.0, 0.1]])
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "numbers.parquet")
    named = ("--size", "1", "--latency", "2", "--error", "3")
    assert run(front, "--from-table", tmp_path / "numbers.parquet", *named)["space_size"] == 3
