"""A trained model as one HTML file: comparison, curves, prediction and result, commands."""

from collections.abc import Sequence

import plotly.graph_objects as go

from bort.export.card import is_ours
from bort.figures.document import charts, commands, document, heading, lines, table
from bort.figures.front import front_info, plot_pair
from bort.figures.models import add_realised, mark_on_front, plot_curves
from bort.figures.objectives import ERROR, LATENCY
from bort.finetuning.history import ModelHistory
from bort.finetuning.realised import Accuracy, RealisedLatency, TrainedModel
from bort.finetuning.stages import DEV_ERROR, LOSS, Curve
from bort.report import models as words
from bort.report.baselines import NAMES
from bort.report.numbers import shape
from bort.studies.commands import export_command, finetune_command

_HEIGHT = 330


def model_report(history: ModelHistory) -> str:
    """Write the report."""
    model, realised, evidence = history.model, history.model.realised, history.model.evidence
    stages = [one.stage for one in realised.stages]
    drawn = [*_on_front(history), *_curves(history.curves, stages)]
    parts = [
        lines(
            [
                f"{shape(model.record.architecture)}. Trained on {realised.task}.",
                words.beaten_sentence(realised),
                words.accuracy_sentence(realised),
                words.teacher_sentence(realised),
                words.difference_sentence(realised) or "",
                words.weakest_sentence(realised),
            ]
        ),
        charts(0, len(drawn)),
        heading("Compared with teacher and baselines"),
        _comparison(model),
        lines(words.remarks(realised)),
        heading("Stages"),
        _stages(model),
        heading("Where it comes from"),
        lines(
            [
                words.search_sentence(evidence.search, realised.predicted),
                words.training_sentence(
                    evidence.oracle, cpu=str(evidence.machine.get("cpu", "an unknown processor"))
                ),
                words.data_sentence(evidence.data),
                words.LIMITS,
            ]
        ),
        heading("The same again"),
        commands(_commands(model)),
    ]
    return document(f"Model {model.record.name}", parts, drawn)


def _on_front(history: ModelHistory) -> list[go.Figure]:
    answer = history.answer
    mark = None if answer is None else mark_on_front(answer, history.model)
    if answer is None or mark is None:
        return []
    info = front_info(answer.points, pick_id=mark.architecture_id)
    figure = plot_pair(info, LATENCY, ERROR, log=(LATENCY,), height=_HEIGHT)
    figure.update_layout(title={"text": "predicted to realised", "font": {"size": 13}})
    return [add_realised(figure, [mark], LATENCY, ERROR)]


def _curves(curves: Sequence[Curve], stages: Sequence[str]) -> list[go.Figure]:
    """Draw each stage's curves: first those of the model, in their order, then its baselines'."""
    found = []
    for stage in dict.fromkeys([*stages, *(curve.stage for curve in curves)]):
        of_stage = [curve for curve in curves if curve.stage == stage]
        for quantity in (LOSS, DEV_ERROR):
            if any(curve.points for curve in of_stage if curve.quantity == quantity):
                figure = plot_curves(of_stage, quantity, height=_HEIGHT)
                found.append(figure.update_layout(title={"text": stage, "font": {"size": 13}}))
    return found


def _comparison(model: TrainedModel) -> str:
    realised = model.realised
    rows = [_row(model.record.name, realised.audit)]
    if realised.teacher is not None:
        rows.append(_row(f"teacher: {realised.teacher.name}", realised.teacher))
    if realised.plain_student is not None:
        rows.append(_row("the same, from random weights", realised.plain_student))
    rows += [_row(NAMES[method], found) for method, found in realised.baselines.items()]
    for runtime, times in realised.latency.items():
        rows.append((f"latency, {runtime}", f"{times.median_ms:.2f} ms", _range(times), ""))
        if times.teacher_ms is not None:
            rows.append(
                (f"latency of the teacher, {runtime}", f"{times.teacher_ms:.2f} ms", "", "")
            )
    rows.append(("parameters", f"{realised.parameter_count:,}", "", ""))
    return table(("", "audit", "95 %", "macro F1"), rows, key="comparison")


def _row(who: str, found: Accuracy) -> tuple[str, ...]:
    interval = f"{found.low:.1%} to {found.high:.1%}"
    return who, f"{found.accuracy:.1%}", interval, f"{found.macro_f1:.3f}"


def _range(times: RealisedLatency) -> str:
    return f"{times.low_ms:.2f} to {times.high_ms:.2f} ms"


def _stages(model: TrainedModel) -> str:
    rows = [
        (
            one.stage,
            one.seed,
            f"{one.learning_rate:g}",
            f"{one.chosen_step:,} of {one.steps:,}",
            f"{one.dev_error:.2%}",
            f"{one.seconds:.0f}",
        )
        for one in model.realised.stages
    ]
    headings = ("stage", "seed", "learning rate", "step kept", "dev error", "seconds")
    return table(headings, rows, key="stages")


def _commands(model: TrainedModel) -> list[str]:
    """Write the commands that export the model, and the one that trains it again."""
    record = model.record
    first = "numpy" if is_ours(model.realised, model.evidence) else "hf"
    found = [
        export_command(record.name, kind, f"{record.name}-{kind}{'.zip' * (kind == 'bundle')}")
        for kind in (first, "onnx", "bundle")
    ]
    if record.is_imported:
        return found
    again = finetune_command(
        record.study,
        [record.architecture_id],
        seeds=len(model.realised.seeds),
        recipe=model.evidence.recipe,
        threads=model.evidence.oracle.threads,
    )
    return [*found, again]
