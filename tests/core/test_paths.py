"""Paths are stored so that a job finds them from any folder."""

from pathlib import Path

import pytest

from bort.core.paths import in_full
from bort.core.study import TaskSpec, TrainingSpec
from bort.tasks import anchored
from bort.training.source import with_whole_paths


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "answers.parquet").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["", "org/net", "a" * 5000, "a\0b", "~nobody/net", "absent.csv"])
def test_what_does_not_exist_keeps_its_name(name: str) -> None:
    assert in_full(name) == name


def test_networks_and_answers_are_named_in_full(here: Path) -> None:
    asked = TrainingSpec(source="./net", teacher="answers.parquet")
    whole = TrainingSpec(source=str(here / "net"), teacher=str(here / "answers.parquet"))
    assert with_whole_paths(asked) == whole == with_whole_paths(whole)
    assert with_whole_paths(TrainingSpec(teacher="org/net")) == TrainingSpec(teacher="org/net")


def test_a_folder_with_a_data_set_is_named_in_full(here: Path) -> None:
    assert anchored(TaskSpec(task="hub:net:small")).task == f"hub:{here / 'net'}:small"
    assert anchored(TaskSpec(task="hub:org/set:small")).task == "hub:org/set:small"
