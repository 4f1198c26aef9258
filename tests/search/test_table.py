import numpy as np
import pandas as pd
import pytest

from bort.core.errors import InvalidDataError
from bort.core.question import Question
from bort.report.data import table_note
from bort.search import Population, certified_search, solve
from bort.search.answer import solve_table
from bort.search.facts import Scales
from bort.studies.recorded_table import frame_table, read_table

ROWS = [
    # depth, width, dropout, optimiser, size, latency, error
    (1, 64, 0.0, "sgd", 10.0, 1.0, 0.40),
    (1, 128, 0.1, "adam", 20.0, 1.5, 0.35),
    (2, 64, 0.0, "adam", 18.0, 2.0, 0.30),
    (2, 128, 0.1, "sgd", 36.0, 3.0, 0.25),
    (4, 128, 0.1, "adam", 70.0, 6.0, 0.20),
]
COLUMNS = ["depth", "width", "dropout", "optimiser", "size", "latency", "error"]


def write(tmp_path, rows=ROWS, columns=COLUMNS, name="table.csv"):
    frame = pd.DataFrame(rows, columns=columns)
    path = tmp_path / name
    frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(
        path, index=False, sep="\t" if name.endswith("tsv") else ","
    )
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet"])
def test_a_table_is_a_search_problem(tmp_path, name) -> None:
    table = read_table(write(tmp_path, name=name))
    assert table.problem.names == ("depth", "width", "dropout", "optimiser")
    assert table.problem.scales == ("log", "log", "linear", "category")
    assert table.labels == ("1", "2", "3", "4", "5")
    question = Question(epsilon=0.5)
    steps = list(certified_search(table.problem, table.observation, question=question))
    answer = solve(table.problem, {s.index: s.observation for s in steps}, question=question)
    assert answer.is_certified
    scales = next(f for f in answer.ledger if isinstance(f, Scales)).scales
    assert (scales["dropout"], scales["optimiser"]) == ("linear", "category")


def test_percent_is_read_as_percent(tmp_path) -> None:
    rows = [(*row[:6], 100 * (1 - row[6])) for row in ROWS]
    table = read_table(write(tmp_path, rows), maximise=["error"])
    assert table.errors == pytest.approx([row[6] for row in ROWS])
    assert [table_note(note) for note in table.notes] == [
        "The values of error are above 1, so they are read as percent."
    ]


def test_objectives_can_be_renamed_and_maximised(tmp_path) -> None:
    rows = [(i, *row[:4], 100 / row[4], row[5], 1 - row[6], 0.01) for i, row in enumerate(ROWS)]
    columns = ["id", *COLUMNS[:4], "compression", "latency", "accuracy", "se"]
    table = read_table(
        write(tmp_path, rows, columns),
        size="compression",
        error="accuracy",
        error_se="se",
        maximise=("compression", "accuracy"),
    )
    assert table.errors == pytest.approx([row[6] for row in ROWS])
    assert table.problem.size * 100 == pytest.approx([row[4] for row in ROWS])
    assert table.labels == ("0", "1", "2", "3", "4")
    seen = table.observation(0, population=Population(0.9, 5, is_paired=False))
    assert seen.lower < seen.error < seen.upper


def change(row: int, column: str, value) -> list[tuple]:
    rows = [list(r) for r in ROWS]
    rows[row][COLUMNS.index(column)] = value
    return [tuple(r) for r in rows]


