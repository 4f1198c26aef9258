"""A person's own split, and conditions on the rows of a file."""

import csv

import pandas as pd
import pytest

from bort.core.errors import InvalidDataError, InvalidFieldError
from bort.core.kinds import Condition, Conditions
from bort.core.study import TaskSpec
from bort.tasks import DataFlaw, DataWarning, load_task

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]


def text_of(number):
    """A text that resembles no other one."""
    return " ".join(
        WORDS[(number * step + step) % len(WORDS)] + str(number) for step in range(1, 7)
    )


@pytest.fixture
def write(tmp_path):
    def written(rows, header=("text", "label", "part")):
        path = tmp_path / "own.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        return str(path)

    return written


def parts(*named):
    """Rows of distinct texts: `("train", 30)` is thirty rows of that part."""
    found = []
    for part, count in named:
        found += [(text_of(len(found) + i), "ab"[i % 2], part) for i in range(count)]
    return found


@pytest.mark.parametrize("dev", ["dev", "Validation", "val", "valid"])
@pytest.mark.parametrize("audit", ["test", "audit", " TEST "])
def test_usual_names_of_a_split_are_understood(write, dev, audit):
    path = write(parts(("train", 30), (dev, 10), (audit, 12)))
    task = load_task(TaskSpec(task=path, split_column="part"))
    assert (len(task.train), len(task.dev), len(task.audit)) == (30, 10, 12)


def test_rows_of_other_parts_are_left_out_and_named(write):
    path = write(parts(("train", 30), ("dev", 10), ("test", 12), ("spare", 5)))
    task = load_task(TaskSpec(task=path, split_column="part"))
    assert task.report.rows.rows_used == 52
    assert task.report.rows.dropped == {"part 'spare'": 5}
    assert task.warnings == (DataWarning(DataFlaw.PARTS_LEFT_OUT, rows=5, classes=("'spare'",)),)


def test_a_blank_row_belongs_to_no_part(write):
    path = write([*parts(("train", 30)), ("", "", ""), *parts(("train", 60))[30:]])
    task = load_task(TaskSpec(task=path, split_column="part"))
    assert task.report.rows.other_parts == {}
    assert task.report.rows.dropped == {"neither text nor label": 1}


def test_a_missing_split_is_drawn_from_the_training_rows(write):
    path = write(parts(("train", 40), ("test", 12)))
    task = load_task(TaskSpec(task=path, split_column="part"))
    assert len(task.audit) == 12
    assert len(task.dev) > 0
    assert len(task.train) + len(task.dev) == 40
    assert task.warnings == (DataWarning(DataFlaw.SPLIT_DRAWN, split="dev"),)


def test_near_duplicates_across_an_own_split_stay_and_are_counted(write):
    rows = parts(("train", 30), ("dev", 10), ("test", 12))
    rows += [(rows[0][0] + "!", "a", "test"), (rows[1][0].upper(), "b", "dev")]
    task = load_task(TaskSpec(task=write(rows), split_column="part"))
    assert (len(task.train), len(task.dev), len(task.audit)) == (30, 11, 13)
    assert task.report.shared_with_other_split == {"dev": 1, "audit": 1}


def test_a_column_without_train_names_what_it_contains(write):
    path = write(parts(("north", 30), ("south", 10)))
    with pytest.raises(InvalidDataError, match=r"called train; it contains 'north' \(30\)"):
        load_task(TaskSpec(task=path, split_column="part"))


@pytest.mark.parametrize(
    ("where", "used"),
    [
        (("part=train",), 30),
        (("part=train", "part=dev"), 40),
        (("part!=test",), 40),
        (("part!=test", "part!=dev"), 30),
        (("part=train", "text!=x"), 30),
        (("part = train ",), 30),
    ],
)
def test_conditions_choose_rows(write, where, used):
    path = write(parts(("train", 30), ("dev", 10), ("test", 12)))
    report = load_task(TaskSpec(task=path, where=where)).report.rows
    assert (report.rows_used, report.rows_read) == (used, 52)


