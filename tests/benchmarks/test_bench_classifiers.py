"""The table and the page of `bort bench classifiers`."""

from benchmarks.classifiers.rows import has_task, open_table, rows_of, write_page
from bort.core.rivals import Compared, Comparison, PerText, RivalKind, Verdict
from bort.core.study import TaskSpec

TASK = TaskSpec(task="reviews.csv", labelled=500)


def compared(name, runtime=None, verdict=None):
    return Compared(
        name=name,
        runtime=runtime,
        dev_accuracy=0.8,
        accuracy=0.8,
        low=0.75,
        high=0.85,
        macro_f1=0.79,
        size_bytes=94_000,
        seconds=None if runtime else 90.0,
        latency={
            b: PerText(median_ms=ms, low_ms=ms, high_ms=ms) for b, ms in (("1", 0.5), ("32", 0.1))
        },
        verdicts={} if verdict is None else {"1": verdict, "32": Verdict.SURVIVES},
    )


def test_rows_are_kept_and_losses_come_first(tmp_path):
    found = Comparison(
        task="reviews",
        labelled=500,
        texts=300,
        rows=(
            compared("mine", "onnx-int8"),
            compared(RivalKind.TFIDF, verdict=Verdict.BEATEN),
            compared(RivalKind.FASTTEXT, verdict=Verdict.BEATS_US),
        ),
        noise_ok=True,
        machine={},
    )
    table = open_table(tmp_path / "table.csv")
    assert not has_task(table, TASK)
    for row in rows_of(TASK, found):
        table.append(row)
    again = open_table(tmp_path / "table.csv")
    assert has_task(again, TASK)
    assert not has_task(again, TaskSpec(task="reviews.csv"))
    page = write_page(again).read_text("utf-8").splitlines()
    assert page[2:4] == ["Beaten by:", "- reviews, 500 labels: fastText, quantised"]
    (ours,) = (line for line in page if "**mine**" in line)
    assert "| 0.094 | 0.500 | 0.100 | 10,000 |" in ours
    (tfidf,) = (line for line in page if line.startswith("| tf-idf"))
    assert "| 1.5 | beaten / survives |" in tfidf


def test_an_empty_table_makes_a_page(tmp_path):
    assert "nobody" in write_page(open_table(tmp_path / "table.csv")).read_text("utf-8")
