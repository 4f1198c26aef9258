"""The table of `bort bench answers`, from a made-up result."""

import pytest
from made_up_study import fill

from benchmarks.answers.command import TENTH, _picks
from benchmarks.answers.rows import Minutes, open_table, row_of, write_page
from bort.core.errors import InvalidDataError
from bort.core.serialise import from_json
from bort.core.study import TaskSpec
from bort.finetuning.realised import Realised
from bort.storage import open_store
from bort.studies.answers import read_answer

JUDGED = {"accuracy": 0.8, "low": 0.7, "high": 0.9, "n": 90, "macro_f1": 0.75}
GAINS = {
    "model_gain": {"difference": 0.02, "low": -0.01, "high": 0.05},
    "teacher_gain": {"difference": 0.03, "low": 0.01, "high": 0.05},
}


@pytest.fixture
def model():
    return from_json(
        Realised,
        {
            "study": "reviews-answers",
            "task": "reviews",
            "architecture": {"depth": 1},
            "architecture_id": "1-2-8-16",
            "seeds": [0],
            "dev": {"accuracy": 0.81, "n": 90},
            "audit": JUDGED,
            "exported": {"seed": 0, "dev_accuracy": 0.81, "audit_accuracy": 0.8},
            "teacher": {**JUDGED, "name": "teacher", "accuracy": 0.85},
            "tfidf": {**JUDGED, **GAINS, "accuracy": 0.78},
            "probe": {**JUDGED, **GAINS, "accuracy": 0.79},
            "share_of_teacher": 0.94,
            "times_faster_than_teacher": 12.5,
            "parameter_count": 1000,
            "files": {"float32": 60_000, "int8": 57_000},
            "latency_ms": 0.5,
            "latency": {},
        },
        what="the model",
    )


def test_a_row_becomes_a_line_of_the_page(model, tmp_path):
    table = open_table(tmp_path / "answers.csv")
    row = row_of(
        TaskSpec(task="reviews.csv", labelled=500),
        "tenth",
        model,
        search=Minutes(None, 2.0),
        finetune=Minutes(3.0, 4.5),
    )
    table.append({name: getattr(row, name) for name in row.__dataclass_fields__})
    lines = write_page(open_table(tmp_path / "answers.csv")).read_text("utf-8").splitlines()
    *_, last, _, plans = lines
    assert plans == (
        "Of 1 plans, 1 are within a factor of 1.5 of the minutes that passed; "
        "the furthest is off by a factor of 1.50, the median by 1.50."
    )
    cells = [cell.strip() for cell in last.strip("|").split("|")]
    assert cells == [
        *("reviews", "500", "tenth: 1-2-8-16", "0.800 (0.700 to 0.900)", "94.0%", "12.5x", "0.057"),
        *("0.850", "0.790", "0.780", "+2.0 (-1.0 to +5.0)", "+3.0 (+1.0 to +5.0)"),
        *("+3.0 (+1.0 to +5.0)", "2.0 (-)", "4.5 (3.0)"),
    ]


def test_another_table_is_not_added_to(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InvalidDataError, match="name another file"):
        open_table(path)
    assert path.read_text() == "a,b\n1,2\n"


def test_the_second_pick_has_a_tenth_of_the_latency(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'bort.db'}") as store:
        study = fill(store, "reviews-answers", budget=12)
        picks = _picks(store, study.spec)
        answer = read_answer(store, study.name)
    assert picks["best"] == answer.best.id
    limit = max(point.latency_ms for point in answer.points) / TENTH
    quick = [point for point in answer.front if point.latency_ms <= limit]
    expected = min(quick, key=lambda point: point.error_rate).id if quick else None
    assert picks.get("tenth") == (None if expected == picks["best"] else expected)