def constant(column: str) -> list[tuple]:
    return [change(i, column, 0.5)[i] for i in range(len(ROWS))]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (change(1, "size", None), "1 value is missing, the first in row 2, column size"),
        (change(2, "latency", "fast"), "column latency must contain numbers, but row 3 has 'fast'"),
        (change(2, "depth", "two"), "column depth contains numbers, but row 3 has 'two'"),
        ([*ROWS, (*ROWS[0][:6], 0.1)], "row 6 repeats the architecture depth=1"),
        (constant("latency"), "column latency is 0.5 in every row"),
        (constant("error"), "column error is 0.5 in every row"),
        (change(0, "size", 0.0), "column size must be above 0, but the smallest value is 0"),
        (change(0, "latency", -2.0), "column latency must be above 0"),
        (change(3, "error", 25.0), "column error must be from 0 to 1, got 25"),
        (ROWS[:1], "the table has 1 row"),
        ([ROWS[0], ROWS[0]], "the table has 1 row"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path, rows, words) -> None:
    with pytest.raises(InvalidDataError) as caught:
        read_table(write(tmp_path, rows))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_columns_and_files_are_refused_in_one_line(tmp_path) -> None:
    path = write(tmp_path)
    with pytest.raises(InvalidDataError, match="no column flops; it has depth"):
        read_table(path, size="flops")
    with pytest.raises(InvalidDataError, match="only objectives can be maximised, got depth"):
        read_table(path, maximise=("depth",))
    with pytest.raises(InvalidDataError, match="dimension 'depth' is named twice"):
        read_table(path, dimensions=("depth", "depth"))
    (tmp_path / "twice.csv").write_text("depth,depth,size,latency,error\n1,1,2,3,0.1\n")
    with pytest.raises(InvalidDataError, match="two columns are named 'depth'"):
        read_table(tmp_path / "twice.csv")
    with pytest.raises(InvalidDataError, match="cannot read the table"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InvalidDataError, match="convert it"):
        read_table(tmp_path / "table.xlsx")
    with pytest.raises(InvalidDataError, match="no dimension"):
        read_table(write(tmp_path, [r[4:] for r in ROWS], COLUMNS[4:]))


def text_table(tmp_path, text, name="t.csv", **given):
    path = tmp_path / name
    path.write_text(text)
    return read_table(path, **given)


def rows_with(header, first, count=9, *, sep=","):
    """A table whose rows differ in depth; `first(i)` is what comes before the usual columns."""
    lines = [sep.join([header, "depth", "size", "latency", "error"])]
    for i in range(count):
        depth = 1 + (i * 2) % count  # not in order
        lines.append(
            sep.join([str(first(i)), str(depth), str(10 + i), str(1 + i), f"0.{9 - i % 9}"])
        )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("word", ["None", "NA", "null", "N/A"])
def test_words_for_nothing_are_choices_and_blanks_are_missing(tmp_path, word) -> None:
    text = rows_with("act", lambda i: (word, "relu")[i % 2])
    table = text_table(tmp_path, text)
    assert table.problem.scales == ("category", "log")
    assert table.cells["act"][0] == word
    with pytest.raises(
        InvalidDataError, match="1 value is missing, the first in row 3, column act"
    ):
        text_table(tmp_path, text.replace(f"\n{word},5,", "\n,5,"))


@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("", lambda i: i, "index"),
        ("Unnamed: 0.1", lambda i: i * 3, "index"),
        ("Trial Number", lambda i: 40 - i, "index"),
        ("Random State", lambda i: i, "seed"),
        ("Unnamed: 0", lambda i: i + 7, "index"),
        ("nr", lambda i: i + 1, "index"),
        ("trial_id", lambda i: i // 2, "index"),
        ("run_id", lambda i: f"{i:x}af", "index"),
        ("When", lambda i: f"2025-03-01 10:0{i}:00.5", "time"),
        ("timestamp", lambda i: 1700000001.5 + i, "time"),
        ("duration", lambda i: f"0 days 00:00:0{i}.5", "time"),
        ("config", lambda i: f"depth {i} of something", "text"),
        ("seed", lambda i: i % 3, "seed"),
        ("random_seed", lambda i: 100 * i, "seed"),
    ],
)
def test_what_cannot_be_a_dimension_is_left_out_with_a_note(tmp_path, header, cell, code) -> None:
    text = rows_with(header, cell)
    table = text_table(tmp_path, text)
    assert table.problem.names == ("depth",)
    assert [note.code for note in table.notes] == [code]
    assert table_note(table.notes[0])
    if header:
        named = text_table(tmp_path, text, dimensions=["depth", header])
        assert named.problem.names == ("depth", header)
        assert named.notes == ()


