from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bort.core.errors import BortError, InvalidDataError, UnknownTaskError
from bort.core.study import TaskSpec
from bort.report.data import data_warning
from bort.tasks import DataFlaw, DataWarning, Task, load_task

Write = Callable[[str, list[dict[str, Any]]], str]
Rows = Callable[..., list[dict[str, Any]]]


def contents(task: Task) -> set[tuple[str, str]]:
    return {
        (text, task.class_names[label])
        for split in (task.train, task.dev, task.audit)
        for text, label in zip(split.texts, split.labels, strict=True)
    }


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_every_format_gives_the_same_task(ending: str, write: Write, rows: Rows) -> None:
    data = rows(60)
    data[3]["text"] = 'a "quoted", text\nof two lines; with a tab\tand ünïcode'
    task = load_task(TaskSpec(task=write(f"data.{ending}", data)))
    assert contents(task) == {(row["text"], row["label"]) for row in data}
    assert task.class_names == ("bad", "good")
    reference = load_task(TaskSpec(task=write("reference.csv", data)))
    assert task.digest == reference.digest


def test_whole_numbers_name_classes_in_their_order(write: Write, rows: Rows) -> None:
    data = rows(120, classes=[10, 9, -1])
    for name in ("data.csv", "data.jsonl", "data.parquet"):
        assert load_task(TaskSpec(task=write(name, data))).class_names == ("-1", "9", "10")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([True, False], ("False", "True")),
        (["true", "FALSE"], ("False", "True")),
        ([1.0, 2.0, 10.0], ("1", "2", "10")),
        (["1.0", "2.00", "10"], ("1", "2", "10")),
        ([0.5, 1.0, 10.5], ("0.5", "1", "10.5")),
        (["1.10", "1.1"], ("1.1", "1.10")),
        (["1", "02", "2"], ("1", "02", "2")),
    ],
)
def test_class_names_do_not_depend_on_the_format(
    values: list[Any], names: tuple[str, ...], write: Write, rows: Rows
) -> None:
    data = rows(60, classes=values)
    tasks = [
        load_task(TaskSpec(task=write(f"data.{ending}", data)))
        for ending in ("csv", "tsv", "jsonl", "parquet")
    ]
    assert [task.class_names for task in tasks] == [names] * 4
    assert len({task.digest for task in tasks}) == 1


def test_classes_that_differ_only_in_case_are_told(write: Write, rows: Rows) -> None:
    task = load_task(TaskSpec(task=write("data.csv", rows(80, classes=["Yes", "no", "yes", "NO"]))))
    assert task.class_names == ("NO", "Yes", "no", "yes")
    expected = DataWarning(DataFlaw.CLASSES_ALIKE, classes=("NO", "no", "Yes", "yes"))
    assert expected in task.warnings
    assert "NO', 'no', 'Yes', 'yes'" in data_warning(expected)


def test_texts_with_contradicting_labels_are_told(write: Write, rows: Rows) -> None:
    data = rows(60)
    data += [{"text": data[0]["text"].upper(), "label": "good"}, dict(data[1])]
    task = load_task(TaskSpec(task=write("data.csv", data)))
    assert task.warnings == (DataWarning(DataFlaw.CONTRADICTING, rows=2),)
    assert "2 rows have a text that also occurs with another label" in data_warning(
        task.warnings[0]
    )


def test_messages_have_the_row_and_line_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text('text,label\n"two\nlines",a\n\nmore,b,c\n')
    with pytest.raises(InvalidDataError, match="line 5: 3 values"):
        load_task(TaskSpec(task=str(path)))
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "x", "label": "a"}\n\n{"text": ["y"], "label": "b"}\n')
    with pytest.raises(InvalidDataError, match="row 3 contains a list"):
        load_task(TaskSpec(task=str(path)))


def test_blank_rows_are_counted_but_not_at_the_end(tmp_path: Path) -> None:
    lines = [f"alpha{i} beta{i} gamma{i},{i % 2}" for i in range(30)]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["text,label", *lines[:9], "", ",", *lines[9:], "", ",", ""]))
    report = load_task(TaskSpec(task=str(path))).report.rows
    assert (report.rows_read, report.rows_used) == (32, 30)
    assert report.dropped == {"neither text nor label": 2}


def test_two_text_columns(write: Write, rows: Rows) -> None:
    data = [{"q": f"one{i} two{i}", "a": f"three{i}", "y": i % 2} for i in range(40)]
    task = load_task(TaskSpec(task=write("data.csv", data), text=("q", "a"), label="y"))
    assert task.train.pairs is not None
    first, second = task.train.texts[0], task.train.pairs[0]
    assert first.removeprefix("one").split()[0] == second.removeprefix("three")


def test_rows_without_text_or_label_are_dropped_and_reported(write: Write, rows: Rows) -> None:
    data = rows(40)
    data[0]["text"], data[1]["text"], data[2]["label"] = "  ", None, None
    for name, missing in (("data.jsonl", 1), ("data.parquet", 1), ("data.csv", 1)):
        report = load_task(TaskSpec(task=write(name, data))).report.rows
        assert report.dropped == {
            "empty text": 1,
            "missing text": missing,
            "missing label": 1,
        }
        assert (report.rows_read, report.rows_used) == (40, 37)


