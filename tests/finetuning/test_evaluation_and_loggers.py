"""Intervals over seeds and texts; curves for other programs; a logger that fails."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from bort.core.errors import MissingExtraError
from bort.finetuning.evaluation import accuracy_of, paired_difference
from bort.finetuning.latency import bert_blueprint, nearest_landmark
from bort.studies import loggers
from bort.studies.loggers import Loggers, check_loggers

LABELS = np.array([0, 1] * 50)
NAMES = ("bad", "good")


def wrong_at(*rows):
    answers = LABELS.copy()
    answers[list(rows)] = 1 - answers[list(rows)]
    return answers


def test_one_seed_has_wilsons_interval():
    found = accuracy_of([wrong_at(*range(10))], LABELS, names=NAMES)
    assert found.accuracy == pytest.approx(0.9)
    assert (found.low, found.high) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    assert found.n == 100
    perfect = accuracy_of([LABELS], LABELS, names=NAMES)
    assert perfect.high == pytest.approx(1.0)
    assert perfect.low < 1


def test_seeds_that_disagree_widen_the_interval():
    alike = accuracy_of([wrong_at(*range(10))] * 3, LABELS, names=NAMES)
    apart = accuracy_of(
        [wrong_at(*range(2)), wrong_at(*range(10)), wrong_at(*range(18))], LABELS, names=NAMES
    )
    assert apart.accuracy == pytest.approx(alike.accuracy)
    assert apart.high - apart.low > alike.high - alike.low
    assert apart.macro_f1 == pytest.approx(0.9, abs=0.01)


def test_seeds_that_are_right_on_all_texts_are_not_certain():
    found = accuracy_of([LABELS, LABELS], LABELS, names=NAMES)
    assert found.low == accuracy_of([LABELS], LABELS, names=NAMES).low < 1


def test_a_difference_is_paired():
    found = paired_difference([wrong_at(1)], wrong_at(1, 2, 3), LABELS)
    assert found.difference == pytest.approx(0.02)
    assert found.low < 0.02 < found.high


def test_one_text_says_nothing_of_the_others():
    right, label = np.array([1]), np.array([1])
    assert accuracy_of([right] * 3, label, names=NAMES).low == 0.0
    found = paired_difference([right], right, label)
    assert (found.low, found.high) == (-1.0, 1.0)


def test_the_landmark_is_the_nearest_in_size():
    assert nearest_landmark(15_000_000).name == "TinyBERT-4"
    assert nearest_landmark(10**9).name == "BERT-large"
    assert bert_blueprint({"model_type": "gpt2"}) is None


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_our_curves(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    target = Loggers(("tensorboard",), tmp_path, "run", {"seeds": 1}, pytest.fail)
    for step in (1, 2, 3):
        target.scalar("reviews/loss", step, 1 / step)
    target.close()
    events = EventAccumulator(str(tmp_path / loggers.FOLDER)).Reload()
    assert [e.step for e in events.Scalars("reviews/loss")] == [1, 2, 3]


def test_mlflow_wandb_and_trackio_hear_through_their_own_interfaces(tmp_path, monkeypatch):
    heard = []
    mlflow = ModuleType("mlflow")
    mlflow.start_run = lambda run_name: heard.append(("start", run_name))
    mlflow.log_params = lambda values: heard.append(("params", values))
    mlflow.log_metric = lambda name, value, step: heard.append((name, value, step))
    mlflow.end_run = lambda: heard.append("end")
    run = SimpleNamespace(
        define_metric=lambda name, step_metric: heard.append((name, step_metric)),
        log=lambda values: heard.append(values),
        finish=lambda: heard.append("finish"),
    )
    wandb = ModuleType("wandb")
    wandb.init = lambda name, config, dir: heard.append((name, config)) or run
    trackio = ModuleType("trackio")
    tracked = SimpleNamespace(
        log=lambda values, step: heard.append((step, values)), finish=lambda: heard.append("done")
    )
    trackio.init = lambda project, name, config: heard.append((project, name, config)) or tracked
    monkeypatch.setitem(sys.modules, "trackio", trackio)
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    target = Loggers(("mlflow", "wandb", "trackio"), tmp_path, "run", {"seeds": 1}, pytest.fail)
    target.scalar("a/loss", 1, 0.5)
    target.close()
    assert heard == [
        ("start", "run"),
        ("params", {"seeds": "1"}),
        ("run", {"seeds": 1}),
        ("bort", "run", {"seeds": "1"}),
        ("a/loss", 0.5, 1),
        ("a/*", "a/step"),
        {"a/loss": 0.5, "a/step": 1},
        (1, {"a/loss": 0.5}),
        "end",
        "finish",
        "done",
    ]


def test_a_logger_that_fails_never_stops_a_training(tmp_path, monkeypatch):
    def broken(*given):
        raise ConnectionError("nobody answers\nsecond line")

    monkeypatch.setitem(loggers._MAKERS, "mlflow", broken)
    failed = []
    target = Loggers(("mlflow",), tmp_path, "run", {}, lambda *failure: failed.append(failure))
    target.scalar("a", 1, 1.0)
    target.close()
    assert [(name, type(error)) for name, error in failed] == [("mlflow", ConnectionError)]


def test_a_logger_that_is_not_installed_is_refused(monkeypatch):
    monkeypatch.setattr(loggers, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install wandb"):
        check_loggers(["wandb"])
    assert loggers.default_loggers() == ()
