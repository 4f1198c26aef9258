"""The bytes of exported weights in closed form against files that are really written."""

import random

import numpy as np
import pytest
import torch
from safetensors.torch import save

from bort.core.errors import InvalidFieldError
from bort.core.size import SizeSpec, SizeUnit
from bort.export.numpy_folder import stored_bytes
from bort.families import FamilySpace, UnionSpace, load_space
from bort.families.sizes import sizes_of

FAMILIES = ("bert", "static", "convolution")


def random_space(family, rng):
    """Make a space of one random architecture."""
    sizes = {
        "vocabulary": rng.choice([rng.randint(5, 300), rng.randint(900, 12_000)]),
        "hidden": 4 * rng.randint(1, 24),
        "depth": rng.choice([1, 2, 3, 11]),
        "heads": rng.choice([1, 2, 4]),
        "intermediate": rng.randint(1, 130),
        "channels": rng.randint(1, 110),
        "width": rng.choice([1, 3, 5]),
    }
    names = {
        "bert": ("vocabulary", "depth", "heads", "hidden", "intermediate"),
        "static": ("vocabulary", "hidden"),
        "convolution": ("vocabulary", "hidden", "channels", "width", "depth"),
    }[family]
    lists = {name: (sizes[name],) for name in names}
    return FamilySpace("random", family, lists, {"labels": rng.choice([2, 3, 77])})


def counted(space, *, is_int8):
    return int(space.family.file_bytes(space.columns, space.fixed, is_int8=is_int8)[0])


@pytest.mark.parametrize("seed", range(200))
def test_parameters_and_bytes_of_random_architectures_are_exact(seed):
    rng = random.Random(seed)
    space = random_space(FAMILIES[seed % 3], rng)
    other = random_space(FAMILIES[(seed + 1) % 3], rng)
    mixed = UnionSpace("mixed", (space, other))
    model = space.family.build(space.architecture(0), space.fixed)  # shapes only
    built = sum(weights.numel() for weights in model.parameters())
    table = model.get_input_embeddings().weight.numel()
    own = mixed.index(space.architecture(0).within(space.family_name))
    assert mixed.parameter_count[own] == built
    places = built - mixed.effective_parameter_count[own] - table  # of a BERT only
    assert (places > 0) == (space.family_name == "bert")
    for unit, is_int8 in ((SizeUnit.FLOAT32, False), (SizeUnit.INT8, True)):
        assert sizes_of(mixed, SizeSpec(unit=unit))[own] == counted(space, is_int8=is_int8)
    tensors = {name: torch.ones(weights.shape) for name, weights in model.state_dict().items()}
    if space.family_name == "bert":
        assert counted(space, is_int8=False) == len(save(tensors, {"format": "pt"}))
        return
    weights = {name: tensor.numpy() for name, tensor in tensors.items()}
    assert counted(space, is_int8=False) == len(stored_bytes(weights))
    assert counted(space, is_int8=True) == len(stored_bytes(weights, is_int8=True))


def test_counting_a_whole_space_equals_counting_one_by_one():
    lists = {"vocabulary": (1000, 4000), "hidden": (16, 64), "channels": (8, 128)}
    space = FamilySpace("all", "convolution", {**lists, "width": (1, 3), "depth": (1, 2, 10)})
    for is_int8 in (False, True):
        everything = space.family.file_bytes(space.columns, space.fixed, is_int8=is_int8)
        for index, total in enumerate(everything.tolist()):
            values = {k: (v,) for k, v in space.architecture(index).as_dict().items()}
            one = FamilySpace("one", "convolution", values)
            assert counted(one, is_int8=is_int8) == total


def test_a_static_network_is_fused_only_where_that_is_smaller():
    two = FamilySpace("two", "static", {"vocabulary": (4000,), "hidden": (64,)}, {"labels": 2})
    many = FamilySpace("many", "static", {"vocabulary": (1000,), "hidden": (64,)}, {"labels": 77})
    header = 250  # bytes at most
    assert 0 < counted(two, is_int8=True) - (2 * 4000 + 4 * 2) < header
    assert 0 < counted(two, is_int8=False) - 4 * 2 * 4000 < header
    unfused = 1000 * (64 + 4) + 77 * (64 + 4) + 77 * 4
    assert 0 < counted(many, is_int8=True) - unfused < 3 * header


def test_sizes_in_every_unit():
    lists = {"vocabulary": (100, 200), "hidden": (8,)}
    space = FamilySpace("tiny", "static", lists, {"labels": 3})
    tokenizers = {"100": 5_000, "200": 9_000}
    found = {
        unit: sizes_of(space, SizeSpec(unit=unit, tokenizer_bytes=tokenizers)).tolist()
        for unit in SizeUnit
    }
    assert found[SizeUnit.PARAMETERS] == [800 + 27, 1600 + 27]
    assert found[SizeUnit.EFFECTIVE] == [27, 27]
    weights = space.family.file_bytes(space.columns, space.fixed, is_int8=True)
    assert found[SizeUnit.INT8] == (weights + np.array([5_000, 9_000])).tolist()
    assert found[SizeUnit.FLOAT32][0] > found[SizeUnit.INT8][0]


def test_a_fixed_vocabulary_adds_the_same_bytes_everywhere():
    space = load_space("minilm")
    weights = space.family.file_bytes(space.columns, space.fixed, is_int8=False)
    sized = sizes_of(space, SizeSpec(unit=SizeUnit.FLOAT32, tokenizer_bytes={"30522": 466_000}))
    assert (sized - weights == 466_000).all()


def test_a_size_that_a_family_has_not_is_refused():
    perceptrons = FamilySpace("p", "mlp", {"depth": (1,), "hidden": (4,)}, {})
    with pytest.raises(InvalidFieldError, match="'mlp' have no embeddings to leave out"):
        sizes_of(perceptrons, SizeSpec(unit=SizeUnit.EFFECTIVE))
    lists = {"depth": (2,), "heads": (2,), "hidden": (8,), "intermediate": (8,)}
    other = FamilySpace("e", "distilbert", lists, {})
    for unit in (SizeUnit.FLOAT32, SizeUnit.INT8):
        with pytest.raises(InvalidFieldError, match="'distilbert' have no closed form"):
            sizes_of(other, SizeSpec(unit=unit))