def test_tsv_without_quoting_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "data.tsv"
    lines = [f'"word{i} opens a quotation{i}\t{i % 2}' for i in range(30)]
    path.write_text("text\tlabel\n" + "\n".join(lines) + "\n")
    task = load_task(TaskSpec(task=str(path)))
    assert sum(map(len, (task.train, task.dev, task.audit))) == 30
    assert task.train.texts[0].startswith('"')


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_csv_may_have_another_separator(
    tmp_path: Path, rows: Rows, write: Write, separator: str, end: str
) -> None:
    data = rows(60)
    lines = [f"text{separator}label", *(f"{r['text']}, too{separator}{r['label']}" for r in data)]
    path = tmp_path / "other.csv"
    path.write_bytes(end.join(lines).encode())
    found = load_task(TaskSpec(task=str(path)))
    assert contents(found) == {(f"{row['text']}, too", row["label"]) for row in data}


def test_a_byte_order_mark_and_a_trailing_separator_do_no_harm(tmp_path: Path, rows: Rows) -> None:
    path = tmp_path / "data.csv"
    lines = [f"{row['text']},{row['label']}," for row in rows(30)]
    path.write_text("text,label\n" + "\n".join(lines), encoding="utf-8-sig")
    assert len(load_task(TaskSpec(task=str(path))).class_names) == 2


@pytest.mark.parametrize("names", [("pos", "pos\u200b"), ("caf\u00e9", "cafe\u0301")])
def test_classes_that_look_the_same_are_told(
    names: tuple[str, str], write: Write, rows: Rows
) -> None:
    task = load_task(TaskSpec(task=write("data.csv", rows(80, classes=list(names)))))
    (warning,) = [found for found in task.warnings if found.code is DataFlaw.CLASSES_ALIKE]
    assert set(warning.classes) == set(names)


def test_a_text_that_nobody_sees_is_an_empty_text(write: Write, rows: Rows) -> None:
    data = rows(60)
    data[7]["text"] = "\u200b \u00a0\u2060"
    task = load_task(TaskSpec(task=write("data.csv", data)))
    assert len(task.train) + len(task.dev) + len(task.audit) == 59


@pytest.mark.parametrize("kind", ["float16", "float32"])
def test_a_short_fraction_names_the_same_class_in_every_format(
    kind: str, tmp_path: Path, write: Write, rows: Rows
) -> None:
    data = rows(60, classes=[0.1, 0.7])
    short = pa.array(np.array([row["label"] for row in data], dtype=kind))
    pq.write_table(
        pa.table({"text": [row["text"] for row in data], "label": short}), tmp_path / "s.parquet"
    )
    tasks = [
        load_task(TaskSpec(task=t)) for t in (str(tmp_path / "s.parquet"), write("l.csv", data))
    ]
    assert tasks[0].class_names == ("0.1", "0.7")
    assert tasks[0].digest == tasks[1].digest


def test_half_a_surrogate_pair_is_replaced(tmp_path: Path, rows: Rows) -> None:
    lines = [f'{{"text": "\\ud83d {row["text"]}", "label": "{row["label"]}"}}' for row in rows(30)]
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(lines))
    assert load_task(TaskSpec(task=str(path))).train.texts[0].startswith("? ")


def csv_of(count: int) -> bytes:
    lines = [f"alpha{i} beta{i} gamma{i},{i % 2}" for i in range(count)]
    return ("text,label\n" + "\n".join(lines) + "\n").encode()


