import signal
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tiny
import torch
from transformers import AutoModelForSequenceClassification, BertConfig
from transformers import BertForSequenceClassification as Bert

from bort.core.baseline import BASELINES, Method
from bort.core.errors import InvalidModelError
from bort.core.progress import Progress
from bort.tasks import Split
from bort.training.probabilities import one_hot, softmax
from bort.training.teacher import (
    TeacherContext,
    answer_of,
    given_teacher,
    own_teacher,
)
from bort.training.teacher_choice import best_methods, choices_of

CPU = torch.device("cpu")

TWO_AT_ONCE = """
import sys, torch
from bort.core.study import TaskSpec
from bort.tasks import load_task
from bort.core.progress import Stage
from bort.training.source import source_network
from bort.training.teacher import TeacherContext, own_teacher
from bort.training.tokens import encode_task
place, said = sys.argv[1], []
task = load_task(TaskSpec(task=f"{place}/reviews.csv", seed=5))
source = source_network(f"{place}/source")
encoded = encode_task(task, source.folder, digest=source.digest, max_length=None, longest=32)
teacher = own_teacher(TeacherContext(
    task=task, encoded=encoded, source=source, device=torch.device("cpu"), on_step=said.append
))
print(any(step.stage is Stage.TRAINING_TEACHER for step in said), teacher.digest)
"""


@pytest.fixture
def context(task, encoded, source):
    return TeacherContext(task=task, encoded=encoded, source=source, device=CPU)


def save_bert(folder, place, names):
    config = BertConfig(
        vocab_size=len(tiny.VOCABULARY),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=40,
        id2label=dict(enumerate(names)),
        label2id={name: i for i, name in enumerate(names)},
    )
    Bert(config).save_pretrained(folder)
    (folder / "vocab.txt").write_bytes((place / "source" / "vocab.txt").read_bytes())
    return folder


def answers_of_network(context, teacher):
    """The logits of the fine-tuned network alone on dev."""
    answer = context.network(teacher.folder, teacher.name)
    return answer(context.task.dev.texts, context.encoded.splits["dev"])


def test_the_fine_tuned_source_knows_the_task(task, context):
    teacher = own_teacher(context)
    errors = {
        split: np.mean(teacher.logits[split].argmax(1) != getattr(task, split).labels)
        for split in ("train", "dev", "audit")
    }
    assert max(errors.values()) < 0.4  # a random source network, and chance is 0.5
    assert np.allclose(teacher.probabilities("dev").sum(1), 1.0)
    soft = teacher.probabilities("dev", temperature=4.0)
    assert soft.max() < teacher.probabilities("dev").max()


def test_it_is_trained_once(context):
    said: list[Progress] = []
    first = own_teacher(context)
    again = own_teacher(replace(context, on_step=said.append))
    assert said == []
    assert again.digest == first.digest
    assert np.array_equal(again.logits["dev"], first.logits["dev"])


def test_two_processes_build_one_teacher(place, home):
    command = [sys.executable, "-c", TWO_AT_ONCE, str(place)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate()[0].split() for process in both]
    assert sorted(answer[0] for answer in answers) == ["False", "True"]
    assert answers[0][1] == answers[1][1]
    assert not list((home / "cache" / "teachers").glob("*.part*"))


def test_its_folder_is_an_ordinary_model_over_the_full_vocabulary(task, encoded, context):
    teacher = own_teacher(context)
    model = AutoModelForSequenceClassification.from_pretrained(teacher.folder)
    assert model.config.vocab_size == encoded.vocabulary
    assert list(model.config.id2label.values()) == list(task.class_names)
    ids = torch.from_numpy(encoded.kept[encoded.splits["dev"].padded(np.arange(8), padding=0)])
    lengths = torch.from_numpy(encoded.splits["dev"].lengths[:8])
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=mask).logits.numpy()
    assert np.allclose(logits, answers_of_network(context, teacher)[:8], atol=0.05)


def test_it_can_be_named_as_a_teacher_again(encoded, context):
    own = own_teacher(context)
    given = given_teacher(context, str(own.folder), max_length=encoded.max_length)
    assert not given.is_source
    assert np.allclose(given.logits["dev"], answers_of_network(context, own), atol=0.05)