def test_times_in_parquet_are_no_dimensions(tmp_path) -> None:
    frame = pd.DataFrame(ROWS, columns=COLUMNS)
    when = pd.date_range("2025-03-01", periods=len(ROWS), freq="h")
    frame["utc"], frame["took"], frame["day"] = when.tz_localize("UTC"), when - when[0], when.date
    frame.to_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert table.problem.names == ("depth", "width", "dropout", "optimiser")
    assert [(n.code, n.columns) for n in table.notes] == [("time", ("utc", "took", "day"))]


def test_a_lone_text_stays_a_dimension(tmp_path) -> None:
    text = rows_with("config", lambda i: f"number {i}")
    lines = [line.split(",") for line in text.splitlines()]
    table = text_table(tmp_path, "\n".join(",".join([a, *b]) for a, _, *b in lines))
    assert table.problem.names == ("config",)
    assert [note.code for note in table.notes] == ["lone text"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2,b,20,2,0.2,5", "row 3 (line 5) has more fields than its header, which names 5"),
        ('2,"b,20,2,0.2', "line 5: unexpected end of data, within quotation marks"),
        (f"2,b,{'9' * 400},2,0.2", "column size must contain numbers, but row 3 has inf"),
    ],
)
def test_bad_rows_have_the_numbers_of_the_file(tmp_path, row, words) -> None:
    with pytest.raises(InvalidDataError) as caught:
        text_table(tmp_path, f"\ndepth,act,size,latency,error\n1,a,10,1,0.3\n\n{row}\n")
    assert words in str(caught.value)


def test_rows_of_several_seeds_are_averaged(tmp_path) -> None:
    lines = ["depth,seed,size,latency,error,se"]
    for depth in (1, 2, 3):
        lines += [
            f"{depth},{seed},{depth * 100},{depth},{0.3 / depth + seed / 10},0.03"
            for seed in (0, 1)
        ]
    table = text_table(tmp_path, "\n".join(lines), error_se="se")
    assert table.errors == pytest.approx([0.35, 0.2, 0.15])
    assert table.errors_se == pytest.approx([0.03 / 2**0.5] * 3)
    assert table.rows.tolist() == [0, 2, 4]
    assert table.cells["size"] == [100, 200, 300]
    assert [(note.code, note.rows) for note in table.notes] == [("seed", None), ("averaged", 6)]


def test_a_blank_cell_in_a_column_of_texts_is_a_choice(tmp_path) -> None:
    lines = ["depth,norm,size,latency,error"]
    for depth in (1, 2):
        for number, norm in enumerate(("", "batch", "layer")):
            size = depth * 10 + number
            lines.append(f"{depth},{norm},{size},{size / 10},{0.5 / size}")
    table = text_table(tmp_path, "\n".join(lines))
    assert table.cells["norm"][:3] == ["(blank)", "batch", "layer"]
    assert len(set(table.problem.coordinates[:3, 1])) == 3
    assert [(note.code, note.columns) for note in table.notes] == [("blank", ("norm",))]
    assert table_note(table.notes[0]) == (
        "Blank cells in norm count as a choice of their own, (blank)."
    )
    with pytest.raises(InvalidDataError, match=r"1 value is missing, the first in row 2.*depth"):
        text_table(tmp_path, "\n".join(lines).replace("1,batch,", ",batch,"))
    with pytest.raises(InvalidDataError, match=r"2 values are missing, the first in row 1.*norm"):
        text_table(tmp_path, "\n".join(lines).replace("layer", "None"))


def test_failed_runs_are_left_out_if_asked(tmp_path) -> None:
    text = "depth,size,latency,error\n1,10,1,0.3\n2,,,\n3,30,3,0.2\n4,NaN,4,0.1\n"
    with pytest.raises(InvalidDataError, match=r"4 values are missing.*--drop-failed"):
        text_table(tmp_path, text)
    table = text_table(tmp_path, text, drop_failed=True)
    assert table.rows.tolist() == [0, 2]
    assert table.labels == ("1", "3")
    assert [(note.code, note.rows) for note in table.notes] == [("failed", 2)]


