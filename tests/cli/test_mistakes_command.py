"""`bort mistakes` and `bort report model` on a model whose answers are made up."""

import json

import pandas as pd
import pytest
import tiny
from click.testing import CliRunner
from made_up_models import add_model, wrong_answers
from made_up_study import fill

from bort.cli.mistakes import mistakes
from bort.cli.report import report
from bort.core.errors import BortError, InvalidDataError, InvalidOptionError, UnknownModelError
from bort.core.study import TaskSpec
from bort.storage import open_store
from bort.studies.answers import read_answer


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.delenv("BORT_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    task = TaskSpec(task=str(tiny.write_task(tmp_path / "reviews.csv", rows=300)))
    realised, evidence = wrong_answers(task)
    with open_store() as store:
        fill(store, "reviews", budget=8)
        pick = read_answer(store, "reviews").front[0].id
        add_model(store, "good", "reviews", pick, more_evidence=evidence, **realised)
        add_model(store, "old", "reviews", pick)
    return tmp_path


def called(command, *arguments):
    done = CliRunner().invoke(command, arguments)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_mistakes_are_printed_filtered_and_written(place):
    said = " ".join(called(mistakes, "good", "--limit", "2").split())
    assert "audit texts wrongly. Its most frequent mistake" in said
    assert "expected calibration error" in said
    assert "more; see --limit and --out" in said
    every = json.loads(called(mistakes, "good", "--json"))
    rows = every["mistakes"]
    assert len(rows) == every["count"] > 3
    assert 0 <= every["calibration_error"]["low"] <= every["calibration_error"]["error"]
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    only = json.loads(called(mistakes, "good", "--class", "bad", "--out", "o.csv", "--json"))
    assert only["mistakes"] == [row for row in rows if row["class"] == "bad"]
    written = pd.read_csv(place / "o.csv")
    assert written["text"].tolist() == [row["text"] for row in only["mistakes"]]
    assert called(mistakes, "good", "--class", "bad", "--answer", "bad").endswith(
        "There is no such mistake.\n"
    )


def test_what_cannot_be_shown_is_one_line(place):
    for arguments, kind, match in (
        (("nobody",), UnknownModelError, "there is no model"),
        (("old",), InvalidDataError, "Fine-tune it again"),
        (("good", "--class", "ugly"), InvalidOptionError, "the classes are bad, good"),
        (("good", "--out", "o.txt"), BortError, "does not end with"),
    ):
        with pytest.raises(kind, match=match):
            called(mistakes, *arguments)


def test_the_report_has_texts_only_on_request(place):
    text = json.loads(called(mistakes, "good", "--json"))["mistakes"][0]["text"]
    called(report, "model", "good", "without.html")
    called(report, "model", "good", "with.html", "--texts")
    without, full = ((place / name).read_text("utf-8") for name in ("without.html", "with.html"))
    for page in (without, full):
        assert "expected calibration error" in page
        assert "score of the answer (%)" in page
    assert text in full
    assert text not in without
    (place / "reviews.csv").unlink()
    with pytest.raises(BortError, match="reviews"):
        called(report, "model", "good", "again.html", "--texts")
