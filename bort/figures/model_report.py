"""A trained model as one HTML file: comparison, curves, prediction and result, commands."""

from collections.abc import Sequence

import plotly.graph_objects as go

from bort.core.rivals import Comparison
from bort.core.study import TaskSpec
from bort.export.card import is_ours
from bort.figures.document import charts, commands, document, heading, lines, table
from bort.figures.front import front_info, plot_pair
from bort.figures.mistakes import MOST_CLASSES, plot_calibration, plot_confusion
from bort.figures.models import add_realised, mark_on_front, plot_curves
from bort.figures.objectives import axes_of
from bort.figures.rivals_report import beside_others, compared
from bort.finetuning.again import training_command
from bort.finetuning.history import ModelHistory
from bort.finetuning.mistaken_texts import mistaken_texts
from bort.finetuning.realised import Accuracy, Realised, RealisedLatency, TrainedModel
from bort.finetuning.stages import DEV_ERROR, LOSS, Curve
from bort.report import mistakes as mistake_words
from bort.report import models as words
from bort.report.baselines import NAMES
from bort.report.deployed import HEADINGS, fastest_sentence, file_rows, rule_sentence
from bort.report.numbers import milliseconds, milliseconds_range, shape
from bort.studies.commands import export_command

_HEIGHT = 330


def model_report(history: ModelHistory, *, with_texts: bool = False) -> str:
    """Write the report.

    Args:
        with_texts: include the texts of the mistakes, which are read from the task.
    Raises:
        BortError: these texts cannot be read.
    """
    model, realised, evidence = history.model, history.model.realised, history.model.evidence
    stages = [one.stage for one in realised.stages]
    drawn = [*_on_front(history), *_curves(history.curves, stages)]
    rivals = _rivals(history)
    beside = [] if rivals is None else compared(rivals)
    mistakes = _mistakes(model)
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
        *_files(realised),
        *([] if rivals is None else beside_others(rivals, len(drawn), model=model.record.name)),
        heading("Mistakes"),
        charts(len(drawn) + len(beside), len(mistakes)),
        _mistake_parts(model, with_texts=with_texts),
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
    return document(f"Model {model.record.name}", parts, [*drawn, *beside, *mistakes])


def _rivals(history: ModelHistory) -> Comparison | None:
    """Return the newest comparison on the texts of the search that the model was picked from."""
    answer, data = history.answer, history.model.evidence.data
    if answer is None or answer.spec.task != TaskSpec.from_dict(data.task_spec):
        return None
    return answer.rivals


def _on_front(history: ModelHistory) -> list[go.Figure]:
    answer = history.answer
    mark = None if answer is None else mark_on_front(answer, history.model)
    if answer is None or mark is None:
        return []
    size, latency, error = axes_of(answer)
    objectives = (size, latency, error)
    info = front_info(answer.points, objectives=objectives, pick_id=mark.architecture_id)
    figure = plot_pair(info, latency, error, log=(latency,), height=_HEIGHT)
    figure.update_layout(title={"text": "predicted to realised", "font": {"size": 13}})
    return [add_realised(figure, [mark], latency, error)]


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


def _mistakes(model: TrainedModel) -> list[go.Figure]:
    confusion, calibration = model.realised.confusion, model.realised.calibration
    names = model.evidence.data.class_names
    found = []
    if confusion is not None and len(names) <= MOST_CLASSES:
        found.append(plot_confusion(confusion, names, height=_HEIGHT))
    if calibration is not None:
        found.append(plot_calibration(calibration, height=_HEIGHT))
    return found


def _mistake_parts(model: TrainedModel, *, with_texts: bool) -> str:
    confusion, calibration = model.realised.confusion, model.realised.calibration
    evidence = model.evidence
    names = evidence.data.class_names
    if confusion is None or calibration is None or evidence.mistakes is None:
        return lines([mistake_words.NOT_KEPT])
    said = [
        mistake_words.confusion_sentence(confusion, names),
        mistake_words.calibration_sentence(calibration),
    ]
    pairs = [
        (row.true, row.answer, row.texts, f"{row.share:.1%}")
        for row in mistake_words.pair_rows(confusion, names)
    ]
    headings = ("class", "answer", "audit texts", "of the class")
    parts = [lines(said), table(headings, pairs, key="confused")]
    if with_texts:
        wrong = [
            (f"{one.score:.3f}", names[one.answer], names[one.true], " / ".join(text))
            for one, text in mistaken_texts(evidence)
        ]
        parts += [
            lines([mistake_words.mistakes_sentence(evidence.mistakes, evidence.data)]),
            table(("score", "answer", "class", "text"), wrong, key="mistakes"),
        ]
    return "".join(parts)


def _comparison(model: TrainedModel) -> str:
    realised = model.realised
    rows = [_row(model.record.name, realised.audit)]
    if realised.teacher is not None:
        rows.append(_row(f"teacher: {realised.teacher.name}", realised.teacher))
    if realised.plain_student is not None:
        rows.append(_row("the same, from random weights", realised.plain_student))
    rows += [_row(NAMES[method], found) for method, found in realised.baselines.items()]
    for runtime, times in realised.latency.items():
        rows.append(
            (f"latency, {runtime}", f"{milliseconds(times.median_ms)} ms", _range(times), "")
        )
        if times.teacher_ms is not None:
            rows.append(
                (
                    f"latency of the teacher, {runtime}",
                    f"{milliseconds(times.teacher_ms)} ms",
                    "",
                    "",
                )
            )
    rows.append(("parameters", f"{realised.parameter_count:,}", "", ""))
    return table(("", "audit", "95%", "macro F1"), rows, key="comparison")


def _files(realised: Realised) -> list[str]:
    """Write the table of the files that were timed from text to label, if any."""
    deployed = realised.deployed
    if deployed is None:
        return []
    said = [fastest_sentence(deployed), rule_sentence(deployed)]
    rows = table(HEADINGS, file_rows(deployed), key="files")
    return [heading("Files, from text to label"), rows, lines(said)]


def _row(who: str, found: Accuracy) -> tuple[str, ...]:
    interval = f"{found.low:.1%} to {found.high:.1%}"
    return who, f"{found.accuracy:.1%}", interval, f"{found.macro_f1:.3f}"


def _range(times: RealisedLatency) -> str:
    return f"{milliseconds_range(times.low_ms, times.high_ms)} ms"


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
    again = None if record.is_imported else training_command(model.realised, model.evidence)
    return found if again is None else [*found, again]