def test_a_given_teachers_outputs_are_put_in_the_tasks_order(task, context, place, tmp_path):
    folder = save_bert(tmp_path / "t", place, [name.upper() for name in task.class_names])
    straight = given_teacher(context, str(folder), max_length=None)
    turned = save_bert(tmp_path / "u", place, list(task.class_names)[::-1])
    (turned / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    crossed = given_teacher(context, str(turned), max_length=None)
    assert np.allclose(straight.logits["dev"], crossed.logits["dev"][:, ::-1])


def test_a_teacher_with_other_labels_is_refused(context, place, tmp_path):
    folder = save_bert(tmp_path / "t", place, ["sports", "politics"])
    with pytest.raises(
        InvalidModelError, match="has the labels sports, politics, but the task has bad, good"
    ):
        given_teacher(context, str(folder), max_length=None)


def test_an_encoder_without_a_head_is_no_teacher(context, place):
    with pytest.raises(InvalidModelError, match="not a trained classifier"):
        given_teacher(context, str(place / "source"), max_length=None)


def test_softmax_and_one_hot():
    logits = np.array([[1000.0, 0.0], [0.0, 0.0]], dtype=np.float32)
    assert softmax(logits).tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert one_hot(np.array([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_the_choices_are_sorted_and_the_answers_are_the_mean_of_the_chosen(context):
    teacher = own_teacher(context)
    errors = [one.error_rate for one in teacher.choices]
    assert errors == sorted(errors)
    assert len(teacher.choices) == 7  # every group of three methods
    assert [one.methods[0] for one in teacher.baselines] == list(BASELINES)
    answer = answer_of(teacher, context)
    texts, tokens = context.task.dev.texts, context.encoded.splits["dev"]
    assert np.allclose(answer(texts, tokens), teacher.logits["dev"], atol=1e-4)


def choose(wrong):
    """The methods chosen for a dev split of which each method gets these texts wrong."""
    n = len(next(iter(wrong.values())))
    labels = np.zeros(n, dtype=np.int64)
    split = Split(texts=("a",) * n, pairs=None, labels=labels)
    task = SimpleNamespace(dev=split, class_names=("bad", "good"))
    found = {
        Method(name): {"dev": np.where(flags[:, None], [-1.0, 1.0], [1.0, -1.0]).astype("float32")}
        for name, flags in wrong.items()
    }
    return best_methods(task, found, choices_of(task, found))


def wrong_at(n, *rows):
    flags = np.zeros(n, dtype=bool)
    flags[list(rows)] = True
    return flags


def test_a_clearly_better_method_is_chosen_alone():
    tuned, probe = wrong_at(1000, *range(100)), wrong_at(1000, *range(10))
    assert choose({"finetuned": tuned, "probe": probe}) == (Method.PROBE,)


def test_a_mean_that_is_no_better_is_not_chosen():
    tuned, probe = wrong_at(1000, *range(100)), wrong_at(1000, *range(120))
    assert choose({"finetuned": tuned, "probe": probe}) == (Method.FINETUNED,)


def test_a_mean_that_is_clearly_better_than_its_parts_is_chosen_on_a_very_small_dev_split():
    halves = {"finetuned": wrong_at(18, *range(9)), "probe": wrong_at(18, *range(9, 18))}
    assert choose(halves) == (Method.FINETUNED, Method.PROBE)


def test_a_very_small_dev_split_averages_what_may_be_the_best():
    tuned, probe = wrong_at(50, *range(5)), wrong_at(50, *range(4))
    words = wrong_at(50, *range(45))
    chosen = choose({"finetuned": tuned, "probe": probe, "tfidf": words})
    assert set(chosen) == {Method.FINETUNED, Method.PROBE}


KILLED = """
import os, signal, sys
import torch
from bort.core.study import TaskSpec
from bort.tasks import load_task
from bort.training import stage
from bort.training.fine_tuning import fine_tune
from bort.training.source import source_network, weights_digest
from bort.training.tokens import encode_task
from bort.training.execution import training_threads
from pathlib import Path
place, folder, dies_at = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
stage.CHECKPOINT_SECONDS = 0.0
task = load_task(TaskSpec(task=f"{place}/reviews.csv", seed=5))
source = source_network(f"{place}/source")
encoded = encode_task(task, source.folder, digest=source.digest, max_length=None, longest=32)
calls = 0
def step(progress):
    global calls
    calls += 1
    if calls == dies_at:
        os.kill(os.getpid(), signal.SIGKILL)
with training_threads(1):
    fine_tune(task, encoded, source, folder, device=torch.device("cpu"), on_step=step,
              should_stop=None)
print(weights_digest(folder))
"""


def test_a_killed_fine_tuning_ends_with_the_same_weights(place, home, tmp_path):
    def run(folder, dies_at):
        command = [sys.executable, "-c", KILLED, str(place), str(folder), str(dies_at)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    whole = run(tmp_path / "whole", 0)
    assert whole.returncode == 0, whole.stderr
    folder = tmp_path / "killed"
    # Twice in the contrastive start, in the head, at the first step of all, and later.
    for dies_at in (1, 5, 11, 2, 3):
        assert run(folder, dies_at).returncode == -signal.SIGKILL
        assert not (folder / "config.json").exists()
    resumed = run(folder, 0)
    assert resumed.stdout == whole.stdout != ""
    assert not folder.with_name("killed.work").exists()
