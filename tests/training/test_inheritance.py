import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bort.core.architecture import Architecture
from bort.core.errors import InvalidSpaceError
from bort.families import FamilySpace, family
from bort.training.candidate import build_candidate, build_text_model
from bort.training.donor import calibration_batch, observe
from bort.training.forward import bert_logits
from bort.training.inheritance import head_choice, layer_choice
from bort.training.reduction import low_rank, norm_parameters, principal_axes, ridge
from bort.training.vocabulary import expanded_weights, pruned_table

WORDS = "embeddings.word_embeddings.weight"


@pytest.fixture
def donor(source, encoded):
    weights = source.encoder_weights()
    generator = torch.Generator().manual_seed(0)
    # Larger than BERT's initial weights, so that layers do more than pass on their input.
    for weight in weights.values():
        if weight.dim() == 2:
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.3)
    weights["classifier.weight"] = torch.randn(2, 16, generator=generator)
    weights["classifier.bias"] = torch.randn(2, generator=generator)
    weights[WORDS] = pruned_table(weights[WORDS], encoded.kept)
    batch = calibration_batch(encoded.splits["train"])
    return observe(weights, source.config, batch)


def candidate(donor, encoded, **parameters):
    space = FamilySpace(
        "one", "bert", {name: (value,) for name, value in parameters.items()}, {"positions": 32}
    )
    return build_candidate(
        space,
        Architecture.of(**parameters),
        encoded,
        classes=2,
        initialise="inherit",
        donor=donor,
        seed=0,
    )


def states_of(model, donor):
    """Compute the model's last states at all calibration tokens."""
    is_token = donor.batch.is_token
    ids, types = torch.zeros((2, *is_token.shape), dtype=torch.long)
    ids[is_token], types[is_token] = donor.batch.ids, donor.batch.types
    out = model.bert(input_ids=ids, attention_mask=is_token.long(), token_type_ids=types)
    return out.last_hidden_state[is_token]


def last_output(donor):
    return donor.normed("encoder.layer.1.output.LayerNorm", donor.layers[-1].output_sum)


def test_the_same_shape_is_a_copy(donor, encoded):
    found = candidate(donor, encoded, depth=2, heads=2, hidden=16, intermediate=32)
    assert torch.allclose(states_of(found.model, donor), last_output(donor), atol=1e-4)
    classifier = donor.weights["classifier.weight"]
    assert torch.allclose(found.model.classifier.weight, classifier, atol=1e-3)


@pytest.mark.parametrize(
    "shape",
    [
        {"depth": 1, "heads": 1, "hidden": 8, "intermediate": 16},
        {"depth": 2, "heads": 2, "hidden": 12, "intermediate": 24},
        {"depth": 2, "heads": 1, "hidden": 16, "intermediate": 32},
        {"depth": 2, "heads": 4, "hidden": 16, "intermediate": 32},
        {"depth": 4, "heads": 2, "hidden": 32, "intermediate": 64},
        {"depth": 3, "heads": 8, "hidden": 24, "intermediate": 8},
    ],
    ids=str,
)
def test_any_shape_follows_the_projected_donor(donor, encoded, shape):
    found = candidate(donor, encoded, **shape)
    assert found.projection.shape == (16, shape["hidden"])
    wanted = last_output(donor) @ found.projection
    missed = (states_of(found.model, donor) - wanted).square().sum()
    spread = (wanted - wanted.mean(0)).square().sum()
    assert missed < 0.75 * spread  # a model that ignores its input misses all of it
    assert all(bool(weight.isfinite().all()) for weight in found.model.parameters())


def test_neurons_without_a_donor_add_nothing_at_first(donor, encoded):
    wide = candidate(donor, encoded, depth=2, heads=2, hidden=16, intermediate=48)
    assert torch.allclose(states_of(wide.model, donor), last_output(donor), atol=1e-3)


def test_other_families_inherit_their_words(donor, encoded):
    shape = Architecture.of(depth=1, heads=2, hidden=8, intermediate=16)
    space = FamilySpace("d", "distilbert", {n: (v,) for n, v in shape.as_dict().items()}, {})
    found = build_candidate(
        space,
        shape,
        encoded,
        classes=2,
        initialise="inherit",
        donor=donor,
        seed=0,
    )
    words = donor.weights[WORDS] @ found.projection
    assert torch.allclose(found.model.get_input_embeddings().weight, words)


def test_models_that_are_no_classifiers_of_transformers_are_refused(monkeypatch):
    monkeypatch.setattr(type(family("bert")), "model", lambda *_, **__: torch.nn.Linear(1, 1))
    sizes = {"depth": (1,), "heads": (2,), "hidden": (8,), "intermediate": (16,)}
    space = FamilySpace("one", "bert", sizes)
    with pytest.raises(InvalidSpaceError, match="family 'bert' have no 'config'"):
        build_text_model(space, space.architecture(0), vocabulary=9, padding=0, classes=2, seed=0)


