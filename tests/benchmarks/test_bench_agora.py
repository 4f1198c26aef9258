"""`bort bench agora` on a tiny task: which arms, how many points, and what it reports."""

import pytest
import tiny
from click.testing import CliRunner

from benchmarks.agora.bench import Line, bench_findings, bench_rows, read_table, write_table
from bort.agora.text.spec import AGORA, PLAIN
from bort.cli.main import bort

ARMS = (AGORA, PLAIN, "random", "random-double")


@pytest.fixture
def spec(place, trained_home):
    return tiny.agora_on_texts(place)


@pytest.fixture
def rows(spec):
    line = Line("tiny", spec, 1, ARMS)
    made = [row for together in bench_rows(line, ()) for row in together]
    assert list(bench_rows(line, made)) == []  # nothing runs twice
    return {row.result.arm: row for row in made}


def test_random_augmentation_may_have_twice_as_many_points(rows):
    assert rows.keys() == set(ARMS)
    results = {arm: row.result for arm, row in rows.items()}
    assert results["random"].added == results[AGORA].added > 0
    assert results["random-double"].added == 2 * results[AGORA].added
    assert len({result.steps for result in results.values()}) == 1
    (found,) = bench_findings(list(rows.values()))
    pairs = {(row["from"], row["to"]) for row in found.to_dict()["differences"]}
    assert ("random-double", AGORA) in pairs


def test_a_table_is_read_as_it_was_written(rows, tmp_path):
    made = list(rows.values())
    write_table(tmp_path / "agora.csv", made)
    assert read_table(tmp_path / "agora.csv") == made


def test_an_unknown_arm_is_refused_in_one_line(tmp_path):
    given = ["bench", "agora", "--arms", "plain,best", "--out", str(tmp_path)]
    result = CliRunner().invoke(bort, given, catch_exceptions=True)
    assert "unknown arm 'best'" in str(result.exception)
