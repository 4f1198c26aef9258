"""What the page Models shows of a model's mistakes, with 2 classes and with 77."""

import csv
from html import escape
from pathlib import Path

import numpy as np
import pytest
import tiny
from made_up_models import add_model, wrong_answers
from made_up_study import fill
from visits import Open, drawn, shown

from bort.core.study import TaskSpec
from bort.figures.mistakes import plot_calibration, plot_confusion
from bort.finetuning.calibration import calibration_of
from bort.finetuning.mistakes import confusion_of
from bort.report import mistakes as words
from bort.storage import Store
from bort.studies.answers import read_answer

HOSTILE = "<b>Bad</b> ![x](http://outside.example/x.png)"


@pytest.fixture
def pick(store: Store) -> str:
    fill(store, "reviews", budget=8)
    return read_answer(store, "reviews").front[0].id


def test_two_classes_have_a_matrix_and_texts_to_filter(
    store: Store, visit: Open, pick: str, tmp_path: Path
) -> None:
    task = TaskSpec(task=str(tiny.write_task(tmp_path / "reviews.csv", rows=300)))
    realised, evidence = wrong_answers(task)
    add_model(store, "good", "reviews", pick, more_evidence=evidence, **realised)
    app = visit("models")
    assert not app.exception
    assert drawn(app) == 2, "confusion and calibration; its task has no front"
    assert "expected calibration error on" in shown(app)
    assert "The audit texts stay unread" in shown(app)
    table = app.dataframe[-1].value
    assert list(table.columns) == ["score", "answer", "class", "text"]
    assert table["score"].is_monotonic_decreasing
    everything = len(table)
    app.selectbox[0].select_index(1).run()  # the class
    assert 0 < len(app.dataframe[-1].value) < everything
    assert set(app.dataframe[-1].value["class"]) == {"bad"}


def test_77_classes_have_their_most_confused_pairs_first(
    store: Store, visit: Open, pick: str, tmp_path: Path
) -> None:
    names = [HOSTILE, *(f"a_rather_long_name_of_the_class_{n:02}" for n in range(76))]
    with (tmp_path / "many.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        for i in range(77 * 14):
            word = "".join(chr(97 + int(digit)) for digit in f"{i:05}")
            rows.writerow((f"{HOSTILE} {word} {word[::-1]}{i % 77}", names[i % 77]))
    realised, evidence = wrong_answers(TaskSpec(task=str(tmp_path / "many.csv")))
    add_model(store, "many", "reviews", pick, more_evidence=evidence, **realised)
    app = visit("models")
    assert not app.exception
    assert drawn(app) == 1, "calibration"
    pairs = app.dataframe[-2].value
    assert list(pairs.columns) == ["texts", "of the class (%)", "class", "answer"]
    assert pairs["texts"].is_monotonic_decreasing
    assert app.dataframe[-1].value["text"].str.startswith("<b>").all()
    assert "<b>Bad" not in shown(app)


def test_an_older_model_and_a_missing_file_say_what_to_do(
    store: Store, visit: Open, pick: str, tmp_path: Path
) -> None:
    add_model(store, "old", "reviews", pick)
    assert escape(words.NOT_KEPT) in shown(visit("models"))
    file = tiny.write_task(tmp_path / "reviews.csv", rows=300)
    realised, evidence = wrong_answers(TaskSpec(task=str(file)))
    add_model(store, "good", "reviews", pick, more_evidence=evidence, **realised)
    file.unlink()
    app = visit("models", model="good")
    assert not app.exception
    assert "reviews.csv" in shown(app)
    assert "expected calibration error on" in shown(app)
    damaged = {**realised, "confusion": {"pairs": [[0, 7, 1]]}}
    add_model(store, "damaged", "reviews", pick, more_evidence=evidence, **damaged)
    app = visit("models", model="good")
    assert not app.exception
    assert "has mistakes of a class that it does not name" in shown(app)


def test_the_figures_show_the_counts() -> None:
    labels, answers = np.array([0, 0, 0, 1, 1]), np.array([0, 1, 1, 1, 0])
    matrix, texts = plot_confusion(confusion_of(labels, answers), ["no", HOSTILE]).data
    assert list(zip(texts.x, texts.y, texts.text, strict=True)) == [
        (0, 0, "1"),
        (1, 0, "2"),
        (0, 1, "1"),
        (1, 1, "1"),
    ]
    assert matrix.z[0].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert "<b>Bad" not in str(matrix)
    scores = np.repeat([0.6, 0.9], 50)
    diagonal, line = plot_calibration(calibration_of(scores, np.arange(100) % 2 == 0)).data
    assert list(line.x) == pytest.approx([60, 90])
    assert list(line.y) == pytest.approx([50, 50])
    assert list(diagonal.x) == list(diagonal.y)
