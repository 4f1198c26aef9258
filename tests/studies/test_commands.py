"""A copied command asks for the same measurement, or the same front, as the page that showed it."""

import shlex
from pathlib import Path

import click
import pytest

from bort.cli.front import front
from bort.cli.latency import landmarks, measure
from bort.core.fields import read
from bort.core.measuring import MeasureSpec, WinnersSpec
from bort.core.study import SPACE as USUAL_SPACE
from bort.core.study import LatencySpec, StudySpec, TaskSpec
from bort.families import load_space
from bort.storage import open_store
from bort.studies.commands import (
    finetune_command,
    front_command,
    landmarks_command,
    measure_command,
    rivals_command,
    search_command,
    winners_command,
)
from bort.studies.measuring import describe_measurement
from bort.studies.parts import LENGTHS, MEASURE, NEW_QUESTION, WINNERS, WORKLOAD

SPACE = load_space(USUAL_SPACE)


def parsed(line: str, command: click.Command, words: int) -> dict[str, object]:
    """The parameters of a command line whose command has so many words."""
    return command.make_context(command.name, shlex.split(line)[words:]).params


@pytest.mark.parametrize(
    "spec",
    [
        MeasureSpec(space=SPACE.to_dict(), latency=LatencySpec()),
        MeasureSpec(
            space=SPACE.to_dict(),
            latency=LatencySpec(runtime="torch-bfloat16", batch_size=4, threads=1),
            lengths_from=TaskSpec(task="my reviews.csv", text=("a", "b"), label="stars"),
            count=32,
            seed=3,
            name="mine",
            minutes=0.5,
            new_pace=True,
        ),
        MeasureSpec(space=SPACE.to_dict(), latency=LatencySpec(sequence_length=128), minutes=10),
    ],
)
def test_a_measurement_of_a_space(tmp_path: Path, spec: MeasureSpec) -> None:
    params = parsed(measure_command(spec), measure, 3)
    assert params["space"] == USUAL_SPACE
    given = read(params, MEASURE, LENGTHS, WORKLOAD)
    with open_store(f"sqlite:///{tmp_path / 'bort.db'}") as store:
        assert describe_measurement(store, SPACE, given) == spec


def test_a_measurement_of_a_front() -> None:
    spec = WinnersSpec(study="my-study", minutes=2, seed=7)
    params = parsed(winners_command(spec), measure, 3)
    assert WINNERS.build(read(params, WINNERS), study=params["study"]) == spec


def test_well_known_models() -> None:
    latency = LatencySpec(runtime="onnx-int8", sequence_length=64, threads=2)
    params = parsed(landmarks_command(latency), landmarks, 3)
    assert WORKLOAD.build(read(params, WORKLOAD)) == latency


def test_a_front() -> None:
    asked = {"epsilon": 0.125, "weights": (1.0, 0.5, 2.0)}
    params = parsed(front_command("my-study", **asked), front, 2)
    assert params["study"] == "my-study"
    assert read(params, NEW_QUESTION) == asked


def test_a_space_of_ones_own_is_a_file() -> None:
    own = StudySpec(name="x", space={**load_space("minilm").to_dict(), "name": "mine"})
    assert "--space mine.toml" in search_command(own)
    assert "--space minilm" in search_command(
        StudySpec(name="x", space=load_space("minilm").to_dict())
    )


def test_another_task_than_the_studys_is_named() -> None:
    named = finetune_command("s", ["static-4000-64"], task=TaskSpec(task="tweets", labelled=50))
    assert named == "bort finetune --study s --pick static-4000-64 --task tweets --seeds 1"
    file = TaskSpec(task="a.csv", text=("one", "two"), label="stars", where=("part=x",))
    line = finetune_command("s", ["static-4000-64"], task=file)
    assert "--task a.csv --text one,two --label stars --where part=x" in line


def test_rivals_that_are_not_installed_are_left_out() -> None:
    line = rivals_command(TaskSpec(task="tweets"), kinds=("tfidf", "source"))
    assert line == "bort rivals --task tweets --rival tfidf --rival source"
