"""Rivals of a tiny task: made, read again from their files, stopped and continued."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tiny
from click.testing import CliRunner

from bort.cli.rivals import rivals
from bort.core.errors import InvalidDataError, MissingExtraError, WorkerError
from bort.core.files import read_json
from bort.core.progress import Progress
from bort.core.rivals import RivalKind, RivalsSpec
from bort.core.study import TaskSpec, TrainingSpec
from bort.jobs.kinds import rivals as job
from bort.jobs.kinds import trainings
from bort.latency.protocol import Protocol
from bort.latency.timing import Instruments
from bort.report.jobs import worker_lines
from bort.rivals import bags, comparing, contrast, networks, request, rival
from bort.rivals.memory import peak_memory
from bort.rivals.opening import MODEL, opened
from bort.rivals.rival import dev_error, size_of
from bort.tasks import load_task
from bort.training.execution import TrainingStoppedError, training_threads
from bort.training.fine_tuning import seconds_of
from bort.training.model_files import load_classifier
from bort.training.teacher import own_teacher

QUICK = Protocol(timed_runs=1, warm_up_runs=1, budget_seconds=0.1, min_rounds=3, max_rounds=3)
CHEAP = (RivalKind.TFIDF, RivalKind.FASTTEXT)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tiny.write_all(tmp_path_factory.mktemp("rivals"))
    with pytest.MonkeyPatch.context() as patch:
        tiny.use_home(patch, folder, lock=folder)
        yield folder


@pytest.fixture(scope="module")
def task(place):
    return load_task(TaskSpec(task=str(place / "reviews.csv")))


@pytest.fixture(scope="module")
def training(place):
    return TrainingSpec(source=str(place / "source"))


@pytest.fixture(scope="module")
def making(task, training):
    return comparing.making_of(task, training)


@pytest.fixture(autouse=True)
def few_pairs(monkeypatch):
    """Let SetFit learn from two pairs for each text, instead of forty."""
    monkeypatch.setattr(contrast, "PAIRS_PER_TEXT", 2)


@pytest.mark.parametrize("kind", [kind for kind in RivalKind if kind is not RivalKind.SETFIT])
def test_a_rival_learns_the_task_and_needs_only_its_files(kind, making, task):
    folder = comparing.made(kind, making)
    classify = opened(kind, folder)
    # Words decide the labels, so all but the vectors of another vocabulary learn them well.
    assert dev_error(classify, task) < 0.2
    assert classify(["a lovely film"]).shape == (1,)
    assert size_of(folder) > 0


def test_the_onnx_file_answers_as_the_fine_tuned_network(making, task):
    classify = opened(RivalKind.SOURCE, comparing.made(RivalKind.SOURCE, making))
    teacher = own_teacher(making.context)
    model = load_classifier(teacher.folder, "teacher")
    answers = making.context.network(teacher.folder, "teacher")
    logits = answers(task.dev.texts, making.context.encoded.splits["dev"])
    assert model.config.num_hidden_layers == 2
    assert np.mean(classify(task.dev.texts) == logits.argmax(1)) > 0.98


def test_fasttext_reads_the_texts_in_a_random_order(making, task, tmp_path, monkeypatch):
    import fasttext

    train, read = fasttext.train_supervised, []

    def reading(file, **options):
        read.append([line.split()[0] for line in Path(file).read_text().splitlines()])
        return train(file, **options)

    monkeypatch.setattr(fasttext, "train_supervised", reading)
    order = np.argsort(task.train.labels, kind="stable")
    by_class = replace(
        task.train,
        texts=tuple(task.train.texts[place] for place in order),
        labels=task.train.labels[order],
    )
    context = replace(making.context, task=replace(task, train=by_class))
    bags.make_fasttext(replace(making, context=context), tmp_path)
    labels = read[0]
    assert sorted(labels) == sorted(f"__label__{label}" for label in task.train.labels)
    changes = sum(a != b for a, b in pairwise(labels))
    assert changes > len(labels) / 4  # half of them in a random order, one if sorted by class


def test_the_onnx_file_answers_as_setfit_does(making, task, monkeypatch):
    trained, models = contrast._trained, []

    def kept(*given):
        models.append(trained(*given))
        return models[-1]

    monkeypatch.setattr(rival, "RECIPE", 1002)
    monkeypatch.setattr(contrast, "_trained", kept)
    steps = []
    telling = replace(making, context=replace(making.context, on_step=steps.append))
    classify = opened(RivalKind.SETFIT, comparing.made(RivalKind.SETFIT, telling))
    texts = list(task.dev.texts)
    assert np.array_equal(classify(texts), models[0].predict(texts, as_numpy=True))
    assert dev_error(classify, task) < 0.2
    wanted = -(-2 * len(task.train) // contrast.PAIRS_AT_ONCE)
    assert {step.total for step in steps} == {wanted}


def test_setfit_stops_between_two_steps(making, monkeypatch):
    monkeypatch.setattr(rival, "RECIPE", 1003)
    asked = []
    context = replace(making.context, should_stop=lambda: bool(asked.append(0)) or len(asked) > 2)
    with pytest.raises(TrainingStoppedError):
        comparing.made(RivalKind.SETFIT, replace(making, context=context))
    assert not comparing.is_made(RivalKind.SETFIT, making)


def test_setfit_is_offered_for_few_labels_only():
    assert RivalKind.SETFIT in request.usual_kinds(TaskSpec(labelled=500))
    for task in (
        TaskSpec(),
        TaskSpec(labelled=501),
        TaskSpec(task="pairs.csv", text=("a", "b"), labelled=100),
    ):
        assert request.usual_kinds(task) == [k for k in RivalKind if k is not RivalKind.SETFIT]
    request.check_few(RivalKind.SOURCE, 10_000)
    with pytest.raises(InvalidDataError, match="at most 500 labelled texts, but the task has 501"):
        request.check_few(RivalKind.SETFIT, 501)


def test_half_of_the_layers_and_int8_make_smaller_files(making):
    sizes = {
        kind: (comparing.made(kind, making) / MODEL).stat().st_size
        for kind in (RivalKind.SOURCE, RivalKind.SOURCE_INT8, RivalKind.FEWER_LAYERS)
    }
    assert sizes[RivalKind.FEWER_LAYERS] < sizes[RivalKind.SOURCE]


def test_a_complete_rival_is_not_made_again(making, monkeypatch):
    folder = comparing.made(RivalKind.TFIDF, making)
    method = replace(comparing.METHODS[RivalKind.TFIDF], make=None)
    monkeypatch.setattr(comparing, "METHODS", {RivalKind.TFIDF: method})
    assert comparing.made(RivalKind.TFIDF, making) == folder


def test_a_rival_that_was_interrupted_leaves_nothing_half_made(making, monkeypatch, task):
    def broken(making, folder):
        (folder / "half").write_text("x")
        raise KeyboardInterrupt

    method = replace(comparing.METHODS[RivalKind.TFIDF], make=broken)
    monkeypatch.setattr(comparing, "METHODS", {RivalKind.TFIDF: method})
    monkeypatch.setattr(rival, "RECIPE", 1000)
    before = set(making.shared.iterdir())
    with pytest.raises(KeyboardInterrupt):
        comparing.made(RivalKind.TFIDF, making)
    assert {p.suffix for p in set(making.shared.iterdir()) - before} <= {".lock"}


def test_a_comparison_times_all_in_turns(task, training, tmp_path):
    found = comparing.compare(
        task,
        CHEAP,
        (),
        training,
        work=tmp_path,
        instruments=Instruments(protocol=QUICK, paces=None),
    )
    assert [row.name for row in found.rows] == list(CHEAP)
    for row in found.rows:
        assert row.low <= row.accuracy <= row.high
        assert row.latency["1"].median_ms > 0
        assert not row.verdicts
    assert found.texts == len(task.audit)


def test_memory_is_that_of_a_process_that_only_classifies(making, task, tmp_path):
    texts = task.audit.texts
    tfidf, fasttext = (
        peak_memory(kind, comparing.made(kind, making), texts)
        for kind in (RivalKind.TFIDF, RivalKind.FASTTEXT)
    )
    assert 10e6 < fasttext < 300e6  # no torch, which takes more than that
    assert tfidf > fasttext + 30e6  # scikit-learn and scipy
    with pytest.raises(WorkerError, match="memory of source was not measured"):
        peak_memory(RivalKind.SOURCE, tmp_path, texts)


def test_fine_tuning_counts_for_every_rival_that_needs_it(making):
    tuned = seconds_of(own_teacher(making.context).folder)
    assert tuned > 0
    for kind in (RivalKind.SOURCE, RivalKind.SOURCE_INT8, RivalKind.PRUNED):
        note = read_json(comparing.made(kind, making).with_suffix(".json"))
        assert note["seconds"] > tuned


def test_half_of_the_layers_is_not_trained_again_after_a_kill(making, monkeypatch):
    monkeypatch.setattr(rival, "RECIPE", 1001)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(networks, "_write", killed)
        with pytest.raises(KeyboardInterrupt):
            comparing.made(RivalKind.FEWER_LAYERS, making)
    monkeypatch.setattr(networks, "fine_tune", killed)
    assert comparing.made(RivalKind.FEWER_LAYERS, making).is_dir()
    assert not networks._half(making).exists()


def test_a_worker_makes_what_one_process_makes(task, training, place, tmp_path, monkeypatch):
    one, kind = replace(training, threads=1), RivalKind.FEWER_LAYERS
    with training_threads(1):
        here = comparing.made(kind, replace(comparing.making_of(task, one), shared=tmp_path))
    tiny.use_home(monkeypatch, tmp_path / "home", lock=place)
    monkeypatch.setattr(trainings, "training_places", lambda threads: 2)
    stopped, workers = [], []
    context = SimpleNamespace(
        spec={},
        folder=tmp_path,
        should_stop=lambda: bool(stopped),
        report_workers=workers.extend,
    )
    spec = RivalsSpec(training=one, kinds=(kind,), parallel=2)
    with job._workers(context, spec, task) as begin:
        begin(kind)(lambda: None)
        stopped.append(True)
        with pytest.raises(TrainingStoppedError):
            begin(RivalKind.FASTTEXT)(lambda: None)
    [there] = (tmp_path / "home").rglob(here.name)
    assert comparing.is_made(kind, comparing.making_of(task, one))
    for file in here.iterdir():
        assert (there / file.name).read_bytes() == file.read_bytes()
    [line] = worker_lines(Progress(workers=(workers[1],)), workers[1].since)
    assert line.endswith(": training fewer-layers, for 0 s")


def test_rivals_of_the_teacher_are_made_here_and_others_ahead(
    task, training, tmp_path, monkeypatch
):
    done = []

    def begin(kind):
        done.append(("begun", kind))
        return lambda tell: done.append(("waited", kind)) or tell()

    def make(kind, making):
        done.append(("made", kind))
        return tmp_path / kind

    kinds = (RivalKind.TFIDF, RivalKind.SOURCE, RivalKind.FASTTEXT)
    monkeypatch.setattr(comparing, "is_made", lambda kind, making: kind is RivalKind.FASTTEXT)
    monkeypatch.setattr(comparing, "made", make)
    monkeypatch.setattr(comparing, "_rival_entry", lambda kind, folder, task: None)
    monkeypatch.setattr(comparing, "_times", lambda *_: done.append("timed") or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        comparing.compare(task, kinds, (), training, work=tmp_path, begin=begin, at_once=2)
    tfidf, source, fasttext = kinds
    assert done == [
        *[("begun", tfidf), ("made", source), ("made", fasttext)],
        *[("waited", tfidf), ("made", tfidf), "timed"],
    ]


def test_stopping_keeps_what_is_complete(task, training, tmp_path):
    with pytest.raises(TrainingStoppedError):
        comparing.compare(task, CHEAP, (), training, work=tmp_path, should_stop=lambda: True)


def test_fewer_labels_than_classes_are_refused(task):
    few = replace(task, class_names=tuple(map(str, range(len(task.train) + 1))))
    with pytest.raises(InvalidDataError, match="labelled training texts"):
        comparing.check_labels(few)


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setattr(request.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"bort\[rivals\]"):
        request.check_installed(RivalKind.FASTTEXT)


def test_a_comparison_is_not_resumed_with_other_labels(place, tmp_path):
    file = tmp_path / "reviews.csv"
    text = (place / "reviews.csv").read_text()
    file.write_text(text)
    spec = RivalsSpec(
        task=TaskSpec(task=str(file)), training=TrainingSpec(source=str(place / "source"))
    )
    context = SimpleNamespace(
        spec=replace(spec, kinds=("tfidf",)).to_dict(),
        folder=tmp_path,
        store=SimpleNamespace(models=list, studies=list),
        report=lambda step: None,
        should_stop=lambda: True,
    )
    assert job.run(context) == {}
    assert job.run(context) == {}  # as a resumed job does
    head, *rows = text.splitlines()
    file.write_text("\n".join([head, *(_other_label(row) for row in rows)]) + "\n")
    with pytest.raises(InvalidDataError, match="labels have changed since this comparison began"):
        job.run(context)


def _other_label(row):
    text, label = row.rsplit(",", 1)
    return f"{text},{'bad' if label == 'good' else 'good'}"


def test_a_model_of_other_texts_is_not_compared(monkeypatch):
    oracle = SimpleNamespace(task_digest="a" * 64)
    monkeypatch.setattr(request, "evidence_of", lambda _: SimpleNamespace(oracle=oracle))
    model = SimpleNamespace(name="old")
    request.check_own_texts([model], "a" * 64)
    with pytest.raises(InvalidDataError, match="have changed since old was trained"):
        request.check_own_texts([model], "b" * 64)


def test_a_command_names_the_extra_and_the_labels_that_are_too_many(place, monkeypatch):
    asked = ["--task", str(place / "reviews.csv"), "--labelled", "501", "--rival"]
    done = CliRunner().invoke(rivals, [*asked, "setfit"])
    assert "choose fewer with --labelled 500" in str(done.exception)
    monkeypatch.setattr(request.importlib.util, "find_spec", lambda name: None)
    done = CliRunner().invoke(rivals, [*asked, "wordllama"])
    assert "needs wordllama" in str(done.exception)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--parallel", "0"), "parallel must be a whole number from 1 to 64"),
        (("--workers", "spark"), "workers must be ray, or ray:HOST:PORT"),
        (("--threads", "9999"), "9999 threads were requested"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(place, given, message):
    done = CliRunner().invoke(rivals, ["--task", str(place / "reviews.csv"), *given])
    assert message in str(done.exception)


def test_an_unknown_model_is_refused(place):
    done = CliRunner().invoke(
        rivals, ["--task", str(place / "reviews.csv"), "--model", "nobody", "--rival", "tfidf"]
    )
    assert "no model 'nobody'" in str(done.exception)
