"""Distillation, synthetic texts, and what a resumed training repeats."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bort.core.architecture import Architecture
from bort.training.candidate import build_candidate
from bort.training.checkpoints import Checkpoints
from bort.training.distillation import DistillationWeights, distillation, head_groups
from bort.training.donor import calibration_batch, observe
from bort.training.fine_tuning import classifier_over
from bort.training.forward import bert_logits, bert_states
from bort.training.loop import Examples, TrainingSettings, adamw, predict, train
from bort.training.probabilities import one_hot, softmax
from bort.training.reduction import principal_axes
from bort.training.unlabelled import (
    Augmentation,
    Exchanger,
    augmented,
    nearest_words,
    with_unlabelled,
)
from bort.training.vocabulary import pruned_table

SMALL = Architecture.of(depth=1, heads=1, hidden=8, intermediate=16)
TABLE = "embeddings.word_embeddings.weight"


@pytest.fixture
def teacher(task, encoded, source):
    return classifier_over(encoded, source, classes=2)[0].requires_grad_(False)


@pytest.fixture
def student(space, encoded, source):
    weights = source.encoder_weights()
    weights[TABLE] = pruned_table(weights[TABLE], encoded.kept)
    donor = observe(weights, source.config, calibration_batch(encoded.splits["train"]))

    def build(architecture=SMALL, seed=0):
        return build_candidate(
            space,
            architecture,
            encoded,
            classes=2,
            initialise="inherit",
            donor=donor,
            seed=seed,
        )

    return build


@pytest.fixture
def examples(task, encoded):
    return Examples(encoded.splits["train"], one_hot(task.train.labels, 2), encoded.padding)


def batch_of(encoded, rows):
    tokens = encoded.splits["train"]
    ids = torch.from_numpy(tokens.padded(rows, padding=encoded.padding))
    return ids, torch.from_numpy(tokens.lengths[rows]), torch.from_numpy(tokens.first[rows])


def test_states_end_in_the_same_logits_as_the_quick_pass(teacher, encoded):
    inputs = batch_of(encoded, np.arange(5))
    states = bert_states(teacher, *inputs, dtype=torch.float32)
    quick = bert_logits(teacher, *inputs, dtype=torch.float32)
    assert torch.allclose(states.logits, quick, atol=1e-6)
    theirs = teacher(
        input_ids=inputs[0],
        attention_mask=(torch.arange(inputs[0].shape[1]) < inputs[1][:, None]).long(),
        output_hidden_states=True,
    )
    for ours, wanted in zip(states.streams, theirs.hidden_states[1:], strict=True):
        is_token = torch.arange(inputs[0].shape[1]) < inputs[1][:, None]
        assert torch.allclose(ours[is_token], wanted[is_token], atol=1e-5)
    sums = states.attentions[0].sum(-1)
    assert torch.allclose(sums, torch.ones_like(sums), atol=1e-5)


def test_a_copy_of_the_teacher_has_nothing_to_learn(teacher, encoded, examples):
    weights = DistillationWeights(answers=0.0)
    objective = distillation(teacher, teacher, torch.eye(16), weights=weights, dtype=torch.float32)
    losses = []
    for step in train(teacher.requires_grad_(True), examples, short(), objective=objective):
        losses.append(step.loss)
        break
    assert losses[0] == pytest.approx(0.0, abs=1e-6)


def short(steps=12):
    return TrainingSettings(steps=steps, batch_size=16, learning_rate=5e-3, seed=3)


def test_a_student_comes_closer_to_its_teacher(teacher, student, examples):
    candidate = student()
    objective = distillation(
        candidate.model,
        teacher,
        candidate.projection,
        weights=DistillationWeights(answers=0.0),
        dtype=torch.float32,
    )
    losses = [s.loss for s in train(candidate.model, examples, short(60), objective=objective)]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


def test_answers_on_the_way_are_those_given_beforehand(teacher, student, encoded, examples):
    soft = softmax(predict(teacher, examples.tokens, padding=encoded.padding) / np.float32(2.0))
    given = replace(examples, targets=soft)
    without = replace(examples, targets=np.empty((len(examples.tokens), 0), dtype=np.float32))

    def losses(examples, temperature):
        candidate = student()
        objective = distillation(
            candidate.model,
            teacher,
            candidate.projection,
            weights=DistillationWeights(),
            dtype=torch.float32,
            temperature=temperature,
        )
        return [s.loss for s in train(candidate.model, examples, short(5), objective=objective)]

    assert losses(without, 2.0) == pytest.approx(losses(given, None), abs=1e-4)


def test_heads_follow_groups_of_heads():
    assert torch.allclose(head_groups(2, 4), torch.tensor([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]))
    assert torch.allclose(head_groups(2, 1), torch.ones(2, 1))


def test_going_on_from_a_checkpoint_repeats_every_bit(student, examples, tmp_path):
    whole = student().model
    losses = [step.loss for step in train(whole, examples, short())]
    first = student().model
    optimiser = adamw(first, learning_rate=5e-3, weight_decay=0.01)
    checkpoints = Checkpoints(tmp_path)
    for step in train(first, examples, short(), optimiser=optimiser):
        if step.step in (3, 5):
            checkpoints.save(first, optimiser, {"step": step.step})
        if step.step == 5:
            break
    second = student(seed=9).model
    optimiser = adamw(second, learning_rate=5e-3, weight_decay=0.01)
    done = checkpoints.load(second, optimiser)["step"]
    assert done == 5
    rest = [s.loss for s in train(second, examples, short(), optimiser=optimiser, done=done)]
    assert rest == losses[5:]
    for ours, theirs in zip(second.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(student, tmp_path):
    model = student().model
    optimiser = adamw(model, learning_rate=1e-3, weight_decay=0.0)
    checkpoints = Checkpoints(tmp_path)
    for step in (1, 2, 3):
        checkpoints.save(model, optimiser, {"step": step})
    kept = sorted(tmp_path.glob("*.safetensors"))
    assert [p.name for p in kept] == ["step-0000002.safetensors", "step-0000003.safetensors"]
    kept[1].write_bytes(kept[1].read_bytes()[:-1] + b"x")
    assert checkpoints.load(model, optimiser) == {"step": 2}
    kept[0].unlink()
    assert checkpoints.load(model, optimiser) is None


def test_neighbours_are_the_nearest_by_angle():
    table = torch.tensor([[1.0, 0], [9, 0.1], [0, 1], [0.1, 5], [-1, 0]])
    words = np.array([0, 1, 2, 3])
    assert nearest_words(table, words, count=1).ravel().tolist() == [1, 0, 3, 2]


def test_words_are_exchanged_and_continuations_left_alone():
    continues = np.array([False, False, False, True])
    exchanger = Exchanger(np.array([0, 1, 2]), np.array([[1], [2], [0]]), continues)
    rng = np.random.default_rng(0)
    ids = np.array([0, 1, 3, 2])
    assert exchanger.exchanged(ids, 1.0, rng).tolist() == [1, 1, 3, 0]  # "1 3" is one word
    assert (exchanger.exchanged(ids, 0.0, rng) != ids).sum() == 1
    assert exchanger.exchanged(np.array([], dtype=np.int64), 0.5, rng).tolist() == []
    new = augmented([ids, ids[:1]], exchanger, Augmentation(copies=3), rng)
    assert len(new) == 6


def test_the_pool_holds_made_up_texts_and_nothing_of_dev_or_audit(task, source):
    wide = with_unlabelled(task, source, others=True, augmentation=Augmentation(copies=2), seed=1)
    again = with_unlabelled(task, source, others=True, augmentation=Augmentation(copies=2), seed=1)
    assert wide.pool.texts == again.pool.texts
    assert len(wide.pool) == 2 * len(task.train)
    assert set(wide.pool.labels.tolist()) == {-1}
    assert not set(wide.pool.texts) & (set(task.dev.texts) | set(task.audit.texts))
    assert wide.train is task.train


def test_made_up_texts_that_read_like_held_out_ones_are_left_out(task, source, monkeypatch):

    shouted = [task.audit.texts[0].upper() + "!", "something else entirely"]
    monkeypatch.setattr("bort.training.unlabelled._other_texts", lambda _task: shouted)
    wide = with_unlabelled(task, source, others=True, augmentation=None, seed=0)
    assert wide.pool.texts == ("something else entirely",)


def test_a_task_without_anything_to_add_stays_as_it_is(task, source):
    assert with_unlabelled(task, source, others=False, augmentation=None, seed=0) is task


def test_the_projection_keeps_lengths():
    moment = torch.diag(torch.tensor([4.0, 1.0, 0.1]))
    axes, _ = principal_axes(moment, torch.zeros(3), 2)
    assert torch.allclose(axes.T @ axes, torch.eye(2), atol=1e-6)
