import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from bort.core.architecture import Architecture
from bort.core.errors import (
    InvalidModelError,
    InvalidOptionError,
    InvalidSpaceError,
    UselessTeacherError,
)
from bort.core.progress import Progress, Stage, ignore
from bort.core.study import TaskSpec, TrainingSpec
from bort.families import FamilySpace, load_space
from bort.tasks import load_task
from bort.training import oracle as error_oracle
from bort.training.execution import TrainingStoppedError
from bort.training.metrics import unpack_items
from bort.training.oracle import ErrorOracle
from bort.training.useful import check_useful

SMALL = Architecture.of(depth=1, heads=2, hidden=8, intermediate=16)
LARGE = Architecture.of(depth=2, heads=2, hidden=16, intermediate=32)

ANOTHER_PROCESS = """
import sys
from bort.core.architecture import Architecture
from bort.families import load_space
from bort.training.oracle import ErrorOracle
from bort.core.study import TaskSpec, TrainingSpec
from bort.tasks import load_task
place = sys.argv[1]
spec = TrainingSpec(steps=15, source=f"{place}/source", device="cpu", threads=1)
oracle = ErrorOracle(load_task(TaskSpec(task=f"{place}/reviews.csv")), spec,
                     load_space(f"{place}/tiny.toml"), seed=3)
trained = oracle.train(Architecture.of(depth=1, heads=2, hidden=8, intermediate=16), 3)
print(trained.losses[-1].hex(), trained.evaluation.wrong_items.hex())
"""


@pytest.fixture
def oracle(place):
    def build(*, space=None, on_step=ignore, should_stop=None, **spec):
        defaults = {"steps": 15, "source": str(place / "source"), "device": "cpu", "threads": 1}
        return ErrorOracle(
            load_task(TaskSpec(task=str(place / "reviews.csv"))),
            TrainingSpec(**{**defaults, **spec}),
            space or load_space(str(place / "tiny.toml")),
            seed=3,
            on_step=on_step,
            should_stop=should_stop,
        )

    return build


def test_an_evaluation_says_how_wrong_a_candidate_is(oracle):
    evaluate = oracle(steps=60, learning_rates=(1e-2,))
    found = evaluate(SMALL)
    wrong = unpack_items(found.wrong_items, found.n)
    assert found.n == len(evaluate.task.dev)
    assert found.error_rate == pytest.approx(wrong.mean())
    assert found.error_rate < 0.4  # chance is 0.5
    assert found.macro_f1 == pytest.approx(1 - found.error_rate, abs=0.05)
    assert found.error_se == pytest.approx(
        np.sqrt(found.error_rate * (1 - found.error_rate) / found.n)
    )
    assert (found.seed, found.steps, found.attempts, found.diverged) == (3, 60, 1, False)
    assert found.seconds > 0


def test_looks_on_the_way_change_no_training(oracle):
    plain, watched = oracle(), oracle()
    watched.looks = frozenset({0, 5, 15})
    trained, seen = plain.train(SMALL, 3), watched.train(SMALL, 3)
    assert trained.curve == {}
    assert list(seen.curve) == [5, 15]
    assert seen.curve[15] == seen.evaluation.error_rate
    assert seen.losses == trained.losses
    assert seen.evaluation.wrong_items == trained.evaluation.wrong_items


def test_it_repeats_to_the_last_digit_whatever_came_before(oracle):
    evaluate = oracle()
    first = evaluate.train(SMALL, 3)
    evaluate(LARGE)
    torch.randn(10)
    again = oracle().train(SMALL, 3)
    assert again.losses == first.losses
    assert again.evaluation.wrong_items == first.evaluation.wrong_items


def test_it_repeats_in_another_process(oracle, place):
    here = oracle().train(SMALL, 3)
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(place)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert out == [here.losses[-1].hex(), here.evaluation.wrong_items.hex()]


def test_seeds_are_trainings_of_their_own(oracle):
    evaluate = oracle(seeds=2)
    assert evaluate.seeds == (3, 4)
    losses = [evaluate.train(SMALL, seed).losses for seed in evaluate.seeds]
    assert losses[0] != losses[1]


def test_from_scratch_is_worse_after_few_steps(oracle):
    inherited, scratch = oracle().train(LARGE, 3), oracle(initialise="scratch").train(LARGE, 3)
    assert inherited.losses[0] < scratch.losses[0]
    assert inherited.candidate.projection is not None
    assert scratch.candidate.projection is None


def test_the_best_of_several_learning_rates_counts(oracle):
    rates = (1e-3, 1e-2)
    evaluate = oracle(learning_rates=rates, steps=60)
    both = evaluate.train(LARGE, 3)
    alone = [oracle(learning_rates=(r,), steps=60)(LARGE).error_rate for r in rates]
    assert both.evaluation.error_rate == min(alone)
    assert both.learning_rate == rates[int(np.argmin(alone))]
    assert both.evaluation.steps == 120


