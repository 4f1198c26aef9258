"""`bort bench realised` on a tiny task: what is recorded, and that a kill changes nothing."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from benchmarks.realised import command
from benchmarks.realised.recording import (
    FINISHED,
    Budget,
    Conditions,
    Kind,
    RealisedLog,
    Trained,
    budgets,
    read_log,
    record,
    spread,
)
from bort.cli.main import bort
from bort.core.errors import InvalidDataError
from bort.core.finetune import Recipe
from bort.families import load_space
from bort.finetuning import students

PICKS = ("1-2-8-16", "2-2-16-32")


@pytest.fixture
def run(place, trained_home, monkeypatch):
    """Run the command on the tiny task with a recipe of a few steps."""

    def in_a_few_steps(space, training, task):
        spec = real(space, replace(training, steps=20), task)
        return replace(spec, recipe=Recipe(distil_steps=12, steps=12, copies=1, evaluations=4))

    real = command._spec
    monkeypatch.setattr(command, "_spec", in_a_few_steps)

    def run_with(path, *options):
        given = ["--space", f"{place / 'tiny.toml'}", "--task", f"{place / 'reviews.csv'}"]
        given += ["--source", f"{place / 'source'}", "--architectures", ",".join(PICKS)]
        given += ["--epochs", "0.5,1", "--seeds", "1", "--out", f"{path}", *options]
        return CliRunner().invoke(bort, ["bench", "realised", *given])

    return run_with


@pytest.fixture
def whole(run, place):
    """The log of a recording that nothing interrupted, made once."""
    path = place / "whole.csv"
    if not path.exists():
        assert run(path).exit_code == 0
    return path


def test_short_and_finished_trainings_of_each_architecture_are_recorded(whole):
    rows = read_log(whole)
    first = rows.iloc[:4]
    assert set(first["architecture"]) == {PICKS[0]}  # the model next to its candidates
    assert list(first["kind"]) == [*["short"] * 3, "finished"]
    texts = first["train_texts"].iloc[0]
    assert list(first["budget"]) == [round(texts / 64), round(texts / 32), 20, 0]
    assert list(first["steps"]) == [*first["budget"][:3], 24]
    assert first["audit_error"].notna().tolist() == [False, False, False, True]
    assert first["final_loss"].notna().tolist() == [True, True, True, False]
    assert rows["dev_error"].between(0, 0.6).all()


def test_a_killed_recording_goes_on_as_if_never_killed(run, whole, tmp_path, monkeypatch):
    cut = tmp_path / "cut.csv"
    real, calls = students.run_stage, []
    monkeypatch.setattr("bort.training.stage.CHECKPOINT_SECONDS", 0.0)

    def killed(stage):
        calls.append(stage.name)
        for step in real(stage):
            if len(calls) == 4 and step.step == 8:  # the second model's fine-tuning
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr(students, "run_stage", killed)
    run(cut)
    assert len(read_log(cut)) == 7
    with cut.open("a") as file:
        file.write("2-2-16-32,torn")
    assert run(cut).exit_code == 0
    assert read_log(cut).drop(columns="seconds").equals(read_log(whole).drop(columns="seconds"))
    assert len(calls) == 5  # only the interrupted stage began again


MIXED = """\
name = "mixed"
[[families]]
family = "static"
[families.dimensions]
vocabulary = [30]
hidden = [4, 8]
[[families]]
family = "bert"
[families.dimensions]
depth = [1]
heads = [2]
hidden = [8]
intermediate = [16]
[families.fixed]
positions = 32
vocabulary = 35
"""


def test_each_kind_of_network_learns_from_the_texts_of_its_kind(run, place, tmp_path):
    space, log = tmp_path / "mixed.toml", tmp_path / "mixed.csv"
    space.write_text(MIXED, "utf-8")
    picks = "static-30-4,bert-1-2-8-16"
    found = run(log, "--space", f"{space}", "--architectures", picks, "--epochs", "0.5")
    assert found.exit_code == 0, found.exception
    rows = read_log(log).query("kind == 'finished'")
    assert list(rows["architecture"]) == picks.split(",")
    assert rows["audit_error"].notna().all()


def test_other_conditions_are_refused(run, whole):
    before = whole.read_bytes()
    result = run(whole, "--threads", "2")
    assert isinstance(result.exception, InvalidDataError)
    assert "recorded with threads 1, but this run has 2" in str(result.exception)
    assert whole.read_bytes() == before


def test_the_page_is_written_from_the_log_without_training(run, whole, monkeypatch):
    monkeypatch.setattr(command, "_record", pytest.fail)
    result = run(whole, "--report-only", "--json")
    answer = json.loads(result.stdout)
    assert (answer["architectures"], answer["seeds"], answer["agreement"]) == (2, 1, None)
    assert answer["worth"][0]["correlations"]["dev_error"]["value"] is None  # two have no order
    page = whole.with_suffix(".md").read_text("utf-8")
    assert answer["page"] == str(whole.with_suffix(".md"))
    assert "| 20 |" in page
    assert ElementTree.parse(whole.with_suffix(".svg")).getroot().tag.endswith("svg")
    assert run(whole.with_name("other.csv"), "--report-only").exception.exit_code == 2


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--architectures", "1-2-8", "has no architecture '1-2-8'"),
        ("--epochs", "1,0", "epochs must be numbers above 0, separated by commas, got (1.0, 0.0)"),
        ("--seeds", "none", "seeds must be a whole number of 1 or more, got 'none'"),
        ("--task", "nothing.csv", "nothing.csv"),
    ],
)
def test_bad_options_are_refused_in_one_line(run, tmp_path, option, value, message):
    path = tmp_path / "log.csv"
    result = run(path, option, value)
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert result.exception.exit_code == 2
    assert not path.exists()


CONDITIONS = Conditions(
    space="space", task="task", source="source", teacher="teacher", labels="finetuned",
    recipe="recipe", initialise="inherit", device="cpu", batch_size=32, threads=1,
    train_texts=320, dev_texts=100, audit_texts=100,
)  # fmt: skip
WANTED = [Budget(Kind.SHORT, 10), FINISHED]


class Formula:
    """Errors as a formula of the architecture and the seed."""

    def __init__(self, seed):
        self.seed = seed

    def train(self, architecture, budget):
        error = (10 + architecture["depth"] + self.seed) / 100
        return Trained(budget.steps, error, error, 0.5, 0.6, 1.5, diverged=False)


def test_one_seed_is_finished_before_the_next_and_nothing_is_trained_twice(tmp_path):
    space = load_space("minilm")
    chosen = spread(space, 3)
    log = RealisedLog(tmp_path / "log.csv", CONDITIONS)
    steps = list(record(space, chosen, (0, 1), WANTED, log, Formula))
    assert [step.done for step in steps] == list(range(12))
    assert [step.seed for step in steps] == [0] * 6 + [1] * 6
    assert [step.architecture for step in steps[:4:2]] == chosen[:2]
    assert steps[1].seconds_left is None  # no model has been finished yet
    assert steps[2].seconds_left == pytest.approx(10 * 1.5)
    rows = log.rows()
    assert rows["epochs"].dropna().unique() == [1.0]
    assert rows["parameter_count"].iloc[0] == space.parameter_count[space.index(chosen[0])]
    again = RealisedLog(log.path, CONDITIONS)
    assert list(record(space, chosen, (0, 1), WANTED, again, pytest.fail)) == []


def test_budgets_are_numbers_of_steps(tmp_path):
    assert budgets((0.5, 1, 4), usual=200, texts=3200, batch_size=32) == [
        Budget(Kind.SHORT, 50), Budget(Kind.SHORT, 100), Budget(Kind.SHORT, 200),
        Budget(Kind.SHORT, 400), FINISHED,
    ]  # fmt: skip
    assert len(budgets((2,), usual=200, texts=3200, batch_size=32)) == 2  # the same number


def test_the_usual_architectures_cover_every_dimension():
    space = load_space("minilm")
    chosen = spread(space, 12)
    assert len(set(chosen)) == 12
    assert sorted(a["depth"] for a in chosen) == sorted(2 * space.dimensions["depth"])
    assert sorted(a["hidden"] for a in chosen) == sorted(3 * space.dimensions["hidden"])


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "", "not a table"])
def test_another_file_is_neither_read_nor_changed(tmp_path, content):
    path = tmp_path / "notes.csv"
    path.write_text(content)
    with pytest.raises(InvalidDataError, match="not a log"):
        RealisedLog(path, CONDITIONS)
    assert path.read_text() == content
