"""Pictures of what the benchmarks recorded."""

import csv

import numpy as np

from benchmarks.search.published_space import PUBLISHED, read
from docs.pictures.measured import RECORDED, ROOT
from docs.pictures.svg import Axes, Canvas


def training() -> str:
    """Dev errors of the recorded bench: what labels and initial weights are worth."""
    with (ROOT / "docs" / "bench" / "training.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = list(dict.fromkeys(row["architecture"] for row in rows))
    kinds = (
        ("trainer_error", "muted", "transformers.Trainer, random weights, hard labels"),
        ("our_error", "dominated", "our loop, the same"),
        ("scratch_error", "front", "with the teacher's soft labels"),
        ("inherited_error", "cover", "and inherited weights (the default)"),
    )
    canvas = Canvas(920, 420, "Dev error after 200 steps, by labels and initial weights")
    axes = Axes(canvas, 70, 24, 820, 280, (-0.5, len(names) - 0.5), (0.13, 0.42))
    axes.frame(
        x_ticks=range(len(names)),
        x_words=names,
        y_ticks=(0.15, 0.2, 0.25, 0.3, 0.35, 0.4),
        y_words=("15%", "20%", "25%", "30%", "35%", "40%"),
        y_title="error on dev",
    )
    for column, name in enumerate(names):
        for place, (key, colour, _) in enumerate(kinds):
            errors = [float(row[key]) for row in rows if row["architecture"] == name]
            x = column + 0.14 * (place - 1.5)
            canvas.line([axes.at(x, min(errors)), axes.at(x, max(errors))], colour=colour, width=1)
            for error in errors:
                canvas.dot(axes.at(x, error), colour=colour, radius=2.5, hollow=True)
            canvas.dot(axes.at(x, float(np.mean(errors))), colour=colour, radius=5)
    for number, (_, colour, words) in enumerate(kinds):
        x, y = 80 + 410 * (number % 2), 362 + 26 * (number // 2)
        canvas.dot((x, y), colour=colour, radius=5)
        canvas.text((x + 14, y + 4), words)
    return canvas.svg()


def published() -> str:
    """The recorded study of the published space, and Bort's place in it."""
    answer = read(RECORDED / "published-space" / "60-steps.json")[1, 1, 1]
    front = {point.id for point in answer.front}
    canvas = Canvas(920, 450, "Parameters against dev error of 16 architectures, with Bort marked")
    axes = Axes(canvas, 70, 40, 820, 320, (16, 190), (0.17, 0.345), True)
    axes.frame(
        x_ticks=(20, 50, 100, 150),
        y_ticks=(0.2, 0.25, 0.3),
        y_words=("20%", "25%", "30%"),
        x_title="million parameters (log scale)",
        y_title="error on dev",
        title=f"{answer.spec.training.steps} steps, {len(answer.points)} of 300 architectures",
    )
    for point in answer.points:
        x, error = point.parameter_count / 1e6, point.error_rate
        is_bort = point.id == PUBLISHED
        colour = "cover" if is_bort else "front" if point.id in front else "dominated"
        ends = (error - point.error_se, error + point.error_se)
        canvas.line([axes.at(x, end) for end in ends], colour=colour)
        canvas.dot(axes.at(x, error), colour=colour, radius=6 if is_bort else 4.5)
    best = next(point for point in answer.points if point.id == answer.ranking[0].id)
    bort = next(point for point in answer.points if point.id == PUBLISHED)
    x, y = axes.at(bort.parameter_count / 1e6, bort.error_rate)
    canvas.text((x + 12, y + 4), f"Bort, {PUBLISHED}")
    x, y = axes.at(best.parameter_count / 1e6, best.error_rate)
    canvas.text((x, y + 36), f"largest W: {best.id}", anchor="middle")
    canvas.dot((84, 430), colour="front", radius=4.5)
    canvas.text((96, 434), "on the front of size, latency and error")
    canvas.dot((400, 430), colour="dominated", radius=4.5)
    canvas.text((412, 434), "beaten by another")
    canvas.text((580, 434), "bars: ± one standard error", colour="muted")
    return canvas.svg()
