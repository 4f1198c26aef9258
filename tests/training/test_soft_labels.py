"""A file of soft labels as the teacher: what is read, what is refused, what candidates learn."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny

from bort.core.baseline import ENOUGH, Method, OracleFacts
from bort.core.errors import InvalidDataError, UselessTeacherError
from bort.core.serialise import from_json, to_json
from bort.core.study import TaskSpec, TrainingSpec
from bort.report.baselines import teacher_error, teacher_sentence
from bort.tasks import load_task
from bort.training.oracle import ErrorOracle
from bort.training.soft_labels import coverage_of, read_soft_labels


@pytest.fixture
def oracle(place, task, space):
    def build(teacher, **spec):
        given = {"steps": 15, "source": str(place / "source"), "device": "cpu", "threads": 1}
        training = TrainingSpec(**{**given, **spec}, teacher=str(teacher))
        return ErrorOracle(task, training, space, seed=3)

    return build


def table(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


def rows_of(task, n=60):
    return list(task.train.texts[:n])


def test_a_file_that_answers_all_texts_is_the_teacher(oracle, task, tmp_path):
    found = oracle(tiny.write_answers(tmp_path / "all.parquet", task))
    assert found.teacher.methods == (Method.FILE,)
    assert np.allclose(found.teacher.probabilities("train").max(1), 0.9)
    facts = found.describe()
    assert facts.teacher_dev_error == 0
    assert facts.coverage.covered == facts.coverage.texts
    assert facts.coverage.judged_on == "dev"
    assert from_json(OracleFacts, json.loads(json.dumps(to_json(facts))), what="facts") == facts
    assert "error 0.0%" in teacher_error(facts)
    assert "420 of 420 training" in teacher_sentence(facts)


def test_its_probabilities_decide_what_candidates_learn(oracle, task, tmp_path, space):
    sure = oracle(tiny.write_answers(tmp_path / "sure.parquet", task, sure=0.99))
    unsure = oracle(tiny.write_answers(tmp_path / "unsure.parquet", task, sure=0.6))
    small = space.architecture(0)
    losses = [one.train(small, 3).losses for one in (sure, unsure)]
    assert losses[0] != losses[1]
    assert sure.teacher.digest != unsure.teacher.digest


def test_texts_without_an_answer_teach_their_true_labels(oracle, task, tmp_path):
    path = tiny.write_answers(tmp_path / "part.parquet", task, splits=("train",), share=0.5)
    teacher = oracle(path).teacher
    half = round(0.5 * len(task.train))
    soft = teacher.probabilities("train")
    assert np.allclose(soft[:half].max(1), 0.9)
    assert np.allclose(soft[half:], np.eye(2)[task.train.labels[half:]], atol=1e-9)
    warm = teacher.probabilities("train", temperature=4.0)
    assert warm[half:].max(1).min() > 0.999  # a true label stays one
    assert warm[:half].max(1).max() < 0.8


def test_without_dev_answers_it_is_judged_by_training_texts(oracle, task, tmp_path):
    path = tiny.write_answers(tmp_path / "train.parquet", task, splits=("train",), share=0.5)
    facts = oracle(path).describe()
    assert facts.teacher_dev_error is None
    assert facts.coverage.judged_on == "train"
    assert facts.teachers[0].n == facts.coverage.covered["train"] == len(task.train) // 2
    assert "on the 210 training texts that it answers" in teacher_error(facts)
    assert "judged by the training texts" in teacher_sentence(facts)


@pytest.mark.parametrize(
    ("splits", "told"),
    [(("train", "dev"), "dev texts wrong"), (("train",), "training texts wrong")],
)
def test_columns_with_each_others_names_stop_before_the_first_candidate(
    oracle, task, tmp_path, splits, told
):
    path = tiny.write_answers(tmp_path / "turned.parquet", task, splits=splits, turned=True)
    with pytest.raises(UselessTeacherError, match=rf"{told}.*the names of its columns"):
        oracle(path)


def test_answers_near_chance_stop_before_the_first_candidate(oracle, task, tmp_path):
    texts = [text for name in ("train", "dev") for text in getattr(task, name).texts]
    path = table(
        tmp_path / "same.parquet", text=texts, bad=[0.6] * len(texts), good=[0.4] * len(texts)
    )
    with pytest.raises(UselessTeacherError, match="belong to its texts, or leave --teacher out"):
        oracle(path)


def test_too_few_answered_training_texts_are_refused_with_the_counts(task, tmp_path):
    path = tiny.write_answers(tmp_path / "dev.parquet", task, splits=("dev",))
    with pytest.raises(
        InvalidDataError, match=rf"answers 0 of the 420 training texts \(and 90 of 90 dev.*{ENOUGH}"
    ):
        coverage_of(read_soft_labels(str(path), task), task)


def test_texts_are_cleaned_as_the_tasks_are_and_repeated_rows_averaged(task, tmp_path):
    texts = rows_of(task)
    path = table(
        tmp_path / "a.parquet",
        review=[f"  {text}\n" for text in texts] * 2,
        good=[0.5] * 60 + [0.7] * 60,
        bad=[0.5] * 60 + [0.3] * 60,
    )
    found = read_soft_labels(str(path), task)
    assert found.covers(task.train)[:60].all()
    assert np.allclose(found.answers(task.train)[:60], [0.4, 0.6])


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".tsv"])
def test_other_kinds_of_files_are_read_as_well(task, tmp_path, ending):
    path = tmp_path / f"answers{ending}"
    rows = [{"text": text, "bad": 0.25, "good": 0.75} for text in rows_of(task)]
    with path.open("w", newline="", encoding="utf-8") as file:
        if ending == ".jsonl":
            file.writelines(json.dumps(row) + "\n" for row in rows)
        else:
            writer = csv.DictWriter(
                file, rows[0], delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n"
            )
            writer.writeheader()
            writer.writerows(rows)
    found = read_soft_labels(str(path), task)
    assert np.allclose(found.answers(task.train)[:60], [0.25, 0.75])


def test_pairs_are_matched_by_both_texts(place, tmp_path):
    with (place / "reviews.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    with (tmp_path / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "label"])
        writer.writerows([text[:20], text[20:], label] for text, label in rows)
    task = load_task(TaskSpec(task=str(tmp_path / "pairs.csv"), text=("a", "b")))
    path = table(
        tmp_path / "answers.parquet",
        a=list(task.train.texts),
        b=list(task.train.pairs),
        bad=[0.5] * len(task.train),
        good=[0.5] * len(task.train),
    )
    assert read_soft_labels(str(path), task).covers(task.train).all()
    swapped = table(
        tmp_path / "swapped.parquet",
        b=list(task.train.pairs),
        a=list(task.train.texts),
        bad=[0.5] * len(task.train),
        good=[0.5] * len(task.train),
    )
    assert not read_soft_labels(str(swapped), task).covers(task.train).any()


def test_rounded_probabilities_are_made_to_sum_to_one(task, tmp_path):
    path = table(tmp_path / "a.parquet", text=rows_of(task), bad=[0.333] * 60, good=[0.666] * 60)
    found = read_soft_labels(str(path), task)
    assert np.allclose(found.answers(task.train)[:60].sum(1), 1, atol=1e-6)


BROKEN = {
    "negative": ({"bad": -0.1, "good": 1.1}, r"row 3: the probability of 'bad' is '-0.1'"),
    "not a number": ({"bad": float("nan"), "good": 1.0}, r"row 3: the probability of 'bad'"),
    "missing": ({"bad": None, "good": 1.0}, r"row 3: the probability of 'bad' is 'None'"),
    "infinite": ({"bad": float("inf"), "good": 1.0}, r"row 3: .*write a number from 0 to 1"),
    "all zero": (
        {"bad": 0.0, "good": 0.0},
        r"row 3: the probabilities sum to 0, but must sum to 1",
    ),
    "percent": ({"bad": 20.0, "good": 80.0}, r"row 3: the probabilities sum to 100, but"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_rows_that_are_no_probabilities_are_refused_by_number(task, tmp_path, kind):
    broken, told = BROKEN[kind]
    columns = {"bad": [0.5] * 60, "good": [0.5] * 60}
    for name, value in broken.items():
        columns[name][2] = value
    path = table(tmp_path / "a.parquet", text=rows_of(task), **columns)
    with pytest.raises(InvalidDataError, match=told) as caught:
        read_soft_labels(str(path), task)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (["text", "good"], r"no column for the class 'bad', found 'text', 'good'; it needs one"),
        (["text", "good", "bad", "meh"], r"the columns 'text', 'meh' besides the classes"),
        (["good", "bad"], r"has no column besides the classes"),
        (["text", "Good", "bad"], r"no column for the class 'good'"),
    ],
)
def test_columns_that_do_not_fit_the_task_are_refused(task, tmp_path, columns, told):
    values = {c: rows_of(task) if c == "text" else [0.5] * 60 for c in columns}
    with pytest.raises(InvalidDataError, match=told):
        read_soft_labels(str(table(tmp_path / "a.parquet", **values)), task)


def test_blank_rows_are_no_answers_but_count(task, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"text,bad,good\n\n{task.train.texts[0]},0.2,0.8\n", encoding="utf-8")
    assert read_soft_labels(str(path), task).covers(task.train).sum() == 1
    path.write_text(f"text,bad,good\n\n{task.train.texts[0]},x,0.8\n", encoding="utf-8")
    with pytest.raises(
        InvalidDataError, match=r"row 2 \(line 3\): the probability of 'bad' is 'x'"
    ):
        read_soft_labels(str(path), task)


def test_a_file_without_rows_answers_nothing(task, tmp_path):
    path = table(
        tmp_path / "a.parquet",
        text=pa.array([], pa.string()),
        bad=pa.array([], pa.float64()),
        good=pa.array([], pa.float64()),
    )
    with pytest.raises(InvalidDataError, match="answers 0 of the 420 training texts"):
        coverage_of(read_soft_labels(str(path), task), task)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("none.parquet", None, "there is no file .*none.parquet"),
        ("bad.parquet", b"no parquet at all", "not a readable Parquet file"),
        ("empty.csv", b"\n", "is empty"),
        ("twice.csv", b"text,bad,bad\na,1,0\n", "'bad' appears twice.*a name of its own"),
    ],
)
def test_files_that_cannot_be_read_are_refused(task, tmp_path, name, content, told):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidDataError, match=told):
        read_soft_labels(str(tmp_path / name), task)
