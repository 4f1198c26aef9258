"""Lesson 1: the counts are those of built networks, and the announcement's."""

import itertools

import pytest

from bort.core.architecture import Architecture
from bort.families.perceptron import TOY
from bort.lessons.subarchitecture.numbers import LARGE, SMALL, WIDEST, counts, numbers


@pytest.fixture(scope="module")
def found() -> dict:
    return numbers()


def test_the_announcements_sizes(found: dict) -> None:
    assert (found["large"]["size"], found["small"]["size"]) == (72, 40)
    assert (found["large"]["built"], found["small"]["built"]) == (36, 20)


def test_every_count_is_that_of_the_built_network() -> None:
    counted = counts(WIDEST)
    assert len(counted) == WIDEST**3
    for shape in itertools.product((1, 3, 6), (1, 4, 6), (2, 5)):
        inputs, width, outputs = shape
        architecture = Architecture.of(
            factor=1, width=width, inputs=inputs, inner=width, outputs=outputs
        )
        first, _, last = TOY.build(architecture, {})
        row = counted["-".join(map(str, shape))]
        assert row["first_weights"] == first.weight.numel()
        assert row["first_biases"] == first.bias.numel()
        assert row["last_weights"] == last.weight.numel()
        assert row["last_biases"] == last.bias.numel()
        terms = ("first_weights", "first_biases", "last_weights", "last_biases")
        assert row["built"] == sum(row[name] for name in terms)
        assert row["size"] == 2 * row["built"]
        assert row["operations"] == first.weight.numel() + last.weight.numel()


def test_the_walk_removes_one_neuron_at_a_time(found: dict) -> None:
    path = found["path"]
    assert (path[0], path[-1]) == (LARGE, SMALL)
    for before, after in itertools.pairwise(path):
        assert sum(before) - sum(after) == 1


def test_pruning_removes_one_weight_at_a_time(found: dict) -> None:
    pruning = found["pruning"]
    ranks = sorted(itertools.chain.from_iterable(itertools.chain(*pruning["ranks"])))
    assert ranks == list(range(pruning["edges"]))
    assert pruning["kept"][pruning["equal"]] == found["small"]["built"]
    assert pruning["kept"][-1] == 8  # only the biases are left


def test_one_neuron_takes_a_row_and_a_column(found: dict) -> None:
    assert found["one_fewer"]["lost"] == found["one_fewer"]["incoming"] + LARGE[2]
