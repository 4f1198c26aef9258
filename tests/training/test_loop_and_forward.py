import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, DistilBertConfig
from transformers import DistilBertForSequenceClassification as DistilBert

from bort.training.execution import TrainingStoppedError, stoppable
from bort.training.forward import bert_logits, best_dtype, forward_of
from bort.training.loop import Examples, TrainingSettings, predict, train
from bort.training.teacher import one_hot

SETTINGS = TrainingSettings(steps=60, batch_size=32, learning_rate=1e-2)


def small_bert(
    vocabulary: int, *, classes: int = 2, depth: int = 2
) -> BertForSequenceClassification:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=vocabulary,
            hidden_size=24,
            num_hidden_layers=depth,
            num_attention_heads=4,
            intermediate_size=40,
            max_position_embeddings=32,
            num_labels=classes,
        )
        return BertForSequenceClassification(config).eval()


@pytest.fixture
def examples(task, encoded):
    return Examples(encoded.splits["train"], one_hot(task.train.labels, 2), encoded.padding)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("is_padded", [False, True])
def test_the_quick_forward_pass_is_berts(depth, is_padded):
    model = small_bert(50, depth=depth)
    ids = torch.randint(1, 50, (5, 9), generator=torch.Generator().manual_seed(0))
    lengths = torch.tensor([9, 4, 9, 2, 7] if is_padded else [9] * 5)
    first = torch.tensor([9, 2, 5, 2, 3])
    places = torch.arange(9)
    with torch.no_grad():
        expected = model(
            input_ids=ids,
            attention_mask=(places < lengths[:, None]).long(),
            token_type_ids=(places >= first[:, None]).long(),
        ).logits
        found = bert_logits(model, ids, lengths, first, dtype=torch.float32)
        rough = bert_logits(model, ids, lengths, first, dtype=torch.bfloat16)
    assert torch.allclose(found, expected, atol=1e-6)
    assert torch.allclose(rough, expected, atol=0.02)


def test_its_gradients_are_berts():
    ids = torch.randint(1, 50, (5, 9), generator=torch.Generator().manual_seed(0))
    lengths = torch.tensor([9, 4, 9, 2, 7])
    mask = (torch.arange(9) < lengths[:, None]).long()
    gradients = []
    for is_quick in (False, True):
        model = small_bert(50)
        if is_quick:
            logits = bert_logits(model, ids, lengths, lengths, dtype=torch.float32)
        else:
            types = (1 - mask).long()
            logits = model(input_ids=ids, attention_mask=mask, token_type_ids=types).logits
        logits.square().sum().backward()
        gradients.append({n: w.grad for n, w in model.named_parameters()})
    for name, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][name], atol=1e-6), name


def test_other_models_go_through_their_own_forward_pass(encoded):
    config = DistilBertConfig(
        vocab_size=len(encoded.kept), dim=16, n_layers=1, n_heads=2, hidden_dim=16
    )
    model = DistilBert(config).eval()
    logits = predict(model, encoded.splits["dev"], padding=encoded.padding)
    assert logits.shape == (len(encoded.splits["dev"]), 2)


def test_predictions_are_in_the_order_of_the_texts(encoded):
    model = small_bert(len(encoded.kept))
    tokens = encoded.splits["dev"]
    together = predict(model, tokens, padding=encoded.padding)
    rows = np.array([3, 0, 7])
    apart = predict(model, tokens.select(rows), padding=encoded.padding)
    assert np.allclose(together[rows], apart, atol=0.02)


def test_training_learns_and_tells_each_step(task, encoded, examples):
    model = small_bert(len(encoded.kept))
    steps = list(train(model, examples, SETTINGS))
    assert [s.step for s in steps] == list(range(1, 61))
    assert steps[-1].steps == 60
    assert np.mean([s.loss for s in steps[-5:]]) < 0.8 * np.mean([s.loss for s in steps[:5]])
    answers = predict(model, encoded.splits["dev"], padding=encoded.padding).argmax(1)
    assert np.mean(answers != task.dev.labels) < 0.2


def test_ceasing_to_listen_stops_the_training(encoded, examples):
    model = small_bert(len(encoded.kept))
    steps = train(model, examples, SETTINGS)
    next(steps)
    after_one = model.classifier.weight.detach().clone()
    steps.close()
    assert torch.equal(model.classifier.weight, after_one)


def test_training_pauses_before_each_step(encoded, examples):
    pauses = []
    steps = train(small_bert(len(encoded.kept)), examples, SETTINGS, pause=lambda: pauses.append(1))
    next(steps)
    next(steps)
    assert len(pauses) == 2


def test_a_stop_is_heard_at_the_next_step(encoded, examples):
    answers = iter([False, False, True])
    steps = stoppable(
        train(small_bert(len(encoded.kept)), examples, SETTINGS), lambda: next(answers)
    )
    assert [next(steps).step, next(steps).step] == [1, 2]
    with pytest.raises(TrainingStoppedError):
        next(steps)


def test_momentum_goes_on_moving_a_word_that_was_seen_once(encoded):
    model = small_bert(len(encoded.kept))
    table = model.get_input_embeddings().weight
    tokens = encoded.splits["train"].select(np.array([0]))
    steps = train(model, Examples(tokens, one_hot(np.array([1]), 2), encoded.padding), SETTINGS)
    before, word = table.detach().clone(), int(tokens.flat[1])
    next(steps)
    once = table.detach().clone()
    assert not torch.equal(once[word], before[word])
    tokens.flat[:] = 0  # the word does not occur again
    next(steps)
    assert not torch.equal(table[word], once[word])


def test_frozen_words_stay(encoded, examples):
    model = small_bert(len(encoded.kept))
    table = model.get_input_embeddings().weight.requires_grad_(False)
    before = table.clone()
    next(train(model, examples, SETTINGS))
    assert torch.equal(table, before)


def test_the_same_settings_give_the_same_weights_whatever_came_before(encoded, examples):
    runs = []
    for _ in range(2):
        model = small_bert(len(encoded.kept))
        losses = [s.loss for s in train(model, examples, SETTINGS)]
        runs.append((losses, model.classifier.weight.detach()))
        torch.randn(100)  # the global generator does not matter
    assert runs[0][0] == runs[1][0]
    assert torch.equal(runs[0][1], runs[1][1])


def test_bfloat16_is_used_where_the_processor_multiplies_it():
    code = (
        "import torch; from bort.training.forward import *; print(best_dtype(torch.device('cpu')))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == str(best_dtype(torch.device("cpu")))
    assert best_dtype(torch.device("mps")) == torch.float32


def test_soft_labels_move_the_answer(encoded):
    tokens = encoded.splits["train"].select(np.arange(32))
    targets = np.tile(np.array([[0.2, 0.8]], dtype=np.float32), (32, 1))
    model = small_bert(len(encoded.kept))
    list(train(model, Examples(tokens, targets, encoded.padding), SETTINGS))
    logits = predict(model, tokens, padding=encoded.padding)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert np.allclose(shares.mean(0), [0.2, 0.8], atol=0.08)


def test_a_forward_pass_can_be_injected(encoded, examples):
    model = small_bert(len(encoded.kept))
    calls = []

    def forward(ids, lengths, first):
        calls.append(ids.shape)
        return forward_of(model, dtype=torch.float32)(ids, lengths, first)

    next(train(model, examples, SETTINGS, forward=forward))
    assert len(calls) == 1