def test_rows_of_a_table_have_the_numbers_of_the_file(tmp_path) -> None:
    text = (
        'depth,act,size,latency,error\n1,a,10,1,0.3\n\n2,"b\nc",20,2,0.25\n,,,,\n3,b,30,3,0.2\n\n'
    )
    table = text_table(tmp_path, text)
    assert table.rows.tolist() == [0, 2, 4]
    assert table.labels == ("1", "3", "5")
    assert table.cells["depth"] == [1, 2, 3], "still whole numbers"
    with pytest.raises(InvalidDataError, match="row 5 has 'x'"):
        text_table(tmp_path, text.replace("3,b,30", "3,b,x"))
    with pytest.raises(InvalidDataError, match="row 5 repeats"):
        text_table(tmp_path, text.replace("3,b,30", "1,a,30"))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("t.CSV", lambda text: text),
        ("t.csv", lambda text: text.replace(",", " , ")),
        ("t.csv", lambda text: text.replace(",", ";").replace(".", ",")),
        ("t.csv", lambda text: text.replace(",", ";")),
        ("t.csv", lambda text: text.replace(",", "\t")),
        ("t.csv", lambda text: "\ufeff\n" + text.replace("\n", "\r\n")),
    ],
)
def test_dialects_of_csv_are_the_same_table(tmp_path, name, change) -> None:
    text = rows_with("act", lambda i: ("relu", "gelu")[i % 2])
    table = text_table(tmp_path, change(text), name)
    expected = text_table(tmp_path, text)
    assert table.cells == expected.cells
    assert table.problem.names == ("act", "depth")


def test_an_error_of_zero_is_floored_and_repeated_rows_are_counted(tmp_path) -> None:
    table = read_table(write(tmp_path, [*change(4, "error", 0.0), ROWS[0]]))
    assert table.dropped == 1
    seen = table.observation(4)
    assert (seen.error, seen.is_floored) == (0.125, True)


def test_the_dimensions_can_be_named(tmp_path) -> None:
    rows = [(*row, None) for row in ROWS]
    path = write(tmp_path, rows, [*COLUMNS, "note"])
    table = read_table(path, dimensions=["depth", "width", "optimiser"])
    assert table.problem.names == ("depth", "width", "optimiser")
    with pytest.raises(InvalidDataError, match="no column 'nope'"):
        read_table(path, dimensions=["nope"])
    with pytest.raises(InvalidDataError, match="'error' is an objective"):
        read_table(path, dimensions=["error"])


def results_table() -> pd.DataFrame:
    made = np.random.default_rng(0)
    count = 24
    error = made.uniform(0.05, 0.4, count)
    return pd.DataFrame(
        {
            "depth": np.tile([1, 2, 3, 4], 6),
            "rate": made.permutation(np.linspace(1e-4, 1e-2, count)),
            "size": made.uniform(1, 9, count),
            "latency": made.uniform(1, 9, count),
            "error": error,
            "error_seed0": error + made.normal(0, 0.05, count),
            "macro_f1": 1 - error + made.normal(0, 0.05, count),
            "surprise": -np.log(error),
        }
    )


def test_what_a_training_measured_is_no_dimension() -> None:
    table = frame_table(results_table(), size="size", latency="latency", error="error")
    assert table.problem.names == ("depth", "rate")
    assert [note.columns for note in table.notes] == [("error_seed0", "macro_f1", "surprise")]
    alone = results_table()[["surprise", "size", "latency", "error"]]
    table = frame_table(alone, size="size", latency="latency", error="error")
    assert table.problem.names == ("surprise",)  # the only one there is


def test_an_accuracy_is_not_minimised() -> None:
    frame = results_table().rename(columns={"macro_f1": "test_acc"})
    with pytest.raises(InvalidDataError, match=r"'test_acc' would be minimised.*--maximise test_a"):
        frame_table(frame, size="size", latency="latency", error="test_acc")
    frame_table(frame, size="size", latency="latency", error="test_acc", maximise=["test_acc"])


def test_the_cover_of_a_known_table_is_small() -> None:
    made = np.random.default_rng(1).uniform(1, 3, (400, 3))
    exact = solve_table(*made.T, question=Question(epsilon=0.25))
    covers = (made[exact.cover][None] <= 1.25 * made[:, None] + 1e-9).all(axis=2)
    assert covers.any(axis=1).all()
    assert len(exact.cover) < len(exact.front) / 2
