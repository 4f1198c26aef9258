"""`bort bench latency` on a machine that exists only in the tests."""

import contextlib
import json
from xml.etree import ElementTree

import pytest
from fake_machine import BUSY, QUIET, FakeMachine

from benchmarks.latency import steps as latency_steps
from bort.cli import main
from bort.latency import space, timing

SPACE = """
family = "bert"
[dimensions]
depth = [1, 2, 3]
heads = [2, 4]
hidden = [64, 128]
intermediate = [64, 256]
[fixed]
positions = 128
"""


@pytest.fixture
def bench(tmp_path, monkeypatch, capsys):
    """Run the command as a shell would; return exit code, standard output, standard error."""
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.toml").write_text(SPACE)
    monkeypatch.setattr(latency_steps, "busy_loops", contextlib.nullcontext)

    def run(*arguments):
        fixed = ("--space", "space.toml", "--count", "16", "--threads", "1")
        monkeypatch.setattr("sys.argv", ["bort", "bench", "latency", *fixed, *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return caught.value.code or 0, out, err

    return run


@pytest.fixture
def machine(monkeypatch):
    machine = FakeMachine(noise=0.02)
    for module in (timing, space):
        monkeypatch.setattr(module, "Instruments", lambda **_: machine.instruments)
    return machine


def test_table_and_plot_hold_every_figure(bench, machine, tmp_path):
    code, out, _ = bench("--runtimes", "torch-float32", "--json", "--out", "docs")
    assert code == 0
    answer = json.loads(out)
    assert [row["sequence_length"] for row in answer["measurements"]] == [32, 128]
    assert all(row["held_out"] == 8 for row in answer["measurements"])
    assert [row["share_within_5_percent"] for row in answer["repeats"]] == [1.0, 1.0]
    assert [len(mark["landmarks"]) for mark in answer["landmarks"]] == [6, 6]
    assert len(answer["announced"]) == 4
    assert answer["missing"] == []
    page = (tmp_path / "docs" / "latency.md").read_text()
    assert "| torch-float32 | 128 | 8 | 8 |" in page
    assert "The announced 20 times" in page
    plot = ElementTree.fromstring((tmp_path / "docs" / "latency.svg").read_text())
    dots = [e for e in plot.iter() if e.get("class") in ("held", "fitted")]
    assert len(dots) == 2 * 16 + 2  # two of them in the legend


def test_going_on_measures_only_what_is_missing_or_noisy(bench, machine):
    only = ("--runtimes", "torch-float32", "--lengths", "32", "--only", "measure")
    machine.readings = [BUSY]
    bench(*only)
    runs = len(machine.ran)
    machine.readings = [QUIET]
    bench(*only)
    assert len(machine.ran) > runs
    runs = len(machine.ran)
    code, out, _ = bench(*only, "--json")
    assert (code, len(machine.ran)) == (0, runs)
    assert len(json.loads(out)["missing"]) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--report",), "nothing is measured"),
        (("--lengths", "x"), "whole numbers"),
        (("--only", "all"), "--only takes measure"),
        (("--runtimes", "abacus"), "unknown runtime 'abacus'"),
        (("--lengths", "4096", "--runtimes", "torch-float32"), "128 positions"),
    ],
)
def test_bad_options_are_one_line(bench, machine, arguments, message):
    code, out, err = bench(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