def test_a_condition_that_no_row_meets_says_what_the_column_contains(write):
    path = write(parts(("train", 30), ("dev", 10)))
    with pytest.raises(InvalidDataError, match=r"no row meets part=x.*'train' \(30\)"):
        load_task(TaskSpec(task=path, where=("part=x",)))


def test_the_column_that_no_row_meets_is_named(write):
    path = write(parts(("train", 30), ("dev", 10)))
    with pytest.raises(InvalidDataError, match=r"no row meets text=x; the column 'text'"):
        load_task(TaskSpec(task=path, where=("part=dev", "text=x")))
    with pytest.raises(
        InvalidDataError, match=r"none of the rows that meet the other conditions meets"
    ):
        load_task(TaskSpec(task=path, where=("part=dev", f"text={text_of(0)}")))


def test_truth_values_and_whole_numbers_are_met_however_they_are_stored(tmp_path):
    rows = [
        {"text": text_of(i), "label": "ab"[i % 2], "flag": i % 4 < 2, "fold": float(i % 4 < 2)}
        for i in range(81)
    ]
    rows[80]["fold"] = None
    path = tmp_path / "own.parquet"
    pd.DataFrame(rows).to_parquet(path)
    for where, used in ((("flag=true",), 41), (("flag=True",), 41), (("fold=1",), 40)):
        assert load_task(TaskSpec(task=str(path), where=where)).report.rows.rows_used == used


def test_a_whole_number_with_zeros_is_the_number(tmp_path):
    rows = [{"text": text_of(i), "label": "ab"[i % 2], "stars": f"{i % 5}.0"} for i in range(100)]
    path = str(tmp_path / "own.csv")
    pd.DataFrame(rows).to_csv(path, index=False)
    for where, used in (("stars!=4", 80), ("stars=4", 20), ("stars=4.0", 20)):
        assert load_task(TaskSpec(task=path, where=(where,))).report.rows.rows_used == used


def test_an_own_split_that_cannot_serve_says_why(write):
    rows = parts(("train", 30), ("dev", 10), ("test", 12))
    one = [(text, "a" if part == "train" else label, part) for text, label, part in rows]
    with pytest.raises(InvalidDataError, match="training rows of your split have only one class"):
        load_task(TaskSpec(task=write(one), split_column="part"))
    blank = [(text, "" if part == "train" else label, part) for text, label, part in rows]
    with pytest.raises(InvalidDataError, match="no row of the train split has a text and a label"):
        load_task(TaskSpec(task=write(blank), split_column="part"))


@pytest.mark.parametrize("options", [{"where": ("part=x",)}, {"split_column": "part"}])
def test_only_files_have_columns_to_choose_by(options):
    with pytest.raises(InvalidFieldError, match="is not a file"):
        load_task(TaskSpec(task="movie-reviews", **options))


def test_a_missing_column_is_named(write):
    path = write(parts(("train", 30)))
    with pytest.raises(InvalidDataError, match="no column 'piece'"):
        load_task(TaskSpec(task=path, where=("piece=x",)))


@pytest.mark.parametrize(
    "value", [("a=b",), ("a=b", "c!=d"), ('city=Paris, "France"', "a=b"), ("a!=b=c",)]
)
def test_conditions_are_read_as_they_are_written(value):
    kind = Conditions()
    assert kind.allows(value)
    assert kind.parse(kind.format(value)) == value


@pytest.mark.parametrize("text", ["a", "=b", "!=b", 'a=b,"c'])
def test_text_that_is_no_condition_is_refused(text):
    with pytest.raises(InvalidFieldError):
        TaskSpec(task="x.csv", where=_parsed(text))


def _parsed(text):
    try:
        return Conditions().parse(text)
    except ValueError:
        return (text,) if "=" not in text else ("=",)


def test_a_value_may_contain_an_equals_sign():
    assert Condition.parse("a=b=c") == ("a", "b=c", True)
