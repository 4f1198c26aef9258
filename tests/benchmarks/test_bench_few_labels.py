"""`bort bench few-labels` on a tiny task: three starts, the same steps, and the page."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tiny
from click.testing import CliRunner

from benchmarks.agora.bench import Line, read_table
from benchmarks.few_labels import command
from bort.agora.text.data import load_texts
from bort.agora.text.spec import AGORA, HALF, PLAIN, RANDOM
from bort.agora.text.world import text_world
from bort.cli.main import bort

ARMS = (AGORA, AGORA + HALF, PLAIN, RANDOM)


@pytest.fixture
def run(place, trained_home, monkeypatch):
    """Run the command with the tiny student and few steps."""
    spec = tiny.agora_on_texts(place)

    def in_a_few_steps(task, student, seeds, threads=None):
        for start in command.STARTS:
            initialise = "scratch" if start == "scratch" else "inherit"
            training = replace(spec.training, initialise=initialise)
            one = replace(spec, training=training, distilled=start == "distilled")
            yield Line(f"tiny {start}", one, seeds, ARMS)

    monkeypatch.setattr(command, "lines", in_a_few_steps)

    def run_with(path, *options):
        return CliRunner().invoke(
            bort,
            ["bench", "few-labels", "--seeds", "1", "--out", str(path), "--json", *options],
            catch_exceptions=False,
        )

    return run_with


def test_each_start_has_all_arms_with_equal_steps_and_goes_on_after_a_stop(run, tmp_path):
    path = tmp_path / "few.csv"
    assert run(path).exit_code == 0
    rows = read_table(path)
    assert [row.subject.line for row in rows] == [
        line for line in ("tiny scratch", "tiny inherited", "tiny distilled") for _ in ARMS
    ]
    for start in command.STARTS:  # one without an error left ends early
        mine = [row.result for row in rows if row.subject.line == f"tiny {start}"]
        assert len({result.steps for result in mine}) == 1
    answer = {(row.subject.line, row.result.arm): row.result for row in rows}
    for start in command.STARTS:
        whole = answer[f"tiny {start}", AGORA]
        assert answer[f"tiny {start}", RANDOM].added == whole.added
        assert answer[f"tiny {start}", AGORA + HALF].added == whole.added // 2
    kept = path.read_text().splitlines()
    path.write_text("\n".join(kept[:-2]) + "\n")  # a kill lost the last two arms
    result = run(path)
    again = {(row.subject.line, row.result.arm): row.result for row in read_table(path)}
    assert {key: row.wrong for key, row in again.items()} == {
        key: row.wrong for key, row in answer.items()
    }
    page = (tmp_path / "few.md").read_text("utf-8")
    assert json.loads(result.stdout)["page"] == str(tmp_path / "few.md")
    assert "| distilled | with Agora's |" in page
    assert "*distilled, labels alone* minus *inherited, labels alone*" in page


def test_a_distilled_student_knows_the_task_before_its_first_round(place, trained_home):
    spec = tiny.agora_on_texts(place)
    errors = []
    for distilled in (False, True):
        training = replace(spec.training, initialise="scratch", steps=1)
        one = replace(spec, distilled=distilled, training=training)
        world = text_world(one, load_texts(one))
        model = world.parts.student.fit(world.task.train, {}, np.random.default_rng(0))
        dev = world.task.dev
        errors.append(float(np.mean(model.predict(dev.inputs) != dev.labels)))
    assert errors[1] < 0.1 < errors[0]


def test_bad_options_are_refused_in_one_line(tmp_path):
    path = tmp_path / "few.csv"
    result = CliRunner().invoke(bort, ["bench", "few-labels", "--seeds", "0", "--out", str(path)])
    assert "--seeds must be 1 or more, got 0" in str(result.exception)
    assert not path.exists()
