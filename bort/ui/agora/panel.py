"""The picked point beside the map: its text with the changed words, and its parent."""

from collections.abc import Sequence

import streamlit as st

from bort.agora.loop import Provenance
from bort.figures.agora_map import point_name
from bort.report.agora import change_words, class_words, value_words, verdict_words
from bort.report.agora_map import changed_words, dev_history, selection_words
from bort.studies.agora import DevItems, StoredRun
from bort.ui.agora import corrections, selection
from bort.ui.agora.points import class_names, parent_of
from bort.ui.kit import address, markup

TEXT_CHARACTERS = 1_200


def show(run: StoredRun, dev: DevItems | None) -> None:
    """Show what is picked, and what can be corrected."""
    name = address.point()
    number = _dev_number(name, dev)
    row = next((row for row in run.points if point_name(row) == name), None)
    if row is None and number is None and not selection.selected(run.job.id):
        markup.note(
            "Click a point to read it beside its parent. Drag a lasso to select many, then reject "
            "or relabel them."
        )
        return
    with st.container(border=True):
        selected = selection.selected(run.job.id)
        if selected:
            _say_selection(run, selected)
        elif row is not None:
            _point(row, run, dev)
        elif number is not None and dev is not None:
            _dev(number, run, dev)
        corrections.offer(run, class_names(run, dev))


def _dev_number(name: str | None, dev: DevItems | None) -> int | None:
    first, _, second = (name or "").partition(":")
    if first != "dev" or dev is None or not (second.isascii() and second.isdigit()):
        return None
    return int(second) if int(second) < len(dev.values) else None


def _say_selection(run: StoredRun, selected: Sequence[int]) -> None:
    labelled = sum(run.points[k].point.verdict.is_labelled for k in selected)
    with st.container(horizontal=True, vertical_alignment="center"):
        markup.note(selection_words(len(selected), labelled))
        st.button(
            "Clear the selection",
            type="tertiary",
            key="agora-unselect",
            on_click=selection.clear,
            args=(run.job.id,),
        )


def _point(row: Provenance, run: StoredRun, dev: DevItems | None) -> None:
    classes, parent = class_names(run, dev), parent_of(row, dev)
    verdict = verdict_words(row.point.verdict, is_withdrawn=row.is_withdrawn)
    label = class_words(row.point.label, classes) or "no label"
    change = change_words(row, classes) or "the student did not see it"
    markup.label(f"point {point_name(row)}")
    if isinstance(row.point.value, str) and parent is not None:
        pieces = changed_words(parent, row.point.value)
        markup.changed([(text[:TEXT_CHARACTERS], is_new) for text, is_new in pieces])
    else:
        st.text(value_words(row.point.value)[:TEXT_CHARACTERS])
    sure = "" if row.point.confidence is None else f" ({row.point.confidence:.0%} sure)"
    markup.note(f"{verdict}, by {row.point.sampler}; {label}{sure}; student: {change}")
    markup.label(f"its parent, dev item {row.point.parent}")
    st.text("no longer readable" if parent is None else value_words(parent)[:TEXT_CHARACTERS])
    if dev is not None and parent is not None:
        truth = class_words(dev.labels[row.point.parent], dev.class_names)
        markup.note(f"{truth}; {dev_history(row.point.parent, run.rounds)}")


def _dev(number: int, run: StoredRun, dev: DevItems) -> None:
    markup.label(f"dev item {number}")
    st.text(value_words(dev.values[number])[:TEXT_CHARACTERS])
    truth = class_words(dev.labels[number], dev.class_names)
    near = sum(row.point.parent == number for row in run.points)
    sampled = "1 point was" if near == 1 else f"{near:,} points were"
    markup.note(f"{truth}; {dev_history(number, run.rounds)}; {sampled} sampled near it.")
