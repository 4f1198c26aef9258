import pandas as pd
import pytest

from bort.core.errors import InvalidDataError
from bort.core.question import Question
from bort.search import Population, certified_search, solve
from bort.search.facts import Scales
from bort.studies.recorded_table import read_table

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
