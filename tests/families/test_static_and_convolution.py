"""Static and convolutional families against models that are really built."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.core.architecture import Architecture
from bort.core.errors import InvalidSpaceError
from bort.families import PARTS, FamilySpace, SearchSpace, family, load_space

laws = settings(max_examples=100, deadline=None, derandomize=True)

static = st.builds(
    lambda vocabulary, hidden: (
        family("static"),
        Architecture.of(vocabulary=vocabulary, hidden=hidden),
    ),
    st.integers(5, 40_000),
    st.integers(1, 200),
)
convolution = st.builds(
    lambda vocabulary, hidden, channels, half, depth: (
        family("convolution"),
        Architecture.of(
            vocabulary=vocabulary,
            hidden=hidden,
            channels=channels,
            width=2 * half + 1,
            depth=depth,
        ),
    ),
    st.integers(5, 40_000),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 3),
    st.integers(1, 4),
)
either = st.one_of(static, convolution)
SMALL = {
    "static": Architecture.of(vocabulary=30, hidden=4),
    "convolution": Architecture.of(vocabulary=30, hidden=4, channels=6, width=3, depth=2),
}


def columns_of(architecture):
    return {name: np.array([value]) for name, value in architecture.as_dict().items()}


@settings(laws, max_examples=200)
@given(either, st.integers(2, 90))
def test_parameters_are_those_of_the_built_model(kind_and_architecture, labels):
    kind, architecture = kind_and_architecture
    model = kind.build(architecture, {}, num_labels=labels)
    columns, fixed = columns_of(architecture), {"labels": labels}
    everything = sum(p.numel() for p in model.parameters())
    table = model.get_input_embeddings().weight
    last = sum(p.numel() for p in model.classifier.parameters())
    assert all(p.device.type == "meta" for p in model.parameters())
    assert table.shape == (architecture["vocabulary"], architecture["hidden"])
    assert kind.parameter_count(columns, fixed).tolist() == [everything]
    assert kind.effective_parameter_count(columns, fixed).tolist() == [everything - table.numel()]
    parts = kind.part_parameter_counts(columns, fixed)
    middle = everything - table.numel() - last
    assert [int(parts[part][0]) for part in PARTS] == [table.numel(), middle, last]


@settings(laws, max_examples=30)
@given(either, st.integers(1, 4), st.integers(1, 16))
def test_operations_are_those_that_torch_counts(kind_and_architecture, batch, tokens):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    kind, architecture = kind_and_architecture
    model = kind.build(architecture, {}).eval()
    ids = torch.ones(batch, tokens, dtype=torch.long, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(input_ids=ids, attention_mask=ids)
    work = {"batch_size": batch, "sequence_length": tokens}
    columns = columns_of(architecture)
    parts = kind.part_operation_counts(columns, {}, **work)
    flops = counter.get_flop_counts()
    last = sum(flops[f"{type(model).__name__}.classifier"].values())
    middle = counter.get_total_flops() - last
    assert [int(parts[part][0]) for part in PARTS] == [0, middle // 2, last // 2]
    assert kind.operation_count(columns, {}, **work)[0] == counter.get_total_flops() // 2


@laws
@given(either, st.data())
def test_costs_grow_with_every_dimension(kind_and_architecture, data):
    kind, architecture = kind_and_architecture
    name = data.draw(st.sampled_from(kind.dimension_names))
    larger = architecture.as_dict() | {name: 3 * architecture[name]}
    here, there = columns_of(architecture), columns_of(Architecture.of(**larger))
    assert kind.parameter_count(there, {})[0] > kind.parameter_count(here, {})[0]
    small = kind.operation_terms(here, {}, batch_size=2, sequence_length=8)
    large = kind.operation_terms(there, {}, batch_size=2, sequence_length=8)
    assert all(large[term][0] >= small[term][0] >= 0 for term in small)


@laws
@given(static, static, st.integers(1, 4), st.integers(1, 256))
def test_elasticities_bound_every_ratio_of_static_networks(left, right, batch, tokens):
    (kind, one), (_, other) = left, right
    bounds = kind.elasticities()
    a, b = columns_of(one), columns_of(other)
    work = {"batch_size": batch, "sequence_length": tokens}
    pairs = {
        "parameter_count": [kind.parameter_count(c, {}) for c in (a, b)],
        "operation_count": [kind.operation_count(c, {}, **work) for c in (a, b)],
        "operation_terms": [
            sum(kind.operation_terms(c, {}, **work).values()) + 7.0 for c in (a, b)
        ],
    }
    for objective, (x, y) in pairs.items():
        exponents = bounds[objective]
        distance = sum(abs(np.log(one[n] / other[n])) * exponents[n] for n in exponents)
        assert abs(np.log(x[0] / y[0])) <= distance + 1e-9


def test_no_growth_is_claimed_where_none_is_known():
    # With few hidden channels, the second convolution multiplies the count by any factor.
    kind = family("convolution")
    assert kind.elasticities() == {}
    sizes = {"vocabulary": 5, "hidden": 1, "channels": 1000, "width": 3}
    one, two = (columns_of(Architecture.of(**sizes, depth=depth)) for depth in (1, 2))
    assert kind.parameter_count(two, {})[0] > 2**4 * kind.parameter_count(one, {})[0]


@pytest.mark.parametrize("name", SMALL)
def test_padding_changes_nothing(name):
    import torch

    model = family(name).build(SMALL[name], {}, num_labels=3, device="cpu").eval()
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(30, (2, 5), generator=generator)
    padded = torch.cat([ids, torch.full((2, 4), 7)], dim=1)
    mask = torch.tensor([[1] * 5 + [0] * 4] * 2)
    with torch.inference_mode():
        alone, together = model(ids).logits, model(padded, attention_mask=mask).logits
        assert torch.allclose(model(ids, attention_mask=mask[:, :5]).logits, alone, atol=1e-6)
    assert alone.shape == (2, 3)
    assert torch.allclose(alone, together, atol=1e-6)


def test_only_a_convolution_reads_the_order():
    import torch

    ids = torch.arange(2, 8)[None]
    for name, is_read in (("static", False), ("convolution", True)):
        model = family(name).build(SMALL[name], {}, device="cpu").eval()
        with torch.inference_mode():
            same = torch.allclose(model(ids).logits, model(ids.flip(1)).logits, atol=1e-6)
        assert same is not is_read


@pytest.mark.parametrize("name", SMALL)
def test_a_saved_model_is_small_files_that_load_again(name, tmp_path):
    import torch
    from safetensors.torch import load_file

    from bort.training.model_files import load_classifier, save_classifier

    model = family(name).build(SMALL[name], {}, num_labels=3, device="cpu").eval()
    save_classifier(tmp_path / "m", model.config, model.state_dict(), tokenizer_from=tmp_path)
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["model_type"] == f"bort-{name}"
    assert (config["vocab_size"], config["hidden_size"]) == (30, 4)
    weights = load_file(tmp_path / "m" / "model.safetensors")
    assert sum(w.numel() for w in weights.values()) == sum(p.numel() for p in model.parameters())
    again = load_classifier(tmp_path / "m", name)
    ids = torch.arange(6)[None]
    with torch.inference_mode():
        assert torch.equal(again(ids).logits, model(ids).logits)


def test_spaces_come_from_files(tmp_path: Path):
    path = tmp_path / "texts.toml"
    path.write_text(
        'family = "convolution"\n[dimensions]\nvocabulary = [4000, 1000]\nhidden = [16]\n'
        "channels = [16, 8]\nwidth = [1, 2, 3]\ndepth = [1]\n[fixed]\nlabels = 7\n",
        encoding="utf-8",
    )
    space = load_space(str(path))
    assert len(space) == 8  # a width of 2 has no middle
    assert space.architecture(space.maximum).id == "4000-16-16-3-1"
    assert SearchSpace.from_dict(json.loads(json.dumps(space.to_dict()))) == space


def test_even_widths_alone_are_refused():
    sizes = {"vocabulary": (9,), "hidden": (4,), "channels": (4,), "width": (2, 4), "depth": (1,)}
    with pytest.raises(InvalidSpaceError, match="width must be odd"):
        FamilySpace("even", "convolution", sizes)
