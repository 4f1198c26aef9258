"""Tables of trained models. Pure."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import pandas as pd

from bort.finetuning.realised import Accuracy, TrainedModel, landmark_key


def overview(models: Sequence[TrainedModel]) -> pd.DataFrame:
    """Make the table of all models, one row each."""
    return pd.DataFrame(
        [
            {
                "model": model.record.name,
                "task": short_name(model.record.task),
                "architecture": model.record.architecture_id,
                "audit (%)": percent(model.realised.audit.accuracy),
                "of teacher (%)": percent(model.realised.share_of_teacher),
                "latency (ms)": model.realised.latency_ms,
                "times faster": model.realised.times_faster_than_teacher,
                "parameters": model.realised.parameter_count,
                "from": "a bundle" if model.record.is_imported else model.record.study,
            }
            for model in models
        ]
    ).round({"latency (ms)": 2, "times faster": 1})


def comparison(model: TrainedModel) -> pd.DataFrame:
    """Compare the model with its teacher, baselines and the landmark nearest in size."""
    realised = model.realised
    own = _evaluated(model.record.name, realised.audit, realised.parameter_count)
    own["dev (%)"] = percent(realised.dev.accuracy)
    teacher = _evaluated(f"teacher: {short_name(realised.teacher.name)}", realised.teacher, None)
    teacher["dev (%)"] = percent(realised.teacher.dev_accuracy)
    rows = [own, teacher]
    if plain := realised.plain_student:
        rows.append(_evaluated("the same, from random weights", plain, realised.parameter_count))
    if tfidf := realised.tfidf:
        rows.append(_evaluated("tf-idf with logistic regression", tfidf, None))
    for runtime, times in realised.latency.items():
        own[_column(runtime)] = times.median_ms
        teacher[_column(runtime)] = times.teacher_ms
    if realised.landmark:
        rows.append(_landmark(model))
    latencies = [_column(runtime) for runtime in realised.latency]
    columns = ["who", "audit (%)", "95 %", "dev (%)", "macro F1", "parameters", *latencies]
    return pd.DataFrame(rows, columns=columns).round(dict.fromkeys(latencies, 2))


def _evaluated(who: str, found: Accuracy, parameters: int | None) -> dict[str, Any]:
    return {
        "who": who,
        "audit (%)": percent(found.accuracy),
        "95 %": f"{100 * found.low:.1f} to {100 * found.high:.1f}",
        "macro F1": round(found.macro_f1, 3),
        "parameters": parameters,
    }


def _landmark(model: TrainedModel) -> dict[str, Any]:
    landmark = model.realised.landmark
    assert landmark is not None
    row: dict[str, Any] = {
        "who": f"{landmark.name}, nearest in size",
        "parameters": landmark.parameter_count,
    }
    for number, runtime in enumerate(model.realised.latency):
        times = model.evidence.latency.get(runtime)
        timed = times.models.get(landmark_key(landmark.name)) if times else None
        if timed is not None:
            row[_column(runtime)] = timed.median_ms
        elif number == 0:
            row[_column(runtime)] = landmark.latency_ms
    return row


def _column(runtime: str) -> str:
    return f"{runtime} (ms)"


def percent(share: float | None) -> float | None:
    """Convert a share to percent, rounded to one digit."""
    return None if share is None else round(100 * share, 1)


def short_name(reference: str) -> str:
    """Shorten a task's or network's name for a table cell: a path to its last part.

    Examples:
        >>> short_name("movie-reviews"), short_name("/data/reviews.csv"), short_name("hub:ada/a")
        ('movie-reviews', 'reviews.csv', 'hub:ada/a')
    """
    path = PurePath(reference)
    return path.name if path.is_absolute() else reference
