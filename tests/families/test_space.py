"""Laws of search spaces."""

import json
from itertools import product
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.core.architecture import Architecture
from bort.core.errors import InvalidArchitectureError, InvalidSpaceError
from bort.families import (
    MAX_COMBINATIONS,
    SPACE_NAMES,
    FamilySpace,
    SearchSpace,
    family,
    load_space,
)

laws = settings(max_examples=40, deadline=None, derandomize=True)


def some(values: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(values, min_size=1, max_size=4, unique=True).map(tuple)


spaces = st.builds(
    lambda depth, heads, shares, intermediate: FamilySpace(
        "any",
        "bert",
        {
            "depth": depth,
            "heads": heads,
            # At least one multiple of the largest number of heads makes the space non-empty.
            "hidden": tuple(sorted({share * max(heads) for share in shares} | {*shares})),
            "intermediate": intermediate,
        },
    ),
    some(st.integers(1, 24)),
    some(st.integers(1, 16)),
    some(st.integers(1, 64)),
    some(st.integers(1, 4096)),
)


def test_published_and_own_counts() -> None:
    assert [len(load_space(name)) for name in SPACE_NAMES] == [300, 384, 188]


def test_the_source_network_is_the_maximum_of_its_space() -> None:
    space = load_space("minilm")
    assert space.architecture(space.maximum).id == "6-12-384-1536"
    assert space.parameter_count[space.maximum] == 22_713_986


@laws
@given(spaces)
def test_all_valid_combinations_in_order(space: SearchSpace) -> None:
    expected = [v for v in product(*space.dimensions.values()) if v[2] % v[1] == 0]
    assert space.values.tolist() == [list(v) for v in expected]
    assert space.values.dtype == np.int64
    assert len(space) == len(expected)


@laws
@given(spaces, st.data())
def test_index_and_architecture_are_inverse(space: SearchSpace, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(space) - 1))
    architecture = space.architecture(index)
    assert space.index(architecture) == index
    assert architecture in space
    assert architecture.values == tuple(space.values[index])


@laws
@given(spaces)
def test_dictionary_round_trip(space: SearchSpace) -> None:
    again = SearchSpace.from_dict(json.loads(json.dumps(space.to_dict())))
    assert again == space
    assert hash(again) == hash(space)
    assert again.digest == space.digest
    renamed = SearchSpace.from_dict({**space.to_dict(), "name": "other"})
    assert renamed.digest == space.digest
    assert renamed != space


@laws
@given(spaces, st.data())
def test_columns_are_as_one_by_one(space: SearchSpace, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(space) - 1))
    kind = family("bert")
    one = {n: np.array([v]) for n, v in space.architecture(index).as_dict().items()}
    work = {"batch_size": 2, "sequence_length": 9}
    assert space.parameter_count[index] == kind.parameter_count(one, space.fixed)[0]
    assert (
        space.effective_parameter_count[index]
        == kind.effective_parameter_count(one, space.fixed)[0]
    )
    terms = kind.operation_terms(one, space.fixed, **work)
    for name, column in space.operation_terms(**work).items():
        assert column.shape == (len(space),)
        assert column[index] == terms[name][0]
    total = kind.operation_count(one, space.fixed, **work)[0]
    assert space.operation_count(**work)[index] == total


@laws
@given(spaces)
def test_the_maximum_point_has_most_parameters(space: SearchSpace) -> None:
    at = space.maximum
    assert space.parameter_count[at] == space.parameter_count.max()
    equal = np.flatnonzero(space.parameter_count == space.parameter_count[at])
    assert at == equal[-1]


@laws
@given(spaces, st.permutations(["depth", "heads", "hidden", "intermediate"]))
def test_order_of_what_is_written_does_not_matter(space: SearchSpace, order: list[str]) -> None:
    shuffled = {name: space.dimensions[name][::-1] for name in order}
    assert FamilySpace("any", "bert", shuffled).digest == space.digest


def test_shared_arrays_cannot_be_written() -> None:
    space = load_space("minilm")
    for array in (space.values, space.parameter_count, space.columns["depth"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_strangers_are_not_in_the_space() -> None:
    space = load_space("bort")
    inside = Architecture.of(depth=2, heads=4, hidden=512, intermediate=256)
    between = Architecture.of(depth=3, heads=4, hidden=512, intermediate=256)
    invalid = Architecture.of(depth=2, heads=12, hidden=512, intermediate=256)
    other = Architecture.of(depth=2, hidden=512)
    assert [a in space for a in (inside, between, invalid, other, "2-4-512-256")] == [
        True,
        False,
        False,
        False,
        False,
    ]
    with pytest.raises(InvalidArchitectureError, match=r"3-4-512-256 .* not in the space 'bort'"):
        space.index(between)
    with pytest.raises(IndexError):
        space.architecture(300)
    with pytest.raises(IndexError):
        space.architecture(-1)


def test_a_million_architectures() -> None:
    dimensions = {
        "depth": tuple(range(1, 26)),
        "heads": tuple(range(1, 21)),
        "hidden": tuple(range(840, 840 * 41, 840)),
        "intermediate": tuple(range(64, 64 * 51, 64)),
    }
    started = perf_counter()
    space = FamilySpace("large", "bert", dimensions)
    assert len(space) > 700_000
    assert len(space.parameter_count) == len(space.values) == len(space)
    at = space.index(space.architecture(654_321))
    assert at == 654_321
    # A loop over architectures would take minutes; the bound leaves room for a busy machine.
    assert perf_counter() - started < 20


def test_largest_space_is_stated() -> None:
    values = tuple(range(1, 202))
    with pytest.raises(InvalidSpaceError, match=f"at most {MAX_COMBINATIONS:,}"):
        FamilySpace(
            "huge",
            "bert",
            {"depth": values, "heads": (1,), "hidden": values, "intermediate": values},
        )


def test_counts_beyond_64_bits_are_refused() -> None:
    dimensions = {"depth": (1,), "heads": (1,), "hidden": (2**40,), "intermediate": (1,)}
    with pytest.raises(InvalidSpaceError, match="64 bits"):
        FamilySpace("huge", "bert", dimensions)
    with pytest.raises(InvalidSpaceError, match="64 bits"):
        FamilySpace("huge", "bert", {**dimensions, "hidden": (2**70,)})


@pytest.mark.parametrize("wrong", ["", "4-8-1024", "4-8-1000-768", "4-8-x-768", "0-8-1024-768"])
def test_architectures_have_names(wrong: str) -> None:
    space = load_space("bort")
    assert space.named("4-8-1024-768")["hidden"] == 1024
    with pytest.raises(InvalidArchitectureError, match=r"for example 2-4-512-256"):
        space.named(wrong)
