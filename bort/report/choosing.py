"""Sentences that help to choose: reasons, exchange rates, comparisons."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from bort.core.baseline import Method, OracleFacts
from bort.core.size import BYTES_OF_FLOAT32, SizeUnit
from bort.report.baselines import SHORT_NAMES
from bort.report.numbers import milliseconds, shape, significant
from bort.search.choosing import Beaten, Difference, Options, Reason, differences
from bort.studies.answers import LatencyBasis, Point, TablePoint
from bort.studies.answers.rows import Columns
from bort.studies.choosing import (
    ERROR,
    LATENCY,
    NORMAL_95,
    SIZE,
    AnyPoint,
    Choice,
    Move,
    Standing,
    Unit,
)


class _Words(NamedTuple):
    """How to speak of one objective.

    Attributes:
        amount: writes a difference.
        value: writes a value.
        number: writes the value alone.
        superlative: the option that has least.
    """

    amount: Callable[[float], str]
    value: Callable[[float], str]
    number: Callable[[float], str]
    superlative: str


_SIZES = {
    SizeUnit.PARAMETERS: "{:,.2f} M parameters",
    SizeUnit.EFFECTIVE: "{:,.3f} M parameters without embeddings",
    SizeUnit.FLOAT32: "{:,.3f} MB",
    SizeUnit.INT8: "{:,.3f} MB",
}


def _words(unit: Unit) -> dict[int, _Words]:
    """Speak of size, latency and error; of a table's columns with their own names."""
    error = _Words(
        "{:.1f} points of error".format, "{:.1f}% error".format, "{:.1f}".format, "most accurate"
    )
    size: Callable[[float], str]
    if isinstance(unit, Columns):
        size = partial(_in_column, cost_name(unit, SIZE))
        latency = partial(_in_column, cost_name(unit, LATENCY))
        sizes = _Words(size, size, significant, "smallest")
        return {
            SIZE: sizes,
            LATENCY: _Words(latency, latency, significant, "fastest"),
            ERROR: error,
        }
    size = _SIZES[unit].format
    return {
        SIZE: _Words(size, size, _SIZES[unit].split()[0].format, "smallest"),
        LATENCY: _Words(_in_ms, _in_ms, milliseconds, "fastest"),
        ERROR: error,
    }


def _in_ms(value: float) -> str:
    return f"{milliseconds(value)} ms"


def _in_column(name: str, value: float) -> str:
    return f"{significant(value)} in {name}"


def cost_name(columns: Columns, column: int) -> str:
    """Name what is minimised of a table's column of sizes or latencies.

    Examples:
        >>> columns = Columns("params", "throughput", "error", maximised=("throughput",))
        >>> cost_name(columns, SIZE), cost_name(columns, LATENCY)
        ('params', '1 / throughput')
    """
    name = columns.size if column == SIZE else columns.latency
    return f"1 / {name}" if name in columns.maximised else name


def shape_of(point: AnyPoint) -> str:
    """Write the dimensions of a point."""
    if isinstance(point, TablePoint):
        return ", ".join(f"{name} {value}" for name, value in point.architecture.items())
    return shape(point.architecture)


W_INTRODUCED = (
    "W weighs savings against mistakes: size saved × latency saved ÷ error. Weights are exponents, "
    "and ours; with 1, 1, 1 it is the papers' W, which favours none."
)


def joint_sentence(counts: Mapping[str, int]) -> str:
    """Say which studies the joint front consists of.

    Examples:
        >>> joint_sentence({"mine": 4, "yours": 9})
        'Together they have a front of 13: 4 of mine and 9 of yours.'
    """
    shares = _listed(f"{count:,} of {name}" for name, count in counts.items())
    return f"Together they have a front of {sum(counts.values()):,}: {shares}."


def unlike_sentence(names: Sequence[str]) -> str:
    """Warn of studies whose numbers are about something else."""
    return (
        f"Compare with care: {_listed(names)} {'has' if len(names) == 1 else 'have'} another task, "
        "runtime or machine."
    )


def size_limit(unit: SizeUnit) -> tuple[str, str]:
    """Name the limit on a study's size, and explain it.

    Examples:
        >>> size_limit(SizeUnit.PARAMETERS)[0], size_limit(SizeUnit.INT8)[0]
        ('M params at most', 'Size at most, MB')
    """
    if unit.is_bytes:
        return "Size at most, MB", "The exported weights and tokenizer on disk, in megabytes."
    return "M params at most", (
        "Millions of parameters. A parameter takes 4 bytes in float32 and about 1 byte in int8: "
        "1 MB of weights has 0.25 or about 1 million. To limit files, tokenizer included, choose "
        "bytes on disk beside the study, at the top."
    )


