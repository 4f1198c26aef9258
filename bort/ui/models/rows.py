"""Stored models as rows of tables and marks of figures. Pure.

What came in a bundle was written elsewhere: every value may be absent or of another kind, and
is left empty then.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bort.figures.models import RealisedMark
from bort.storage import ModelRecord

Row = Mapping[str, Any]


def number(row: Any, *keys: str) -> float | None:
    """The finite number under nested keys; None where there is none."""
    for key in keys:
        row = row.get(key) if isinstance(row, Mapping) else None
    is_number = isinstance(row, int | float) and not isinstance(row, bool)
    return float(row) if is_number and math.isfinite(row) else None


def words(row: Any, *keys: str) -> str:
    """The text under nested keys; empty where there is none."""
    for key in keys:
        row = row.get(key) if isinstance(row, Mapping) else None
    return row if isinstance(row, str) else ""


def section(row: Any, *keys: str) -> Row:
    """The object under nested keys; empty where there is none."""
    for key in keys:
        row = row.get(key) if isinstance(row, Mapping) else None
    return row if isinstance(row, Mapping) else {}


def seed_count(row: Row) -> int:
    """How many seeds a model was trained with; 0 where it is not told."""
    seeds = row.get("seeds")
    return len(seeds) if isinstance(seeds, list) else 0


def last_stage(row: Row) -> str:
    """The stage that the model's own weights came out of; empty where it is not told."""
    stages = row.get("stages")
    return words(stages[-1], "stage") if isinstance(stages, list) and stages else ""


def brief(text: str) -> str:
    """A name for a cell of a table: of a path, its last part.

    Examples:
        >>> brief("movie-reviews"), brief("/data/reviews.csv"), brief("hub:ada/reviews")
        ('movie-reviews', 'reviews.csv', 'hub:ada/reviews')
    """
    return text.rstrip("/").rsplit("/", 1)[-1] if text.startswith("/") else text


def percent(value: float | None) -> float | None:
    """A share in percent, to one digit."""
    return None if value is None else round(100 * value, 1)


def interval(row: Row) -> str:
    """The 95% interval of an accuracy, in percent."""
    low, high = number(row, "low"), number(row, "high")
    return "" if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"


def overview(models: Sequence[ModelRecord]) -> pd.DataFrame:
    """All models, one row each."""
    return pd.DataFrame(
        [
            {
                "model": model.name,
                "task": brief(model.task),
                "architecture": model.architecture_id,
                "audit (%)": percent(number(model.realised, "audit", "accuracy")),
                "of teacher (%)": percent(number(model.realised, "share_of_teacher")),
                "latency (ms)": number(model.realised, "latency_ms"),
                "times faster": number(model.realised, "times_faster_than_teacher"),
                "parameters": number(model.realised, "parameter_count"),
                "from": "a bundle" if model.is_imported else model.study,
            }
            for model in models
        ]
    ).round({"latency (ms)": 2, "times faster": 1})


def comparison(model: ModelRecord) -> pd.DataFrame:
    """The model beside its teacher, the plain student, tf-idf and the landmark nearest in size."""
    realised = model.realised
    runtimes = list(section(realised, "latency"))
    parameters = number(realised, "parameter_count")
    own = _judged(model.name, section(realised, "audit"), parameters)
    own["dev (%)"] = percent(number(realised, "dev", "accuracy"))
    teacher_row = section(realised, "teacher")
    teacher = _judged(f"teacher: {brief(words(teacher_row, 'name'))}", teacher_row, None)
    teacher["dev (%)"] = percent(number(teacher_row, "dev_accuracy"))
    rows = [own, teacher]
    if plain := section(realised, "plain_student"):
        rows.append(_judged("the same, from random weights", plain, parameters))
    if tfidf := section(realised, "tfidf"):
        rows.append(_judged(words(tfidf, "name") or "tf-idf", tfidf, None))
    for runtime in runtimes:
        times = section(realised, "latency", runtime)
        own[_column(runtime)] = number(times, "median_ms")
        teacher[_column(runtime)] = number(times, "teacher_ms")
    if landmark := section(realised, "landmark"):
        rows.append(_landmark(model, landmark, runtimes))
    latencies = [_column(runtime) for runtime in runtimes]
    columns = ["who", "audit (%)", "95 %", "dev (%)", "macro F1", "parameters", *latencies]
    return pd.DataFrame(rows, columns=columns).round(dict.fromkeys(latencies, 2))


def _judged(who: str, row: Row, parameters: float | None) -> dict[str, Any]:
    f1 = number(row, "macro_f1")
    return {
        "who": who,
        "audit (%)": percent(number(row, "accuracy")),
        "95 %": interval(row),
        "macro F1": None if f1 is None else round(f1, 3),
        "parameters": parameters,
    }


def _landmark(model: ModelRecord, landmark: Row, runtimes: Sequence[str]) -> dict[str, Any]:
    name = words(landmark, "name")
    row: dict[str, Any] = {
        "who": f"{name}, nearest in size",
        "parameters": number(landmark, "parameter_count"),
    }
    for runtime in runtimes:
        times = section(model.evidence, "latency", runtime, "models", f"landmark {name}")
        row[_column(runtime)] = number(times, "median_ms")
    if runtimes and row[_column(runtimes[0])] is None:
        row[_column(runtimes[0])] = number(landmark, "latency_ms")
    return row


def _column(runtime: str) -> str:
    return f"{runtime} (ms)"


def realised_marks(models: Sequence[ModelRecord], task: str) -> list[RealisedMark]:
    """Where models of one task came to lie; one without its three values is left out.

    Args:
        task: the study's; a model of another task has another kind of error.
    """
    found = []
    for model in models:
        realised = model.realised
        place = _triple(
            number(realised, "parameter_count"),
            number(realised, "latency_ms"),
            _error(number(realised, "dev", "accuracy")),
        )
        trained_on = words(model.evidence, "data", "task_spec", "task")
        if place is None or trained_on != task:
            continue
        before = section(realised, "predicted")
        predicted = _triple(
            number(before, "parameter_count"),
            number(before, "latency_ms"),
            number(before, "error_rate"),
        )
        audit = percent(number(realised, "audit", "accuracy"))
        remark = f"audit accuracy {audit} % ({interval(section(realised, 'audit'))})"
        found.append(RealisedMark(model.name, model.architecture_id, place, predicted, remark))
    return found


def _error(accuracy: float | None) -> float | None:
    return None if accuracy is None else 1 - accuracy


def _triple(
    parameters: float | None, latency_ms: float | None, error: float | None
) -> tuple[float, float, float] | None:
    if parameters is None or latency_ms is None or error is None:
        return None
    return parameters / 1e6, latency_ms, 100 * error
