"""What a model gets wrong: confusion, calibration and its interval, the texts of its mistakes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
from made_up_models import evidence_row, wrong_answers

from bort.core.errors import InvalidDataError
from bort.core.serialise import from_json
from bort.core.study import TaskSpec
from bort.finetuning.calibration import Bin, Calibration, calibration_of
from bort.finetuning.mistaken_texts import matching, mistaken_texts, rows_of_texts
from bort.finetuning.mistakes import MOST_KEPT, Confusion, Mistakes, confusion_of, mistakes_of
from bort.finetuning.realised import Evidence
from bort.report import mistakes as words
from bort.tasks import load_task

RNG = np.random.default_rng(0)


def test_a_confusion_counts_every_text_once():
    labels, answers = RNG.integers(0, 5, 400), RNG.integers(0, 5, 400)
    found = confusion_of(labels, answers)
    matrix = found.matrix(5)
    for i in range(5):
        for j in range(5):
            assert matrix[i, j] == ((labels == i) & (answers == j)).sum()
        assert found.of_class(i) == (labels == i).sum()
    counts = [pair.texts for pair in found.mistaken()]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == (labels != answers).sum()


def test_the_calibration_error_is_that_of_its_definition():
    scores = np.repeat([0.6, 0.8, 0.95], [100, 100, 100])
    is_right = np.concatenate([np.arange(100) < n for n in (60, 70, 99)])
    found = calibration_of(scores, is_right)
    assert [(one.n, one.right) for one in found.bins] == [(100, 60), (100, 70), (100, 99)]
    assert found.error == pytest.approx((0 + 0.1 + 0.04) / 3)
    assert found.excess == pytest.approx((0.6 + 0.8 + 0.95) / 3 - (0.6 + 0.7 + 0.99) / 3)
    low, high = found.interval
    assert 0 <= low < found.error < high < 0.15


@pytest.mark.parametrize("shift", [0.0, 0.03, 0.15])
@pytest.mark.parametrize("n", [60, 300, 1500])
def test_the_interval_holds_the_true_error(shift, n):
    """In many drawn samples, the error of the same bins on endless texts is in the interval."""
    rng = np.random.default_rng(n)
    inside = 0
    for _ in range(300):
        scores = rng.beta(6, 2, n) / 2 + 0.5
        chances = np.clip(scores - shift, 0, 1)
        found = calibration_of(scores, rng.random(n) < chances)
        # The bins depend on the scores alone, so chances put in for answers give the true error.
        cuts = np.cumsum([one.n for one in found.bins])[:-1]
        gaps = np.split((chances - scores)[np.argsort(scores, kind="stable")], cuts)
        true = sum(abs(group.sum()) for group in gaps) / n
        low, high = found.interval
        inside += low <= true <= high
    assert inside >= 0.95 * 300


def test_a_model_that_is_as_right_as_its_scores_is_not_accused():
    scores = RNG.uniform(0.5, 1, 2000)
    fair = calibration_of(scores, RNG.random(2000) < scores)
    assert fair.interval[0] == 0
    assert "Chance alone can explain that." in words.calibration_sentence(fair)
    sure = calibration_of(np.full(2000, 0.99), np.arange(2000) < 1600)
    assert sure.interval[0] > 0.1
    assert len(sure.bins) == 1
    assert "too sure of itself" in words.calibration_sentence(sure)
    shy = calibration_of(np.full(2000, 0.6), np.arange(2000) < 1600)
    assert "not sure enough" in words.calibration_sentence(shy)


def test_the_most_confident_mistakes_are_kept():
    n = 3 * MOST_KEPT
    labels, scores = np.zeros(n, dtype=np.int64), RNG.random(n)
    answers = (np.arange(n) % 2).astype(np.int64)
    found = mistakes_of(labels, answers, scores, digest="x")
    assert found.count == n // 2
    assert len(found.kept) == MOST_KEPT
    kept = [one.score for one in found.kept]
    assert kept == sorted(kept, reverse=True)
    assert min(kept) >= np.sort(scores[1::2])[-MOST_KEPT]
    assert all(answers[one.row] == one.answer != one.true for one in found.kept)


@pytest.fixture
def evidence(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    task = TaskSpec(task=str(tiny.write_task(tmp_path / "reviews.csv", rows=300)))
    _, more = wrong_answers(task)
    row = evidence_row({})
    content = {**row, **more, "data": row["data"] | more["data"]}
    return from_json(Evidence, content, what="the evidence")


def test_the_texts_are_those_of_the_task(evidence):
    task = load_task(TaskSpec.from_dict(evidence.data.task_spec))
    texts = mistaken_texts(evidence)
    assert len(texts) == evidence.mistakes.count > 3
    lines = Path(task.name).read_text("utf-8").splitlines()[1:]
    places = rows_of_texts(evidence)
    for one, text in texts:
        assert [number for number, line in enumerate(lines, 1) if text[0] in line] == places[text]
        assert text == (task.dev.texts[one.row],)
        assert one.true == task.dev.labels[one.row] != one.answer
    of_bad = matching(texts, 0, None)
    assert {one.mistake.true for one in of_bad} == {0}
    assert matching(of_bad, None, 0) == []
    assert matching(texts, None, None) == texts


def test_texts_that_have_changed_are_not_shown(evidence, tmp_path):
    other = TaskSpec(task=str(tiny.write_task(tmp_path / "other.csv", rows=300, seed=1)))
    moved = replace(evidence, data=replace(evidence.data, task_spec=other.to_dict()))
    with pytest.raises(InvalidDataError, match="has changed since the model was trained"):
        mistaken_texts(moved)
    named = replace(evidence.data, task_spec={"task": "tweets"})
    with pytest.raises(InvalidDataError, match="bort data prepare tweets"):
        mistaken_texts(replace(evidence, data=named))
    hub = replace(evidence.data, task_spec={"task": "hub:nobody/nothing"})
    with pytest.raises(InvalidDataError, match="read from the hub"):
        mistaken_texts(replace(evidence, data=hub), from_hub=False)
    assert mistaken_texts(replace(evidence, mistakes=None)) == []


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (Calibration, {"bins": []}),
        (Calibration, {"bins": [{"n": 0, "right": 0, "score": 0.5}]}),
        (Calibration, {"bins": [{"n": 2, "right": 3, "score": 0.5}]}),
        (Confusion, {"pairs": [[0, -1, 3]]}),
        (Mistakes, {"count": 1, "kept": [[-1, 0, 1, 0.5]], "digest": ""}),
        (Mistakes, {"count": 1, "kept": [[1, 0, 1, 1.5]], "digest": ""}),
    ],
)
def test_damaged_records_are_refused(kind, content):
    with pytest.raises(InvalidDataError, match="the record cannot be read"):
        from_json(kind, content, what="the record")


def test_the_most_confused_classes_are_named():
    names = [f"class {number}" for number in range(4)]
    found = confusion_of(np.array([0, 0, 0, 1, 2, 3]), np.array([0, 2, 2, 1, 3, 3]))
    rows = words.pair_rows(found, names)
    assert rows[0] == ("class 0", "class 2", 2, pytest.approx(2 / 3))
    said = words.confusion_sentence(found, names)
    assert "answers 3 of 6 audit texts wrongly" in said
    assert "2 texts of the class class 0 (66.7%), answered with class 2." in said
    perfect = confusion_of(np.array([0, 1]), np.array([0, 1]))
    assert words.confusion_sentence(perfect, names) == "It answers all 2 audit texts rightly."
    one = Calibration((Bin(n=10, right=5, score=0.5),))
    assert "in 1 group by score" in words.calibration_sentence(one)
