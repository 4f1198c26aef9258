"""A front as one HTML file: charts, the choice and its reasons, claim, table, commands.

The file has the drawing library in it, opens from disk, and is forbidden to fetch anything.
"""

from collections.abc import Sequence
from itertools import combinations

import plotly.graph_objects as go

from bort.figures.document import charts, commands, document, heading, lines, table
from bort.figures.front import front_info, plot_front_3d, plot_pair
from bort.figures.objectives import axes_of
from bort.figures.rivals import add_rivals, add_rivals_3d, rivals_on_front
from bort.figures.rivals_report import beside_others, compared
from bort.report.choosing import exchange_sentences, reasons_sentence, shape_of
from bort.report.data import table_note
from bort.report.latency import misfit_sentence
from bort.report.ledger import words
from bort.report.search import latency_note, origin_sentence, summary
from bort.studies.answers import StudyAnswer, TableAnswer
from bort.studies.choosing import Choice

Answer = StudyAnswer | TableAnswer

_HEIGHT = 360


def front_report(
    answer: Answer, choice: Choice, *, title: str, pick: str | None, again: Sequence[str]
) -> str:
    """Write the report.

    Args:
        title: the study's name, or the table's.
        pick: the reader's choice; None is the one with the largest W.
        again: commands that show the same.
    Returns:
        HTML of about 5 MB, nearly all of it the drawing library.
    """
    figures = _figures(answer, choice, pick)
    rivals = answer.rivals if isinstance(answer, StudyAnswer) else None
    parts = [
        lines(_claim(answer)),
        charts(0, len(figures)),
        heading("The choice"),
        lines(_choice(answer, choice, pick)),
        heading("What the claim rests on"),
        table(
            ("assumption", "status", "evidence"),
            [(words(f).assumption, str(f.status), words(f).evidence) for f in answer.ledger],
            key="ledger",
        ),
        heading("All points"),
        _points(answer, choice),
        *([] if rivals is None else beside_others(rivals, len(figures))),
        heading("The same again"),
        commands(again),
    ]
    return document(title, parts, [*figures, *([] if rivals is None else compared(rivals))])


def _figures(answer: Answer, choice: Choice, pick: str | None) -> list[go.Figure]:
    objectives = axes_of(answer)
    info = front_info(
        answer.points,
        objectives=objectives,
        best_id=answer.best.name if answer.best else None,
        pick_id=pick,
        faded=choice.outside,
        noise=choice.within_noise,
    )
    log, limits = objectives[:2], zip(objectives, choice.limits, strict=True)
    at_most = {objective: limit for objective, limit in limits if limit is not None}
    pairs = [
        plot_pair(info, x, y, log=log, limits=at_most, height=_HEIGHT).update_layout(
            showlegend=True, legend={"orientation": "h", "y": 1.12}
        )
        for x, y in combinations(objectives, 2)
    ]
    space = plot_front_3d(info, log=log, height=_HEIGHT)
    if isinstance(answer, StudyAnswer):
        marks = rivals_on_front(answer)
        for figure, (x, y) in zip(pairs, combinations(objectives, 2), strict=True):
            add_rivals(figure, marks, x, y)
        add_rivals_3d(space, marks)
    return [*pairs, space]


def _claim(answer: Answer) -> list[str]:
    if isinstance(answer, TableAnswer):
        return [summary(answer), *map(table_note, answer.notes)]
    trained = origin_sentence(answer.origin, answer.unrecorded)
    return [summary(answer), latency_note(answer.latency), misfit_sentence(answer) or "", trained]


def _choice(answer: Answer, choice: Choice, pick: str | None) -> list[str]:
    names = {point.name: point for point in answer.points}
    said = [
        f"{name}: {reasons_sentence(choice, name, reasons)}" for name, reasons in choice.suggested()
    ]
    best = answer.best.name if answer.best else None
    shown = pick if pick in names else best
    if shown is None:
        return said
    what = "Picked" if shown == pick else "Largest W"
    exchanges = exchange_sentences(choice.exchanges(shown))
    return [
        f"{what}: {shown} ({shape_of(names[shown])}).",
        *(f"{sentence} That leads to {other}." for other, sentence in exchanges),
        *(f"Suggested: {line}" for line in said),
    ]


def _points(answer: Answer, choice: Choice) -> str:
    titles = [objective.title for objective in axes_of(answer)]
    options = choice.options
    rows = []
    for point in answer.points:
        row = choice.rows[point.name]
        low, high = options.low[row, -1], options.high[row, -1]
        marks = ("front" if point.is_on_front else "", "cover" if point.is_in_cover else "")
        numbers = (float(value) for value in (*options.values[row], low, high, point.w))
        rows.append((point.name, shape_of(point), *numbers, *marks))
    headings = ("name", "dimensions", *titles, "error from", "error to", "W", "front", "cover")
    return table(headings, rows, key="points")
