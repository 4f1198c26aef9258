"""BERT's closed forms against models that are really built (without weights)."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.core.architecture import Architecture
from bort.core.errors import InvalidSpaceError
from bort.families import PARTS, FamilySpace, SearchSpace, family, load_space

laws = settings(max_examples=60, deadline=None, derandomize=True)


BERT = family("bert")

architectures = st.builds(
    lambda depth, heads, share, intermediate: Architecture.of(
        depth=depth, heads=heads, hidden=heads * share, intermediate=intermediate
    ),
    st.integers(1, 4),
    st.integers(1, 8),
    st.integers(1, 24),
    st.integers(1, 300),
)
fixed_values = st.fixed_dictionaries(
    {},
    optional={
        "vocabulary": st.integers(2, 40_000),
        "positions": st.integers(16, 600),
        "types": st.integers(1, 3),
        "labels": st.integers(1, 6),
    },
)


def columns_of(architecture: Architecture) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in architecture.as_dict().items()}


@settings(laws, max_examples=20)
@given(architectures, fixed_values)
def test_parameters_are_those_of_the_built_model(
    architecture: Architecture, fixed: dict[str, int]
) -> None:
    model = BERT.build(architecture, fixed)
    columns = columns_of(architecture)
    everything = sum(p.numel() for p in model.parameters())
    embedding = sum(p.numel() for p in model.bert.embeddings.parameters())
    layers = sum(p.numel() for p in model.bert.encoder.parameters())
    assert all(p.device.type == "meta" for p in model.parameters())
    assert BERT.parameter_count(columns, fixed).tolist() == [everything]
    assert BERT.effective_parameter_count(columns, fixed).tolist() == [everything - embedding]
    parts = BERT.part_parameter_counts(columns, fixed)
    assert [int(parts[part][0]) for part in PARTS] == [
        embedding,
        layers,
        everything - embedding - layers,
    ]


@settings(laws, max_examples=15)
@given(architectures, fixed_values, st.integers(1, 4), st.integers(1, 16))
def test_operations_are_those_that_torch_counts(
    architecture: Architecture, fixed: dict[str, int], batch: int, tokens: int
) -> None:
    import torch

    from bort.families.making.instances import count_operations

    model = BERT.build(architecture, fixed)
    model.set_attn_implementation("eager")
    ids = torch.ones(batch, tokens, dtype=torch.long, device="meta")
    counted = count_operations(model, {"input_ids": ids})
    work = {"batch_size": batch, "sequence_length": tokens}
    columns = columns_of(architecture)
    parts = BERT.part_operation_counts(columns, fixed, **work)
    assert [int(parts[part][0]) for part in PARTS] == list(counted)
    assert BERT.operation_count(columns, fixed, **work).tolist() == [sum(counted)]


@laws
@given(architectures, st.sampled_from(["depth", "hidden", "intermediate"]), st.integers(2, 4))
def test_costs_grow_with_every_dimension_but_heads(
    architecture: Architecture, name: str, factor: int
) -> None:
    larger = architecture.as_dict() | {name: architecture[name] * factor}
    here, there = columns_of(architecture), columns_of(Architecture.of(**larger))
    for count in (BERT.parameter_count, BERT.effective_parameter_count):
        assert count(there, {})[0] > count(here, {})[0]
    small = BERT.operation_terms(here, {}, batch_size=1, sequence_length=8)
    large = BERT.operation_terms(there, {}, batch_size=1, sequence_length=8)
    assert all(large[term][0] >= small[term][0] for term in small)


@laws
@given(architectures, architectures, st.integers(1, 4), st.integers(1, 256))
def test_elasticities_bound_every_ratio(
    left: Architecture, right: Architecture, batch: int, tokens: int
) -> None:
    bounds = BERT.elasticities()
    work = {"batch_size": batch, "sequence_length": tokens}

    def distance(objective: str) -> float:
        exponents = bounds[objective]
        return sum(abs(np.log(left[n] / right[n])) * exponents[n] for n in exponents)

    a, b = columns_of(left), columns_of(right)
    pairs = {
        "parameter_count": (BERT.parameter_count(a, {}), BERT.parameter_count(b, {})),
        "operation_count": (
            BERT.operation_count(a, {}, **work),
            BERT.operation_count(b, {}, **work),
        ),
        "operation_terms": (
            sum(BERT.operation_terms(a, {}, **work).values()) + 7.0,
            sum(BERT.operation_terms(b, {}, **work).values()) + 7.0,
        ),
    }
    for objective, (x, y) in pairs.items():
        assert abs(np.log(x[0] / y[0])) <= distance(objective) + 1e-9


def test_elasticities_of_bert() -> None:
    expected = {"depth": 1, "heads": 0, "hidden": 2, "intermediate": 1}
    bounds = BERT.elasticities()
    assert bounds["parameter_count"] == bounds["operation_count"] == expected
    # Softmax works once per head, so a latency model may grow with the number of heads.
    assert bounds["operation_terms"] == expected | {"heads": 1}


def test_published_and_recounted_sizes() -> None:
    space = load_space("bort")
    bort = space.index(Architecture.of(depth=4, heads=8, hidden=1024, intermediate=768))
    assert round(space.parameter_count[bort] / 1e6, 1) == 55.9  # published: 56.1 M
    assert round(space.effective_parameter_count[bort] / 1e6, 1) == 24.2
    large = columns_of(Architecture.of(depth=24, heads=16, hidden=1024, intermediate=4096))
    assert round(BERT.parameter_count(large, {})[0] / 1e6) == 335
    roberta = BERT.parameter_count(
        {name: column[bort : bort + 1] for name, column in space.columns.items()},
        {"vocabulary": 50_265},
    )
    assert round(roberta[0] / 1e6) == 76


def test_number_of_labels_can_be_the_tasks() -> None:
    architecture = Architecture.of(depth=1, heads=2, hidden=8, intermediate=4)
    assert BERT.config(architecture, {"labels": 3}).num_labels == 3
    assert BERT.build(architecture, {}, num_labels=5).classifier.out_features == 5


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_build_on_a_device(device: str) -> None:
    architecture = Architecture.of(depth=1, heads=2, hidden=8, intermediate=4)
    model = BERT.build(architecture, {"vocabulary": 20}, device=device)
    assert {p.device.type for p in model.parameters()} == {device}


@settings(laws, max_examples=10)
@given(architectures, st.integers(2, 40_000))
def test_a_listed_vocabulary_counts_like_a_fixed_one(
    architecture: Architecture, vocabulary: int
) -> None:
    listed = BERT.listing(["vocabulary"])
    larger = Architecture.of(vocabulary=vocabulary, **architecture.as_dict())
    there, here = columns_of(larger), columns_of(architecture)
    fixed = {"vocabulary": vocabulary}
    assert listed.parameter_count(there, {}) == BERT.parameter_count(here, fixed)
    work = {"batch_size": 2, "sequence_length": 8}
    assert listed.operation_terms(there, {}, **work) == BERT.operation_terms(here, fixed, **work)
    model = listed.build(larger, {}, num_labels=3)
    assert model.config.vocab_size == vocabulary
    assert (
        sum(p.numel() for p in model.parameters())
        == (listed.parameter_count(there, {"labels": 3})[0])
    )


def test_a_vocabulary_is_a_dimension_where_a_space_lists_it() -> None:
    shape = {"depth": (1, 2), "heads": (2,), "hidden": (8,), "intermediate": (16,)}
    space = FamilySpace("texts", "bert", {**shape, "vocabulary": (30_522, 1000)}, {"labels": 3})
    assert space.architecture(0).id == "1000-1-2-8-16"
    assert space.architecture(space.maximum).id == "30522-2-2-8-16"
    assert space.fixed == {"positions": 512, "types": 2, "labels": 3}
    assert SearchSpace.from_dict(json.loads(json.dumps(space.to_dict()))) == space
    assert space.family.elasticities()["parameter_count"]["vocabulary"] == 1
    assert space.family.elasticities()["operation_terms"]["vocabulary"] == 0
    assert family("bert").dimension_names == ("depth", "heads", "hidden", "intermediate")
    with pytest.raises(InvalidSpaceError, match="is a dimension and a fixed value, which is 9"):
        FamilySpace("both", "bert", space.dimensions, {"vocabulary": 9})
