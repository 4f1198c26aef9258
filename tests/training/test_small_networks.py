"""Static and convolutional networks: their quick forward passes, first weights and trainings."""

import numpy as np
import pytest
import torch

from bort.core.architecture import Architecture
from bort.core.errors import InvalidModelError, InvalidSpaceError
from bort.core.study import TrainingSpec
from bort.families import FamilySpace, family
from bort.training.attempts import default_learning_rate
from bort.training.forward import forward_of
from bort.training.oracle import ErrorOracle
from bort.training.pieces import pruned
from bort.training.reduction import principal_axes
from bort.training.tokens import load_tokenizer
from bort.training.vectors import DEVIATION, inherit_vectors, piece_shares

STATIC = Architecture.of(vocabulary=30, hidden=8)
CONVOLUTION = Architecture.of(vocabulary=30, hidden=4, channels=6, width=3, depth=2)
SMALL = {"static": STATIC, "convolution": CONVOLUTION}
VOCABULARIES = (20, 35)


def built(name, *, classes=3, device="cpu"):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return family(name).build(SMALL[name], {}, num_labels=classes, device=device).eval()


def space_of(name, vocabularies=VOCABULARIES):
    sizes = {n: (v,) for n, v in SMALL[name].as_dict().items()}
    return FamilySpace("small", name, {**sizes, "vocabulary": vocabularies})


@pytest.fixture
def oracle(place, task):
    def build(space, **spec):
        defaults = {"steps": 60, "source": str(place / "source"), "device": "cpu", "threads": 1}
        return ErrorOracle(task, TrainingSpec(**{**defaults, **spec}), space, seed=3)

    return build


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("lengths", [[9, 4, 9, 2, 7], [9] * 5, [1, 1, 1, 1, 1]])
def test_the_quick_forward_pass_is_the_modules(name, lengths):
    model = built(name)
    lengths = torch.tensor(lengths)
    ids = torch.randint(0, 30, (5, int(lengths.max())), generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    expected = model(ids, attention_mask=mask).logits
    (grown,) = torch.autograd.grad(expected.square().sum(), model.embeddings.weight)
    exact = forward_of(model, dtype=torch.float32)(ids, lengths, lengths)
    (quick,) = torch.autograd.grad(exact.square().sum(), model.embeddings.weight)
    rough = forward_of(model, dtype=torch.bfloat16)(ids, lengths, lengths)
    assert torch.allclose(exact, expected, atol=1e-5)
    assert torch.allclose(quick, grown, atol=1e-5)
    assert torch.allclose(rough, expected, atol=0.05)
    assert rough.dtype == torch.float32


def test_vectors_keep_what_frequent_pieces_differ_in():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(30, 12, generator=generator)
    rows[:, 0] *= 0.01
    rows[:3, 0] += torch.tensor([9.0, -9.0, 0.0])  # the only axis on which frequent pieces differ
    rows[:3, 1:] = 0.0
    shares = torch.full((30,), 1e-4)
    shares[:3] = (1 - shares[3:].sum()) / 3
    model = built("convolution")
    inherit_vectors(model, rows, shares)
    vectors = model.embeddings.weight.detach()
    assert vectors.std() == pytest.approx(DEVIATION)
    gap = rows[0] - rows[1]
    scale = (vectors[0] - vectors[1]).norm() / gap.norm()
    down = principal_axes(rows.T @ rows / 30, torch.zeros(12), 4)[0]  # not weighted
    assert scale * gap.norm() > (gap @ down).norm() * DEVIATION / (rows @ down).std()


def test_frequent_pieces_become_short_where_the_network_takes_a_mean():
    rows = torch.randn(30, 12, generator=torch.Generator().manual_seed(0))
    shares = torch.linspace(0, 1, 30).square()
    shares /= shares.sum()
    lengths = {}
    for name in SMALL:
        model = built(name)
        inherit_vectors(model, rows, shares)
        lengths[name] = model.embeddings.weight.detach().norm(dim=1)
    assert lengths["static"][-5:].mean() < 0.1 * lengths["static"][:5].mean()
    assert lengths["convolution"][-5:].mean() > 0.5 * lengths["convolution"][:5].mean()


@pytest.mark.parametrize("hidden", [16, 24])  # as wide as the source, and wider
def test_wide_networks_keep_all_distances(hidden):
    model = family("convolution").build(
        Architecture.of(vocabulary=30, hidden=hidden, channels=4, width=1, depth=1),
        {},
        device="cpu",
    )
    rows = torch.randn(30, 16, generator=torch.Generator().manual_seed(0))
    inherit_vectors(model, rows, torch.full((30,), 1 / 30))
    vectors = model.embeddings.weight.detach()
    ratio = torch.pdist(vectors) / torch.pdist(rows)
    assert ratio.std() < 1e-4 * ratio.mean()


@pytest.mark.parametrize("name", SMALL)
def test_they_learn_from_the_teacher_with_the_default_settings(name, oracle):
    space = space_of(name)
    evaluate = oracle(space)
    trained = evaluate.train(space.architecture(space.maximum), 3)
    assert trained.evaluation.error_rate < 0.1  # chance is 0.5
    assert trained.evaluation.attempts == 1
    assert trained.losses[-1] < trained.losses[0]
    model = trained.candidate.model
    assert sum(p.numel() for p in model.parameters()) == space.parameter_count[space.maximum]
    again = oracle(space).train(space.architecture(space.maximum), 3)
    assert again.losses == trained.losses
    other = oracle(space, initialise="scratch").train(space.architecture(space.maximum), 3)
    assert other.losses != trained.losses


def test_each_candidate_reads_with_its_own_vocabulary(oracle, source, task):
    space = space_of("static")
    evaluate = oracle(space)
    tokenizer = load_tokenizer(source.folder)
    for row, size in enumerate(VOCABULARIES):
        architecture = space.architecture(row)
        encoded = evaluate.encoded_for(architecture)
        assert encoded is evaluate.encoded_for(architecture)
        own = pruned(tokenizer, encoded.kept)
        own.enable_truncation(encoded.max_length)
        assert len(encoded.kept) == size
        first = encoded.splits["train"].select(np.array([0])).flat
        assert first.tolist() == own.encode(task.train.texts[0]).ids
        shares = piece_shares(encoded)
        assert shares.sum() == pytest.approx(1)
        weights = evaluate.train(architecture, 3).candidate.full_weights(encoded.kept, None)
        assert weights["embeddings.weight"].shape == (size, 8)  # nothing is expanded


def test_rates_are_larger_than_those_of_berts():
    narrow, wide = ({"hidden": hidden} for hidden in (16, 256))
    rates = [default_learning_rate(d, "inherit", "static") for d in (narrow, wide)]
    assert rates[0] > rates[1] > default_learning_rate(narrow, "inherit")
    assert default_learning_rate(wide, "inherit", "convolution") > 0.002


def test_impossible_vocabularies_are_one_clear_line(oracle):
    with pytest.raises(InvalidModelError, match=r"a vocabulary of 50, but .* only 35 tokens"):
        oracle(space_of("static", (20, 50)))
    with pytest.raises(InvalidSpaceError, match=r"a vocabulary of 3 is impossible .* alone are 6"):
        oracle(space_of("static", (3, 20)))
