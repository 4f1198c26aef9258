"""`bort space show`, and the ABnC property that it reports."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bort.cli.main import bort
from bort.families import FAMILY_NAMES, SearchSpace, load_space
from bort.families.summary import abnc_report, clearest_examples, published_answer


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(bort, ["space", "show", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_json_of_the_published_space() -> None:
    answer = json.loads(shown("bort", "--json"))
    assert answer["architectures"] == 300
    assert answer["combinations"] == 360
    assert answer["maximum"]["id"] == "12-16-1024-3072"
    assert answer["published"]["recount"]["id"] == "4-8-1024-768"
    assert answer["published"]["recount"]["parameter_count"] == 55_943_170
    assert answer["published"]["published_parameter_count_millions"] == 56.1
    assert SearchSpace.from_dict(answer) == load_space("bort")
    assert answer["abnc"]["operations"]["holds"] == 300
    assert answer["abnc"]["holds"] + len(lacking()) == 300


def lacking() -> list[str]:
    space = load_space("bort")
    report = abnc_report(space, batch_size=1, sequence_length=32)
    return [space.architecture(i).id for i in range(len(space)) if not report.holds[i]]


def test_bort_itself_lacks_the_property_in_parameters() -> None:
    assert "4-8-1024-768" in lacking()
    assert "12-16-1024-3072" not in lacking()


def test_parts_add_up() -> None:
    space = load_space("minilm")
    report = abnc_report(space, batch_size=2, sequence_length=16)
    assert (sum(report.parameters.values()) == space.parameter_count).all()
    assert (sum(report.operations.values()) == space.operation_count(2, 16)).all()
    best, worst = clearest_examples(report, report.holds)
    assert (best, worst) == (None, 0)


def test_only_the_published_space_has_a_published_answer() -> None:
    assert published_answer(load_space("bort")) is not None
    assert published_answer(load_space("minilm")) is None


def test_workload_is_stated_and_counts() -> None:
    one, two = (json.loads(shown("minilm", "--json", "--batch-size", n)) for n in ("1", "2"))
    assert one["operation_count"]["sequence_length"] == 32
    assert two["operation_count"]["max"] == 2 * one["operation_count"]["max"]


def test_help_names_every_family() -> None:
    text = shown("--help")
    assert [name for name in FAMILY_NAMES if name not in text] == []


def test_tables_for_people() -> None:
    text = " ".join(shown().split())
    for piece in ("300 of 360", "12-16-1024-3072", "[source]", "[ours]", "ABnC", "56.1 M"):
        assert piece in text


def test_markup_in_a_name_is_only_text(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(
        'name = "[/red] odd"\nfamily = "mlp"\n[dimensions]\ndepth = [1]\nhidden = [4]\n',
        encoding="utf-8",
    )
    assert "[/red] odd" in shown(str(path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["nowhere"],
            "bort: no space 'nowhere': neither a known name (bort, minilm, small) nor a file",
        ),
        (["bort", "--batch-size", "0"], "bort: batch size must be a whole number from 1"),
    ],
)
def test_wrong_input_is_one_line(arguments: list[str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from bort.cli import main; main()", "space", "show", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


def test_showing_named_families_never_imports_torch() -> None:
    code = (
        "import sys, bort.families, bort.families.summary\n"
        "space = bort.families.FamilySpace('s', 'vit', {'depth': (1,), 'heads': (2,),"
        " 'hidden': (8,), 'intermediate': (4,)})\n"
        "space.parameter_count\n"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