def parquet_of(names: list[str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({name: ["x"] for name in names}), sink)
    return bytes(sink.getvalue())


BAD_FILES: dict[str, tuple[str, bytes, str]] = {
    "empty": ("d.csv", b"", "is empty"),
    "blank": ("d.jsonl", b"\n \n", "is empty"),
    "header only": ("d.csv", b"text,label\n", "0 usable rows, but at least 20 are needed"),
    "three rows": ("d.csv", csv_of(3), "3 usable rows, but at least 20 are needed"),
    "key twice": (
        "d.jsonl",
        b'{"text": "a", "label": "x"}\n{"text": "b", "label": "x", "label": "y"}\n',
        "line 2: 'label' is given twice",
    ),
    "binary": ("d.csv", b"\x7fELF\0\0", "is a binary file"),
    "binary parquet": ("d.parquet", b"\x7fELF\0\0", "not a readable Parquet file"),
    "no such parquet column": ("d.parquet", parquet_of(["a"]), "^d.parquet: there is no column"),
    "damaged parquet": (
        "d.parquet",
        parquet_of(["text", "label"]).replace(b"text", b"te\x9ct"),
        "not a readable Parquet file",
    ),
    "no such column": ("d.csv", b"review,stars\nx,1\n", "no column 'text', found: 'review', 'st"),
    "column twice": ("d.csv", b"text,text,label\nx,y,1\n", "the column 'text' appears twice"),
    "no json key": ("d.jsonl", b'{"a": 1}\n', "no column 'text', found: 'a'"),
    "one class": ("d.csv", csv_of(40).replace(b",1\n", b",0\n"), r"only one class \('0'\)"),
    "no classes": (
        "d.csv",
        b"text,label\n" + b"".join(b"alpha%d beta%d,c%d\n" % (i, i, i) for i in range(40)),
        "40 different values in 40 rows",
    ),
    "fractions": (
        "d.jsonl",
        b"".join(b'{"text": "a%d", "label": 0.5}\n' % i for i in range(40)),
        r"only one class \('0.5'\)",
    ),
    "nested text": (
        "d.jsonl",
        b"".join(b'{"text": ["a%d"], "label": 1}\n' % i for i in range(40)),
        "row 1 contains a list, not text",
    ),
    "all texts empty": (
        "d.csv",
        b"text,label\n" + b'" ",1\n' * 40,
        r"none of the 40 rows can be used \(40 with empty text\)",
    ),
    "latin 1": ("d.csv", csv_of(30) + "na\u00efve,1\n".encode("latin-1"), "0xef in line 32"),
    "utf 16": ("d.csv", csv_of(30).decode().encode("utf-16"), "UTF-16 text; save it as text in"),
    "broken json": ("d.jsonl", b'{"text": "x", "label": 1}\n{"text": \n', "line 2: not JSON"),
    "json list": ("d.jsonl", b"[1, 2]\n", "line 1: '\\[1, 2\\]' is JSON but not an object"),
    "deep json": ("d.jsonl", b"[" * 100_000 + b"\n", "line 1: not JSON"),
    "unquoted comma": ("d.csv", b"text,label\nwell, no,1\n", "line 2: 3 values"),
    "open quotation": ("d.csv", csv_of(30) + b'"x,1\n', "check the quotation marks"),
    "ending": ("d.xlsx", b"PK", "has the ending '.xlsx'; a data file ends with .csv"),
    "no ending": ("data", b"text,label\n", r"has the ending '\(none\)'"),
}


@pytest.mark.parametrize("case", BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files_are_refused_in_one_line(
    case: tuple[str, bytes, str], tmp_path: Path, home: Path
) -> None:
    name, content, expected = case
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidDataError, match=expected) as caught:
        load_task(TaskSpec(task=str(path)))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert not home.exists()


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="is a folder"):
        load_task(TaskSpec(task=str(tmp_path)))
    with pytest.raises(UnknownTaskError, match="there is no file"):
        load_task(TaskSpec(task=str(tmp_path / "absent.csv")))


def test_one_column_cannot_be_text_and_label(write: Write, rows: Rows) -> None:
    path = write("data.csv", rows(30))
    with pytest.raises(InvalidDataError, match="one column is used twice"):
        load_task(TaskSpec(task=path, text=("text",), label="text"))
    with pytest.raises(InvalidDataError, match="one column is used twice"):
        load_task(TaskSpec(task=path, text=("text", "text")))


@pytest.mark.parametrize("name", ["nonsense", "x\0y", "z" * 5000, "~nobody-here/x", ""])
def test_other_names_are_unknown(name: str) -> None:
    with pytest.raises(BortError) as caught:
        load_task(TaskSpec(task=name))
    assert "\n" not in str(caught.value)


def test_decimals_name_classes_and_texts_do_not(write: Write, rows: Rows) -> None:
    data = rows(60, classes=[Decimal("1.0"), Decimal("2.5")])
    assert load_task(TaskSpec(task=write("data.parquet", data))).class_names == ("1", "2.5")
    data = rows(60, classes=["a" * 201, "b"])
    with pytest.raises(
        InvalidDataError, match=r"row 1 .*contains a text of 201 characters.*--label"
    ):
        load_task(TaskSpec(task=write("long.csv", data)))


def test_a_time_that_no_calendar_has_is_one_line(tmp_path: Path, rows: Rows) -> None:
    texts = [row["text"] for row in rows(60)]
    times = pa.array([2**62] * 60, pa.timestamp("us"))
    pq.write_table(pa.table({"text": texts, "label": times}), tmp_path / "times.parquet")
    with pytest.raises(InvalidDataError, match="is not a readable Parquet file"):
        load_task(TaskSpec(task=str(tmp_path / "times.parquet")))


def test_quotation_marks_of_two_texts_swallow_no_rows(tmp_path: Path) -> None:
    texts = [f"word{i} of line {i}" for i in range(40)]
    texts[5], texts[25] = '"word5 begins', 'word25 ends"'
    lines = [f"{text}\t{i % 2}" for i, text in enumerate(texts)]
    path = tmp_path / "data.tsv"
    path.write_text("text\tlabel\n" + "\n".join(lines) + "\n")
    assert load_task(TaskSpec(task=str(path))).report.rows.rows_used == 40
    quoted = [f'"{text}\nin two lines"\t{i % 2}' for i, text in enumerate(texts) if '"' not in text]
    path.write_text("text\tlabel\n" + "\n".join(quoted) + "\n")
    assert load_task(TaskSpec(task=str(path))).report.rows.rows_used == 38
