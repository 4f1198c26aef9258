"""Work that is killed and resumed; `tests/kills/killing.py` kills a hundred times."""

import random
from pathlib import Path

import pytest
from kill_place import World
from kill_works import WORKS, Work
from killing import kill_and_compare, make_world, moments, run_whole


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Make a network, a space, a task, and a home with a profile."""
    return make_world(Path(tmp_path_factory.mktemp("kills")), has_model=False)


@pytest.mark.parametrize("name", ["search", "latency", "classifiers"])
def test_what_was_killed_ends_as_if_it_had_not_been(world: World, name: str) -> None:
    work: Work = next(one for one in WORKS if one.name == name)
    whole, seconds = run_whole(world, work)
    kill_and_compare(world, work, whole, moments(random.Random(name), seconds))
