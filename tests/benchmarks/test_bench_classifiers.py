"""The table, the page and the pictures of `bort bench classifiers`; it goes on where it stopped."""

import json
from dataclasses import replace

import pytest
import tiny
from click.testing import CliRunner

from benchmarks.classifiers import rows
from benchmarks.classifiers.command import classifiers
from benchmarks.classifiers.guide import BEGIN, END, NAME, figures, fill
from benchmarks.classifiers.picture import Mark, marks_svg
from benchmarks.classifiers.report import write_page
from benchmarks.classifiers.rows import add, is_complete, open_table
from benchmarks.row_log import RowLog
from bort.core.errors import InvalidDataError
from bort.core.rivals import Compared, Comparison, PerText, RivalKind, Verdict
from bort.core.study import TaskSpec
from bort.latency import timing
from bort.latency.protocol import Protocol
from bort.storage import open_store

TASK = TaskSpec(task="reviews.csv", labelled=500)
KINDS = (RivalKind.TFIDF, RivalKind.FASTTEXT)
QUICK = Protocol(timed_runs=1, warm_up_runs=1, budget_seconds=0.1, min_rounds=3, max_rounds=3)


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
        memory_bytes=61_000_000,
        seconds=None if runtime else 90.0,
        latency={
            b: PerText(median_ms=ms, low_ms=ms, high_ms=ms) for b, ms in (("1", 0.5), ("32", 0.1))
        },
        verdicts={} if verdict is None else {"1": verdict, "32": Verdict.SURVIVES},
    )


@pytest.fixture
def found():
    return Comparison(
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


def test_rows_are_kept_and_losses_come_first(found, tmp_path):
    table = open_table(tmp_path / "table.csv")
    assert not is_complete(table, TASK, KINDS)
    add(table, TASK, found)
    again = open_table(tmp_path / "table.csv")
    assert is_complete(again, TASK, KINDS)
    assert not is_complete(again, TASK, list(RivalKind))
    assert not is_complete(again, TaskSpec(task="reviews.csv"), KINDS)
    page = write_page(again).read_text("utf-8").splitlines()
    assert page[2] == (
        "**Single texts: we are beaten by fastText, quantised on reviews, 500 labels.**"
    )
    assert page[4].startswith("**Batches of 32: nobody beats us")
    counts = next(line for line in page if line.startswith("| fastText, quantised | 1 |"))
    assert counts == "| fastText, quantised | 1 | 1 | 0 | 0 | 0 | 1 | 0 |"
    (ours,) = (line for line in page if "**mine (int8)**" in line)
    assert "| 0.094 | 0.500 | 0.100 | 10,000 |  | 61 |  |" in ours
    (tfidf,) = (line for line in page if line.startswith("| tf-idf") and "0.800" in line)
    assert "| 1.5 | 61 | beaten / survives |" in tfidf
    assert (tmp_path / "table-reviews-500.svg").read_text().count("<title>") == 3 * 4


def test_an_empty_table_makes_a_page(tmp_path):
    assert "nobody" in write_page(open_table(tmp_path / "table.csv")).read_text("utf-8")


def test_a_mark_stands_at_the_logarithm_of_its_cost():
    costs = (1.0, 10.0, 100.0)
    marks = [Mark(f"m{n}", 80, 79, 81, (cost,), is_ours=n == 0) for n, cost in enumerate(costs)]
    drawn = marks_svg("t", ("MB",), marks)
    (first,) = (part for part in drawn.split("<circle cx=")[1:2])
    ours = float(first.split('"')[1])
    others = [float(part.split('"')[1]) + 7 for part in drawn.split("<rect x=")[1:3]]
    assert sorted(others)[0] - ours == pytest.approx(sorted(others)[1] - sorted(others)[0], abs=0.3)
    assert all(f">{tick}</text>" in drawn for tick in (1, 10, 100))


@pytest.fixture
def place(tmp_path, monkeypatch):
    tiny.write_all(tmp_path)
    tiny.use_home(monkeypatch, tmp_path, lock=tmp_path)
    whole = timing.Instruments
    quick = lambda **given: whole(**{**given, "protocol": QUICK})  # noqa: E731
    monkeypatch.setattr("bort.latency.classifiers.Instruments", quick)
    return tmp_path


def bench(place, *more):
    asked = ["--task", str(place / "reviews.csv"), "--source", str(place / "source")]
    asked += ["--out", str(place / "table.csv"), "--json", *more]
    return CliRunner().invoke(classifiers, [*asked, *(f"--rival={kind}" for kind in KINDS)])


def test_a_bench_that_was_killed_between_two_rows_adds_the_others(place, monkeypatch):
    append = RowLog.append

    def killed(self, row):
        append(self, row)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rows.RowLog, "append", killed)
        assert bench(place).exit_code != 0
    before = (place / "table.csv").read_text()
    assert before.count("\n") == 2
    with monkeypatch.context() as patch:  # the comparison is not repeated
        patch.setattr("bort.jobs.run_here", None)
        done = bench(place)
    assert done.exit_code == 0, done.output
    after = (place / "table.csv").read_text()
    assert after.startswith(before)
    table = open_table(place / "table.csv").rows()
    assert [*table["name"]] == [*KINDS]
    assert json.loads(done.stdout)["page"].endswith("table.md")
    with open_store(None) as store:
        assert len(store.jobs(kind="rivals")) == 1
    assert bench(place).exit_code == 0  # complete: nothing is added
    assert (place / "table.csv").read_text() == after


def test_the_guide_gets_its_figures_between_the_markers(found, tmp_path):
    table = open_table(tmp_path / "table.csv")
    add(table, TASK, found)
    guide = tmp_path / NAME
    guide.write_text(f"before\n{BEGIN}\nstale\n{END}\nafter\n")
    fill(guide, rows.rows_of_table(table))
    once = guide.read_text()
    assert once.startswith(
        f"before\n{BEGIN}\n\n[The table of all classifiers](bench/classifiers.md)"
    )
    assert "Medians over one task with 500 labels" in once
    assert once.endswith(f"\n\n{END}\nafter\n")
    assert "stale" not in once
    assert "| **ours, onnx int8** |  | 0.0 (0.0) | 0.094 | 0.50 | 10,000 | 61 |  |" in once
    fill(guide, rows.rows_of_table(table))
    assert guide.read_text() == once
    guide.write_text("no markers\n")
    with pytest.raises(InvalidDataError, match="once each"):
        fill(guide, rows.rows_of_table(table))


def test_who_is_near_the_best_is_chosen_by_size_and_by_time(found, tmp_path):
    small, fast, best, cheap = (
        replace(one, name=name, runtime=None, accuracy=accuracy, size_bytes=size)
        for one, name, accuracy, size in zip(
            found.rows[1:2] * 4,
            (RivalKind.TFIDF, RivalKind.FASTTEXT, RivalKind.SOURCE, RivalKind.WORDLLAMA),
            (0.80, 0.81, 0.82, 0.70),
            (1_000, 9_000, 9_500, 10),
            strict=True,
        )
    )
    quick = {b: PerText(median_ms=0.01, low_ms=0.01, high_ms=0.01) for b in ("1", "32")}
    fast = replace(fast, latency=quick)
    table = open_table(tmp_path / "table.csv")
    add(table, TASK, replace(found, rows=(small, fast, best, cheap)))
    (line,) = (x for x in figures(rows.rows_of_table(table)) if x.startswith("| reviews"))
    assert [cell.split(" (")[0] for cell in line.split(" | ")[1:]] == [
        "fine-tuned source, float32",
        "tf-idf, logistic regression",
        "fastText, quantised",
    ]
