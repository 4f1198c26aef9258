"""Reading an architecture's id back gives the same architecture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bort.core.architecture import Architecture
from bort.core.errors import InvalidArchitectureError

NAMES = ("depth", "heads", "hidden", "intermediate")


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6))
def test_an_id_is_read_back(values: list[int]) -> None:
    names = tuple(f"d{place}" for place in range(len(values)))
    architecture = Architecture(names, tuple(values))
    assert Architecture.from_id(architecture.id, names) == architecture


@pytest.mark.parametrize(
    "wrong", ["", "x", "4-8-1024", "4-8-1024-768-1", "4-8--1024-768", "-4-8-1024-768", "4-8-1.5-2",
              "4-8-1024-0", "4 8 1024 768", "٤-8-1024-768"]
)  # fmt: skip
def test_what_is_no_id_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidArchitectureError):
        Architecture.from_id(wrong, NAMES)
