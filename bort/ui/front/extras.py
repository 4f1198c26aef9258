"""What is drawn besides a study's own points: trained models, well-known ones, other studies."""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from html import escape

import streamlit as st

from bort.core.errors import InvalidDataError
from bort.core.size import SizeUnit
from bort.figures import LOOKS, Layer, Theme, axes_of, palette
from bort.figures.latency import LandmarkMark
from bort.figures.models import RealisedMark, mark_on_front
from bort.figures.several import MOST, SIGNS, Others, others_of
from bort.finetuning.realised import TrainedModel
from bort.report.choosing import joint_sentence, unlike_sentence
from bort.report.numbers import counted
from bort.studies.answers import StudyAnswer, counted_in, redrawn, units_of
from bort.studies.choosing import joint_front
from bort.ui.kit import address, markup, navigation, readings
from bort.ui.kit.same import Same
from bort.ui.machine import landmarks as machine_landmarks


def realised_marks(answer: StudyAnswer) -> tuple[RealisedMark, ...]:
    """Return the models trained from this study on its own task; other tasks have other errors."""
    marks = []
    for record in readings.store().models(study=answer.study):
        with suppress(InvalidDataError):  # the page Models says what is wrong
            marks.append(mark_on_front(answer, TrainedModel.of(record)))
    return tuple(mark for mark in marks if mark is not None)


def choose_latencies(answer: StudyAnswer) -> tuple[StudyAnswer, Sequence[LandmarkMark]]:
    """Show the toggles about latencies, and return what to draw."""
    # Well-known models are not exported, and are timed without texts.
    has_marks = answer.spec.size.unit is SizeUnit.PARAMETERS and not answer.latency.is_text_to_label
    marks = machine_landmarks.marks_for(answer.latency) if has_marks else []
    measured = sum(point.latency_measured is not None for point in answer.points)
    is_measured = st.toggle(
        "Measured latencies",
        key="measured-latencies",
        disabled=not measured,
        help="Draw the winners at their measured latency, with the front that follows. The "
        "certificate is about predicted latency.",
    )
    is_marked = st.toggle(
        "Well-known models",
        key="landmarks-on-front",
        disabled=not marks,
        help="BERT-large, Bort and others, timed on this machine with the same runtime and "
        "workload.",
    )
    if not measured or (has_marks and not marks):
        st.page_link(navigation.MACHINE, label="Measure them here", icon=":material/timer:")
    if is_measured and measured:
        markup.note(f"Drawn at their measured latency: {counted(measured, 'architecture')}.")
        return _redrawn(Same(answer)), marks if is_marked else ()
    return answer, marks if is_marked else ()


@lru_cache(maxsize=8)
def _redrawn(answer: Same[StudyAnswer]) -> StudyAnswer:
    """The same object for the same answer, so that its charts are drawn once."""
    return redrawn(answer.value)


def choose_others(answer: StudyAnswer) -> tuple[StudyAnswer, ...]:
    """Ask which other studies are drawn too; the address keeps them."""
    unit = answer.spec.size.unit
    studies = {
        study.name: study
        for study in readings.studies()
        if study.name != answer.study
        and study.evaluation_count
        and (study.spec.size.unit is unit or unit in units_of(study))
    }
    if not studies:
        return ()
    asked = [name for name in address.also() if name in studies][:MOST]
    key = f"also:{answer.study}:{asked}"

    def changed() -> None:
        address.choose_also(st.session_state[key])

    chosen = st.multiselect(
        "Other studies on these charts",
        list(studies),
        default=asked,
        max_selections=MOST,
        placeholder="none",
        key=key,
        on_change=changed,
    )
    return tuple(readings.answer(counted_in(studies[name], unit)) for name in chosen)


def marks_of_others(answer: StudyAnswer, others: Sequence[StudyAnswer]) -> Others:
    """What to draw of other studies."""
    return others_of({other.study: other.points for other in others}, axes_of(answer))


def say_others(answer: StudyAnswer, others: Sequence[StudyAnswer], theme: Theme) -> None:
    """Name the other studies' shapes, and say whose points make up the joint front."""
    if not others:
        return
    colours = palette(theme)
    signs = [
        (LOOKS[Layer.FRONT].sign, colours.front, answer.study),
        *((s, c, o.study) for s, c, o in zip(SIGNS, colours.others, others, strict=False)),
    ]
    inner = "".join(
        f'<span><b style="color:{colour}">{sign}</b>{escape(name)}</span>'
        for sign, colour, name in signs
    )
    st.html(f'<div class="bort-legend">{inner}</div>')
    counts = joint_front({one.study: one.points for one in (answer, *others)})
    markup.note(joint_sentence(counts))
    unlike = [other.study for other in others if _about(other) != _about(answer)]
    if unlike:
        markup.notice(unlike_sentence(unlike))


def _about(answer: StudyAnswer) -> tuple[object, ...]:
    latency = answer.latency
    return (
        answer.spec.task.task,
        latency.runtime,
        latency.batch_size,
        latency.sequence_length,
        latency.threads,
        latency.is_text_to_label,
        latency.machine,
    )