def latency_limit(latency: LatencyBasis) -> tuple[str, str]:
    """Name the limit on a study's latency, and explain it."""
    texts = latency.batch_size
    if latency.is_text_to_label:
        what = "per text" if texts == 1 else f"per {texts} texts"
        return f"At most, ms {what}", (
            "From text to label: tokenizer, padding, network and softmax, on the task's texts."
        )
    return "Network at most, ms", (
        f"The network alone, for one pass of {texts} x {latency.sequence_length} tokens. To limit "
        "the time per text, tokenizer included, search with “Text to label”."
    )


def limits_sentence(choice: Choice) -> str:
    """Say how many points meet the limits, or which one is nearest to doing so."""
    count = len(choice.rows)
    what = "rows" if isinstance(choice.unit, Columns) else "trained architectures"
    if choice.nearest is None:
        if not choice.limits.is_set:
            if count == 1:
                return f"No limits: the one {what[:-1]} is left."
            return f"No limits: all {count:,} {what} are left."
        left = len(choice.meeting)
        verb = "is" if left == 1 else "are"
        return f"{left:,} of {count:,} {what} {verb} left{_in_megabytes(choice)}."
    return f"Nothing meets them: the nearest is {choice.nearest}, with {_excess(choice)}."


def _in_megabytes(choice: Choice) -> str:
    """Say how large a file the limit on parameters allows: an M reads like megabytes."""
    most = choice.limits.size
    if most is None or choice.unit is not SizeUnit.PARAMETERS:
        return ""
    return f": {most:g} M parameters are {BYTES_OF_FLOAT32 * most:g} MB of float32 weights"


def _excess(choice: Choice) -> str:
    assert choice.nearest is not None
    values = choice.options.values[choice.rows[choice.nearest]]
    return _listed(
        f"{_words(choice.unit)[k].value(values[k])} instead of "
        f"{_words(choice.unit)[k].number(limit)}"
        for k, limit in enumerate(choice.limits)
        if limit is not None and values[k] > limit
    )


def reasons_sentence(choice: Choice, name: str, reasons: Sequence[Reason]) -> str:
    """Say why a point is suggested."""
    values = choice.options.values
    lowest = values[choice.meeting, ERROR].min()
    among = " within your limits" if choice.limits.is_set else ""
    own = values[choice.rows[name], ERROR]
    as_good = f"whose error is within noise of the lowest{among}"
    as_good += "" if own == lowest else f" ({lowest:.1f}%)"
    words = {
        Reason.SMALLEST_AS_GOOD: f"the smallest {as_good}",
        Reason.FASTEST_AS_GOOD: f"the fastest {as_good}",
        Reason.KNEE: "the best balance of all three (the knee)",
        Reason.MOST_ACCURATE: f"the lowest error{among}",
    }
    if {Reason.SMALLEST_AS_GOOD, Reason.FASTEST_AS_GOOD} <= set(reasons):
        words[Reason.SMALLEST_AS_GOOD] = f"the smallest and the fastest {as_good}"
        reasons = [one for one in reasons if one is not Reason.FASTEST_AS_GOOD]
    return _sentence(_listed(words[reason] for reason in reasons))


def exchange_sentences(exchanges: Mapping[int, Move]) -> list[tuple[str, str]]:
    """Say what less of each objective costs: the other point's id, and the sentence.

    Two objectives that lead to the same point share a sentence.
    """
    found: dict[str, list[int]] = {}
    for column, move in exchanges.items():
        if column in _saved(move):
            found.setdefault(move.id, []).append(column)
    moves = {move.id: move for move in exchanges.values()}
    return [(name, move_sentence(moves[name], wanted)) for name, wanted in found.items()]


def move_sentence(move: Move, wanted: Sequence[int]) -> str:
    """Say what a move costs that saves in the objectives `wanted`."""
    saved = _amounts(move, wanted)
    costs = _amounts(move, _paid(move)) or "nothing"
    besides = _amounts(move, [column for column in _saved(move) if column not in wanted])
    also = f" It also saves {besides}." if besides else ""
    return f"Saving {saved} costs {costs}.{also}"


