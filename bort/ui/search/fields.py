"""Fields of a new search: the question, training and latency."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bort.core.study import LatencySpec, SearchSpec, TrainingSpec
from bort.latency.runtimes import RUNTIME_NAMES
from bort.studies.parts import BUDGET, FORM_PRESET, LATENCY, QUESTION, TRAINING
from bort.ui.kit import markup, readings
from bort.ui.kit.fields import Form
from bort.ui.kit.slots import Slots


def search(box: DeltaGenerator, advanced: DeltaGenerator, slots: Slots) -> SearchSpec:
    """Show the fields for what to certify and what to spend."""
    form = Form(slots, QUESTION, BUDGET, scope="search", start=FORM_PRESET)
    with box:
        form.row("goal", "epsilon", widths=[2, 1])
        form.row("weights")
        form.row("budget", "minutes", "seed")
    with advanced:
        markup.label("Assumptions")
        form.row("lipschitz", "slack", "confidence")
    given = form.given()
    return BUDGET.build(given, question=QUESTION.build(given))


def training(box: DeltaGenerator, advanced: DeltaGenerator, slots: Slots) -> TrainingSpec:
    """Show the fields for training candidates."""
    form = Form(slots, TRAINING, scope="training", start=FORM_PRESET)
    with box:
        form.row("steps", "seeds", "batch_size")
    with advanced:
        markup.label("Training")
        form.row("initialise", "source", "teacher")
        form.row("learning_rates", "max_length", "device", "threads")
    return TRAINING.build(form.given())


def latency(box: DeltaGenerator, slots: Slots) -> LatencySpec:
    """Show the fields for latency."""
    profiles = [profile.name for profile in readings.store().profiles()]
    form = Form(
        slots,
        LATENCY,
        scope="latency",
        choices={
            "runtime": {name: name for name in RUNTIME_NAMES},
            "latency_profile": {name: name for name in profiles},
        },
    )
    with box:
        markup.label("Latency")
        form.row("runtime", "latency_batch", "latency_length", "latency_profile")
    return LATENCY.build(form.given(), threads=st.session_state.get("training.threads"))
