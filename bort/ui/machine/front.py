"""Latency on the page Pareto front: its origin, measured winners, landmarks."""

from collections.abc import Sequence

import streamlit as st

from bort.figures.latency import LandmarkMark
from bort.latency.compare import differences_from_here
from bort.latency.stored import named_profile
from bort.studies.answers import StudyAnswer, redrawn
from bort.ui.kit import markup, navigation, readings
from bort.ui.machine import landmarks as machine_landmarks
from bort.ui.machine import verdict as machine_verdict


def choose(answer: StudyAnswer) -> tuple[StudyAnswer, Sequence[LandmarkMark]]:
    """Show the toggles above the charts, and return what to draw."""
    say_origin(answer)
    marks = machine_landmarks.marks_for(answer.latency)
    measured = sum(point.latency_measured is not None for point in answer.points)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
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
        if not measured or not marks:
            st.page_link(navigation.MACHINE, label="Measure them here", icon=":material/timer:")
    if is_measured and measured:
        markup.note(f"{measured} architectures are drawn at their measured latency.")
        return redrawn(answer), marks if is_marked else ()
    return answer, marks if is_marked else ()


def say_origin(answer: StudyAnswer) -> None:
    """Say if the study's latencies come from another machine."""
    name = answer.latency.profile
    if name and not answer.latency.is_this_machine:
        machine_verdict.origin(differences_from_here(named_profile(readings.store(), name)))