def against_sentence(name: str, move: Move) -> str:
    """Say what `name` saves and pays against a neighbour; `move` leads from it to the neighbour."""
    changes = tuple(Difference(-d.value, -d.high, -d.low) for d in move.changes)
    back = Move(name, changes, move.unit)
    saved, paid = _amounts(back, _saved(back)), _amounts(back, _paid(back))
    if not saved and not paid:
        return f"Against {move.id}, it is as good in everything."
    what = _listed(filter(None, [saved and f"saves {saved}", paid and f"costs {paid}"]))
    return f"Against {move.id}, it {what}."


def standing_sentence(standing: Standing) -> str:
    """Say whether a point is beaten, and how surely."""
    match standing.degree:
        case Beaten.CLEARLY:
            return f"Clearly beaten by {standing.rival}: no better in anything, beyond noise."
        case Beaten.WITHIN_NOISE:
            return f"Beaten by {standing.rival}, but only within noise."
        case _:
            return "Not beaten: no other one is at least as good in everything."


def comparison_sentences(choice: Choice, names: Sequence[str]) -> str:
    """Say which of the points is best at what, and where that is within noise."""
    said = []
    for column, words in _words(choice.unit).items():
        order = sorted(names, key=lambda name: choice.options.values[choice.rows[name], column])
        best, *others = order
        value = words.value(choice.options.values[choice.rows[best], column])
        if column == ERROR:
            said.append(f"Most accurate: {best}, {value}.")
            said += [_apart_in_error(choice, best, other) for other in others]
            continue
        close = [
            other for other in others if not choice.compare(best, other).changes[column].is_clear
        ]
        noise = f"; {_listed(close)} {'is' if len(close) == 1 else 'are'} within noise of it"
        said.append(f"{words.superlative.capitalize()}: {best}, {value}{noise if close else ''}.")
    return " ".join(said)


def _apart_in_error(choice: Choice, best: str, other: str) -> str:
    change = choice.compare(best, other).changes[ERROR]
    more = f"{other} has {change.value:.1f} points more"
    if change.low == change.high:
        return f"{more}."
    noise = "clearly more" if change.is_clear else "within noise"
    return f"{more} (95%: {change.low:.1f} to {change.high:.1f}, {noise})."


def baselines_sentence(point: Point, facts: OracleFacts) -> str:
    """Say how a point's error compares with the baselines'; nothing if there are none."""
    half = NORMAL_95 * point.error_se
    rate = point.error_rate
    said = []
    for one in facts.baselines:
        if one.methods == (Method.MAJORITY,):
            continue
        table = 100 * np.array(
            [
                [(rate,), (rate - half,), (rate + half,)],
                [(one.error_rate,), (one.low,), (one.high,)],
            ]
        )
        [change] = differences(Options(table[:, 0], table[:, 1], table[:, 2]), 0, 1)
        than = "more" if change.value > 0 else "less"
        noise = "" if change.is_clear else " (within noise)"
        name = SHORT_NAMES[one.methods[0]]
        said.append(f"{abs(change.value):.1f} {than} than {name}{noise}")
    return f"Points of error: {_listed(said)}." if said else ""


def _saved(move: Move) -> list[int]:
    return [k for k, change in enumerate(move.changes) if change.value < 0 and _is_seen(k, move)]


def _paid(move: Move) -> list[int]:
    return [k for k, change in enumerate(move.changes) if change.value > 0 and _is_seen(k, move)]


def _is_seen(column: int, move: Move) -> bool:
    """Whether the amount is more than 0 as it is written."""
    return any(digit in "123456789" for digit in _amount(column, move))


def _amounts(move: Move, columns: Iterable[int]) -> str:
    return _listed(
        _amount(column, move) + ("" if move.changes[column].is_clear else " (within noise)")
        for column in columns
    )


def _amount(column: int, move: Move) -> str:
    return _words(move.unit)[column].amount(abs(move.changes[column].value))


def _listed(texts: Iterable[str]) -> str:
    """Join with commas and "and".

    Examples:
        >>> _listed(["a"]), _listed(["a", "b", "c"]), _listed([])
        ('a', 'a, b and c', '')
    """
    found = list(texts)
    return " and ".join(filter(None, [", ".join(found[:-1]), *found[-1:]]))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
