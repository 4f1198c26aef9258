"""A small space, and a machine that exists only in the tests."""

import pytest
from fake_machine import FakeMachine

from bort.families import FamilySpace


@pytest.fixture
def machine():
    return FakeMachine()


@pytest.fixture
def space():
    return FamilySpace(
        "small",
        "bert",
        {
            "depth": (1, 2, 3, 4),
            "heads": (2, 4),
            "hidden": (64, 96, 128),
            "intermediate": (64, 128, 256),
        },
        {"vocabulary": 100, "positions": 64},
    )
