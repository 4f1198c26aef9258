"""Help to choose: limits, suggestions, exchanges around the pick, and what it beats."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bort.report.choosing import (
    W_INTRODUCED,
    against_sentence,
    cost_name,
    exchange_sentences,
    latency_limit,
    limits_sentence,
    move_sentence,
    reasons_sentence,
    size_limit,
    standing_sentence,
)
from bort.search.choosing import Beaten
from bort.studies.answers import StudyAnswer, TableAnswer
from bort.studies.choosing import ERROR, LATENCY, SIZE, Choice, Limits
from bort.ui.front.objectives import Answer
from bort.ui.kit import address, markup

_SIZE_STEPS = {True: 0.1, False: 1.0}  # of megabytes, of millions of parameters
_ERROR = ("Error at most, %", 1.0)
_LATENCY_STEP = 0.01
_COSTS = {SIZE: "Size", LATENCY: "Latency"}
_WISHES = {SIZE: "smaller", LATENCY: "faster", ERROR: "more accurate"}
_LOSSES = {SIZE: "size", LATENCY: "latency", ERROR: "error"}


def _limit_of_a_table(answer: TableAnswer, which: int) -> str:
    """Name a limit. Where more is better, 1 / the column is drawn and limited."""
    cost = cost_name(answer.columns, which)
    is_inverted = cost not in (answer.columns.size, answer.columns.latency)
    return markup.plain(f"{cost if is_inverted else _COSTS[which]} at most")


def ask_limits(name: str, answer: Answer, places: Sequence[DeltaGenerator]) -> Limits:
    """Show the limits of size, latency and error in three places; the address keeps them.

    Args:
        name: the study or table; each has its own fields.
    """
    given = address.limits()
    asked: Sequence[tuple[str, float | None]]
    helps: Sequence[str | None] = (None, None, None)
    if isinstance(answer, StudyAnswer):
        unit = answer.spec.size.unit
        size, size_help = size_limit(unit)
        latency, latency_help = latency_limit(answer.latency)
        asked = ((size, _SIZE_STEPS[unit.is_bytes]), (latency, _LATENCY_STEP), _ERROR)
        helps = (size_help, latency_help, None)
    else:
        asked = (*((_limit_of_a_table(answer, which), None) for which in (SIZE, LATENCY)), _ERROR)
    keys = [f"limit:{name}:{column}" for column in range(len(asked))]

    def changed() -> None:
        address.choose_limits(Limits(*(st.session_state[key] for key in keys)))

    values = []
    for place, (label, step), said, key, value in zip(
        places, asked, helps, keys, given, strict=True
    ):
        # A link wins over what was typed before.
        if st.session_state.get(key, value) != value:
            st.session_state[key] = value
        values.append(
            place.number_input(
                label,
                min_value=0.0,
                value=value,
                step=step,
                format="%g",
                key=key,
                on_change=changed,
                placeholder="any",
                help=said,
            )
        )
    return Limits(*(value or None for value in values))


def say(choice: Choice) -> None:
    """Introduce W, and say how many architectures meet the limits."""
    words, left = st.columns([4.6, 3.2], gap="medium")
    with words, st.container(key="w-introduced"):
        markup.note(W_INTRODUCED)
    with left:
        sentence = limits_sentence(choice)
        if choice.nearest is None:
            markup.note(sentence)
        else:
            markup.notice(sentence)


def suggest(choice: Choice) -> None:
    """Show up to four suggestions, each with its reasons and a button that picks it."""
    found = choice.suggested()
    markup.label("suggestions")
    if choice.nearest is not None:
        _offer(choice.nearest, "Nearest to your limits, but does not meet them.")
    pick = address.pick()
    for name, reasons in found:
        _offer(name, reasons_sentence(choice, name, reasons), is_picked=name == pick)


def _offer(name: str, reason: str, *, is_picked: bool = False) -> None:
    key = f"suggestion-{name}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=key):
        st.button(
            markup.plain(name),
            key=f"suggested:{name}",
            on_click=address.choose_pick_in_chart,
            args=(name,),
            type="primary" if is_picked else "secondary",
            help="Pick it",
        )
        with st.container():
            markup.note(reason)


def around(choice: Choice, name: str) -> None:
    """Show what a change from the pick costs, what it beats, and a wish for another one."""
    standing = choice.standing(name)
    if standing.degree is not Beaten.NOT:
        markup.notice(standing_sentence(standing))
    sentences = exchange_sentences(choice.exchanges(name))
    if sentences:
        markup.label("exchange rates from here")
        for other, sentence in sentences:
            _step(other, sentence, key=f"exchange:{other}:{sentence}")
    found = choice.neighbours(name)
    if found:
        markup.label("against its neighbours")
        for move in found:
            markup.note(against_sentence(name, move))
    _wish(choice, name)


def _step(other: str, sentence: str, *, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container():
            markup.note(sentence)
        st.button(
            markup.plain(other),
            key=key,
            on_click=address.choose_pick_in_chart,
            args=(other,),
            type="tertiary",
            icon=":material/arrow_forward:",
            help="Pick it",
        )


def _wish(choice: Choice, name: str) -> None:
    markup.label("I want it")
    wanted = st.pills(
        "I want it",
        list(_WISHES),
        selection_mode="multi",
        format_func=_WISHES.__getitem__,
        key="wanted",
        label_visibility="collapsed",
    )
    if not wanted:
        return
    rest = [column for column in _LOSSES if column not in wanted]
    given_up = st.pills(
        "and may lose in",
        rest,
        selection_mode="multi",
        default=rest,
        format_func=_LOSSES.__getitem__,
        key=f"given-up:{wanted}",
    )
    kept = [column for column in rest if column not in given_up]
    move = choice.move(name, better=wanted, kept=kept)
    if move is None:
        where = " within the limits" if choice.limits.is_set else ""
        remedy = " Choose what else it may lose in." if kept else ""
        markup.note(f"No trained architecture{where} does that.{remedy}")
    else:
        _step(move.id, move_sentence(move, wanted), key="wish")