def test_a_diverged_training_is_tried_again(oracle, monkeypatch):
    real = error_oracle.train

    def exploding(model, examples, settings, **options):
        for step in real(model, examples, settings, **options):
            explodes = settings.learning_rate > 5e-3
            yield step._replace(loss=float("nan")) if explodes else step

    monkeypatch.setattr(error_oracle, "train", exploding)
    found = oracle(learning_rates=(1e-2,), steps=60).train(SMALL, 3)
    assert found.evaluation.attempts == 2
    assert found.evaluation.steps == 61  # one step was wasted
    assert found.evaluation.seed == 3
    assert not found.evaluation.diverged
    assert found.learning_rate == pytest.approx(1e-2 / 3)


def test_a_training_that_always_diverges_is_marked(oracle):
    with np.errstate(all="ignore"):
        found = oracle(learning_rates=(0.9,), initialise="scratch", steps=5).evaluate(LARGE, 3)
    if not found.diverged:  # if it learned after all, it is not marked
        assert found.error_rate < 0.5
    assert 1 <= found.attempts <= 3


def test_progress_is_told_and_a_stop_is_heard(oracle):
    said: list[Progress] = []
    evaluate = oracle(steps=40, on_step=said.append)
    evaluate(SMALL)
    assert Progress(40, 40, Stage.TRAINING_CANDIDATES, SMALL.id) in said
    evaluate.should_stop = lambda: True
    with pytest.raises(TrainingStoppedError):
        evaluate(SMALL)


def test_it_describes_what_it_rests_on(oracle):
    found = oracle().describe()
    assert found.teacher_dev_error < 0.4
    assert found.majority_dev_error == pytest.approx(0.5, abs=0.05)
    assert found.threads == 1
    assert found.max_length <= 32


def test_the_thread_count_is_put_back(oracle):
    before = torch.get_num_threads()
    oracle(threads=1)(SMALL)
    assert torch.get_num_threads() == before


def test_a_space_that_counts_another_vocabulary_is_refused(oracle):
    space = FamilySpace("other", "bert", {n: (v,) for n, v in SMALL.as_dict().items()}, {})
    with pytest.raises(
        InvalidModelError, match="vocabulary of 35 tokens, but the space 'other' has 30522"
    ):
        oracle(space=space)


def test_models_that_do_not_read_text_are_refused(oracle):
    space = FamilySpace("p", "mlp", {"depth": (1,), "hidden": (8,)}, {})
    with pytest.raises(InvalidSpaceError, match="do not read text"):
        oracle(space=space)(Architecture.of(depth=1, hidden=8))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_missing_device_is_one_clear_line(oracle):
    with pytest.raises(InvalidOptionError, match="no cuda device"):
        oracle(device="cuda")


def test_a_teacher_with_its_labels_in_another_order_stops_before_the_first_candidate(
    oracle, tmp_path
):
    good = oracle().teacher.folder
    shutil.copytree(good, tmp_path / "shuffled")
    path = tmp_path / "shuffled" / "config.json"
    config = json.loads(path.read_text())
    config["id2label"] = {"0": config["id2label"]["1"], "1": config["id2label"]["0"]}
    config["label2id"] = {name: int(number) for number, name in config["id2label"].items()}
    path.write_text(json.dumps(config))
    with pytest.raises(UselessTeacherError, match=r"in another order it would get .* id2label"):
        oracle(teacher=str(tmp_path / "shuffled"))


def test_a_useless_teacher_of_unknown_words_is_told_as_such():
    teacher = SimpleNamespace(name="x", soft_labels=None, is_source=True, judged_on="dev")
    answers, labels = np.zeros(60, np.int64), np.repeat([0, 1], 30)
    with pytest.raises(UselessTeacherError, match=r"50.0% of 60 dev.*31% of the words.*--source"):
        check_useful(teacher, answers, labels, classes=2, unknown_share=0.313)
    rare = np.array([1, 1, 1, *[0] * 57])  # two standard errors leave no room below the majority
    check_useful(teacher, rare, rare, classes=2, unknown_share=0.0)
    with pytest.raises(UselessTeacherError, match="check that the labels belong to the texts"):
        check_useful(teacher, answers, labels, classes=2, unknown_share=0.001)
    check_useful(teacher, labels, labels, classes=2, unknown_share=0.313)


def test_a_teacher_near_chance_stops_before_the_first_candidate(oracle, tmp_path):
    good = oracle().teacher.folder
    shutil.copytree(good, tmp_path / "random")
    weights = load_file(good / "model.safetensors")
    weights["classifier.weight"] = torch.zeros_like(weights["classifier.weight"])
    weights["classifier.bias"] = torch.tensor([1.0, 0.0])
    save_file(weights, tmp_path / "random" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UselessTeacherError, match=r"dev texts wrong.*leave --teacher out"):
        oracle(teacher=str(tmp_path / "random"))
