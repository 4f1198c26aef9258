"""Everything about the picked architecture, and what to do with it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from bort.core.architecture import Architecture
from bort.core.size import BYTES_OF_FLOAT32
from bort.report.choosing import baselines_sentence
from bort.report.numbers import milliseconds, milliseconds_range, percent, shape
from bort.report.search import file_note, latency_note
from bort.studies.answers import Point, StudyAnswer, TableAnswer, TablePoint
from bort.studies.choosing import NORMAL_95, Choice
from bort.studies.commands import front_command, search_python
from bort.ui.front import choice as front_choice
from bort.ui.front import rows, side_by_side
from bort.ui.front.own_table import OwnTable
from bort.ui.kit import address, later, markup, navigation
from bort.ui.models import start as model_start

# Our dimension or fixed value -> the argument of `transformers.BertConfig`.
_BERT_ARGUMENTS = {
    "depth": "num_hidden_layers",
    "heads": "num_attention_heads",
    "hidden": "hidden_size",
    "intermediate": "intermediate_size",
    "vocabulary": "vocab_size",
    "positions": "max_position_embeddings",
    "types": "type_vocab_size",
    "labels": "num_labels",
}


Answer = StudyAnswer | TableAnswer
_MORE = "suggestions and reasons"


def show(answer: Answer, choice: Choice, own: OwnTable | None = None) -> None:
    """Show the pick, or the one with the largest W if nothing is picked.

    Args:
        own: the table that the answer is about, if it is no study.
    """
    asked = address.pick()
    point = next((p for p in answer.points if p.name == asked), None)
    if asked and point is None:
        where = "in this table" if own else "trained in this study"
        markup.problem(f"{asked!r} is not {where}; pick a mark or a row.")
    shown = point or answer.best
    if shown is None:
        return
    markup.label("your pick" if point else "largest W; pick any mark or row to see it here")
    if isinstance(answer, TableAnswer) and isinstance(shown, TablePoint) and own is not None:
        _show_row(shown, answer, choice, own)
    elif isinstance(answer, StudyAnswer) and isinstance(shown, Point):
        _show_architecture(shown, answer, choice)
    if point:
        st.button("Clear the pick", on_click=address.choose_pick, args=(None,), type="tertiary")


def _show_row(shown: TablePoint, answer: TableAnswer, choice: Choice, own: OwnTable) -> None:
    markup.name(*rows.title(shown))
    markup.tags(_properties(shown, answer, choice))
    markup.facts(rows.facts(shown, answer))
    front_choice.around(choice, shown.name)
    side_by_side.offer(shown.name)
    rows.take_along(shown, answer, own.source, own.path)


def _show_architecture(shown: Point, answer: StudyAnswer, choice: Choice) -> None:
    markup.name(shown.id, shape(shown.architecture))
    markup.tags(_properties(shown, answer, choice))
    markup.facts(_facts(shown, answer))
    if answer.facts is not None:
        markup.note(baselines_sentence(shown, answer.facts))
    front_choice.around(choice, shown.id)
    side_by_side.offer(shown.id)
    model_start.offer(answer, shown)
    st.page_link(
        navigation.AGORA,
        label="Teach it with Agora",
        icon=":material/school:",
        query_params={"study": answer.study, "pick": shown.id},
    )
    later.code(config_code(answer.spec.space, shown.architecture), language="python")
    markup.label("This view as a command")
    unit = answer.spec.size.unit
    size = unit if address.size() is unit else None
    command = front_command(answer.study, epsilon=answer.epsilon, weights=answer.weights, size=size)
    later.code(command, language="bash", wrap_lines=True)
    with st.expander("As Python"):
        code = search_python(
            answer.study, epsilon=answer.epsilon, weights=answer.weights, size=size
        )
        later.code(code, language="python", wrap_lines=True)
    markup.note(latency_note(answer.latency))


def strip(answer: Answer) -> None:
    """The pick in one line, for a phone."""
    asked = address.pick()
    shown = next((p for p in answer.points if p.name == asked), answer.best)
    if isinstance(answer, TableAnswer) and isinstance(shown, TablePoint):
        markup.strip(rows.strip(shown, answer), _MORE)
    elif isinstance(answer, StudyAnswer) and isinstance(shown, Point):
        is_bytes = answer.spec.size.unit.is_bytes
        size = f"{shown.size / 1e6:.3f} MB" if is_bytes else f"{shown.parameter_count / 1e6:.2f} M"
        latency = f"{milliseconds(shown.latency_ms)} ms"
        markup.strip(f"{shown.id}: {size}, {latency}, {percent(shown.error_rate)} error", _MORE)


def _properties(point: Point | TablePoint, answer: Answer, choice: Choice) -> list[str]:
    properties = ["on the Pareto front" if point.is_on_front else "dominated"]
    if point.is_in_cover:
        properties.append(f"in the ε-cover for ε = {answer.epsilon:g}")
    if answer.best and point.name == answer.best.name:
        properties.append("largest W")
    if point.name in choice.outside:
        properties.append("outside your limits")
    return properties


def _latencies(point: Point) -> list[tuple[str, str, str]]:
    measured = point.latency_measured
    own = f"{milliseconds_range(point.latency_low_ms, point.latency_high_ms)} ms"
    shown = ("Latency", f"{milliseconds(point.latency_ms)} ms", own)
    if measured is None:
        return [shown]
    if point.latency_ms == measured.median_ms:  # measured ones are drawn
        return [(*shown[:2], f"{own}; measured")]
    interval = f"{milliseconds_range(measured.low_ms, measured.high_ms)} ms; above: predicted"
    return [shown, ("Measured", f"{milliseconds(measured.median_ms)} ms", interval)]


def _on_disk(point: Point, answer: StudyAnswer) -> list[tuple[str, str, str]]:
    unit = answer.spec.size.unit
    if not unit.is_bytes:
        return []
    return [("Size on disk", f"{point.size / 1e6:,.3f} MB", file_note(unit))]


def _facts(point: Point, answer: StudyAnswer) -> list[tuple[str, str, str]]:
    rank = 1 + sum(other.w > point.w for other in answer.points)
    half = 100 * NORMAL_95 * point.error_se
    trainings = f", mean of {point.seeds} trainings" if point.seeds > 1 else ""
    weights = ", ".join(f"{weight:g}" for weight in answer.weights)
    return [
        (
            "Parameters",
            f"{point.parameter_count:,}",
            f"{point.effective_parameter_count:,} without embeddings; "
            f"{BYTES_OF_FLOAT32 * point.parameter_count / 1e6:,.2f} MB of float32 weights",
        ),
        *_on_disk(point, answer),
        *_latencies(point),
        (
            "Dev error",
            percent(point.error_rate),
            f"± {half:.1f} (95%), {point.n_dev:,} dev examples{trainings}",
        ),
        (
            "W",
            f"{point.w:.3f}",
            f"rank {rank} of {len(answer.points)}, weights {weights}{rows.ahead(point, answer)}",
        ),
    ]


def config_code(space: Mapping[str, Any], architecture: Mapping[str, int]) -> str:
    """Write Python for an architecture: a `BertConfig`, or a dictionary for other families.

    Examples:
        >>> print(config_code({"family": "bert", "fixed": {"vocabulary": 30522}}, {"depth": 4}))
        from transformers import BertConfig
        <BLANKLINE>
        config = BertConfig(
            num_hidden_layers=4,
            vocab_size=30522,
        )
    """
    named = Architecture.of(**architecture)
    if named.family:
        space = next(part for part in space["families"] if part["family"] == named.family)
    values = {**named.alone.as_dict(), **space.get("fixed", {})}
    if space.get("family") == "bert":
        lines = [f"    {_BERT_ARGUMENTS.get(name, name)}={v}," for name, v in values.items()]
        head = "from transformers import BertConfig\n\nconfig = BertConfig("
        return "\n".join([head, *lines, ")"])
    lines = [f"    {name!r}: {value!r}," for name, value in values.items()]
    return "\n".join([f"# family: {space.get('family')}", "architecture = {", *lines, "}"])
