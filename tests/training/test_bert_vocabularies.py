"""BERTs with the size of the vocabulary as a dimension."""

import numpy as np
import pytest
import tiny
import torch

from bort.core.errors import InvalidModelError, InvalidSpaceError
from bort.core.study import TrainingSpec
from bort.families import FamilySpace
from bort.training.oracle import ErrorOracle
from bort.training.pieces import pruned
from bort.training.source import source_network
from bort.training.tokens import load_tokenizer

VOCABULARY = (*tiny.VOCABULARY, "zebra", "quagga")  # two that no text has
FULL = len(VOCABULARY)
SHAPE = {"depth": (2,), "heads": (2,), "hidden": (8,), "intermediate": (16,)}
WORDS = "bert.embeddings.word_embeddings.weight"


def space_of(*vocabularies, **shape):
    sizes = {"vocabulary": vocabularies, **SHAPE, **shape}
    return FamilySpace("texts", "bert", sizes, {"positions": 32})


@pytest.fixture
def source(place):
    folder = place / "with-animals"
    return source_network(str(folder if folder.exists() else tiny.write_source(folder, VOCABULARY)))


@pytest.fixture
def oracle(source, task):
    def build(space, **spec):
        defaults = {"steps": 40, "source": str(source.folder), "device": "cpu", "threads": 1}
        return ErrorOracle(task, TrainingSpec(**{**defaults, **spec}), space, seed=3)

    return build


@pytest.mark.parametrize("initialise", ["inherit", "scratch"])
@pytest.mark.parametrize("hidden", [8, 16])
def test_the_sources_own_vocabulary_changes_nothing(initialise, hidden, oracle):
    listed = space_of(20, FULL, hidden=(hidden,))
    fixed = {n: values for n, values in listed.dimensions.items() if n != "vocabulary"}
    today = FamilySpace("today", "bert", fixed, {"vocabulary": FULL, "positions": 32})
    both = []
    for space in (listed, today):
        trained = oracle(space, initialise=initialise).train(space.architecture(space.maximum), 3)
        both.append(trained)
    one, other = both
    assert len(one.candidate.model.get_input_embeddings().weight) < FULL
    assert one.losses == other.losses
    assert one.evaluation.wrong_items == other.evaluation.wrong_items
    theirs = other.candidate.model.state_dict()
    for name, weight in one.candidate.model.state_dict().items():
        assert torch.equal(weight, theirs[name]), name


def test_a_smaller_vocabulary_is_inherited_and_learns(oracle, task, source):
    space = space_of(20, FULL)
    evaluate = oracle(space)
    small = space.architecture(0)
    encoded = evaluate.encoded_for(small)
    own = pruned(load_tokenizer(source.folder), encoded.pieces)
    own.enable_truncation(encoded.max_length)
    assert len(encoded.pieces) == 20
    first = encoded.splits["train"].select(np.array([0])).flat
    assert encoded.places[first].tolist() == own.encode(task.train.texts[0]).ids
    before = oracle(space, steps=1, learning_rates=(1e-9,)).train(small, 3)
    projected = evaluate.words[encoded.kept] @ before.candidate.projection
    assert torch.allclose(before.candidate.model.state_dict()[WORDS], projected, atol=1e-6)
    trained = evaluate.train(small, 3)
    assert trained.losses[-1] < before.losses[0]
    weights = trained.candidate.full_weights(encoded.places, evaluate.words[encoded.pieces])
    assert (
        sum(weights[n].numel() for n, _ in trained.candidate.model.named_parameters())
        == (space.parameter_count[0])
    )
    again = oracle(space).train(small, 3)
    assert again.losses == trained.losses


def test_the_donor_reads_texts_in_the_candidates_pieces(oracle):
    evaluate = oracle(space_of(20, 30))
    encoded = [evaluate.encoded_for(evaluate.space.architecture(row)) for row in (0, 1)]
    donors = [evaluate.donor_over(one, ["bert"]) for one in (*encoded, encoded[1])]
    assert donors[1] is donors[2]
    assert not torch.equal(donors[0].moment, donors[1].moment)
    for one, donor in zip(encoded, donors[:2], strict=True):
        table = donor.weights["embeddings.word_embeddings.weight"]
        assert torch.equal(table, evaluate.words[one.kept])
        assert int(donor.batch.ids.max()) < len(one.kept)


def test_impossible_vocabularies_are_one_clear_line(oracle):
    with pytest.raises(InvalidModelError, match=r"a vocabulary of 50, but .* only 37 tokens"):
        oracle(space_of(20, 50))
    with pytest.raises(InvalidSpaceError, match=r"a vocabulary of 3 is impossible .* alone are 6"):
        oracle(space_of(3, 20))