@pytest.mark.parametrize("initialise", ["inherit", "scratch"])
def test_a_model_over_the_tasks_tokens_expands_to_the_full_vocabulary(
    source, donor, encoded, initialise
):
    shape = Architecture.of(depth=1, heads=2, hidden=8, intermediate=16)
    space = FamilySpace("one", "bert", {n: (v,) for n, v in shape.as_dict().items()})
    found = build_candidate(
        space,
        shape,
        encoded,
        classes=2,
        initialise=initialise,
        donor=donor,
        seed=0,
    )
    words = source.encoder_weights()[WORDS]
    weights = found.full_weights(encoded.kept, words)
    full = build_text_model(space, shape, vocabulary=len(words), padding=0, classes=2, seed=1)
    full.load_state_dict(weights)
    tokens = encoded.splits["dev"]
    rows = torch.arange(20).numpy()
    small = torch.from_numpy(tokens.padded(rows, padding=encoded.padding))
    large = torch.from_numpy(encoded.kept)[small]
    lengths, first = (torch.from_numpy(a[rows]) for a in (tokens.lengths, tokens.first))
    with torch.no_grad():
        pair = [
            bert_logits(model, ids, lengths, first, dtype=torch.float32)
            for model, ids in ((found.model, small), (full, large))
        ]
    assert torch.equal(*pair)


def test_rows_outside_the_task_stay_as_they_are(encoded):
    model = torch.nn.Embedding(len(encoded.kept), 4)
    model.get_input_embeddings = lambda: model
    table = torch.randn(int(encoded.kept[-1]) + 5, 4)
    expanded = expanded_weights(model, encoded.kept, table)["weight"]
    assert torch.equal(expanded[encoded.kept], model.weight)
    assert torch.equal(expanded[-4:], table[-4:])


@given(st.integers(1, 12), st.integers(1, 12))
def test_layers_are_spread_evenly_and_end_with_the_last(depth, donor_depth):
    choice = layer_choice(depth, donor_depth)
    assert len(choice) == depth
    assert choice == sorted(choice)
    assert choice[-1] == donor_depth - 1
    if depth <= donor_depth:
        assert len(set(choice)) == depth


@given(st.integers(1, 16), st.integers(1, 16))
def test_every_donor_head_is_carried_once(heads, donor_heads):
    shares = [0.0] * donor_heads
    for sources, share in head_choice(heads, donor_heads):
        for source in sources:
            shares[source] += share
    assert len(head_choice(heads, donor_heads)) == heads
    assert shares == pytest.approx([1.0] * donor_heads)


def test_a_product_of_low_rank_is_found_exactly():
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(3, n, generator=generator) for n in (5, 6))
    found = low_rank(left, right, torch.eye(5), torch.eye(6), rank=4)
    assert torch.allclose(found[0].T @ found[1], left.T @ right, atol=1e-5)
    assert found[0].shape == (4, 5)
    assert not found[0][3].any()


def test_a_cut_product_keeps_the_largest_part():
    left, right = torch.diag(torch.tensor([3.0, 2.0, 1.0])), torch.eye(3)
    first, second = low_rank(left, right, torch.eye(3), torch.eye(3), rank=2)
    assert torch.allclose(first.T @ second, torch.diag(torch.tensor([3.0, 2.0, 0.0])), atol=1e-5)


def test_ridge_keeps_a_prior_that_fits_and_learns_what_it_misses():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(200, 4, generator=generator)
    true = torch.randn(3, 5, generator=generator)
    outputs = inputs @ true[:, :-1].T + true[:, -1]
    assert torch.allclose(ridge(inputs, outputs, true, strength=1.0), true, atol=1e-5)
    assert torch.allclose(ridge(inputs, outputs, true * 0, strength=1e-6), true, atol=1e-3)


def test_principal_axes_reach_what_they_can():
    generator = torch.Generator().manual_seed(0)
    flat = torch.randn(50, 2, generator=generator) @ torch.randn(2, 6, generator=generator)
    moment, mean = flat.T @ flat / len(flat), flat.mean(0)
    axes, offset = principal_axes(moment, mean, 2)
    assert torch.allclose(flat @ axes @ axes.T + offset, flat, atol=1e-4)
    wide, _ = principal_axes(moment, mean, 9)
    assert torch.allclose(wide @ wide.T, torch.eye(6), atol=1e-5)


def test_a_norm_is_fitted():
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(100, 6, generator=generator)
    weight, bias = torch.rand(6, generator=generator), torch.rand(6, generator=generator)
    wanted = torch.nn.functional.layer_norm(states, (6,), weight, bias, 1e-12)
    found = norm_parameters(states, wanted, eps=1e-12)
    assert torch.allclose(found[0], weight, atol=1e-4)
    assert torch.allclose(found[1], bias, atol=1e-4)
