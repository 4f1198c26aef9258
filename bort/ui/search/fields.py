"""Fields of a new search: what to certify, how to train, which latency."""

from typing import cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bort.core.errors import InvalidFieldError
from bort.core.parsing import parse_epsilon, parse_lipschitz
from bort.core.question import Goal, Question, check_weights
from bort.core.study import (
    DEVICES,
    INITIALISATIONS,
    Device,
    Initialise,
    LatencySpec,
    SearchSpec,
    TrainingSpec,
)
from bort.latency.runtimes import RUNTIME_NAMES
from bort.ui.kit import markup, readings
from bort.ui.kit.slots import Slots

GOALS: dict[Goal, str] = {
    Goal.COVER: "Cover: all trade-offs, within 1+ε",
    Goal.BEST: "Best: the largest W, within 1-ε",
    Goal.PAPER: "Paper: train all, take the largest W",
    Goal.EXHAUSTIVE: "Exhaustive: train all, exact front",
}


def search(box: DeltaGenerator, advanced: DeltaGenerator, slots: Slots) -> SearchSpec:
    """What the search shall certify, and what it may spend."""
    with box:
        first, second = st.columns([2, 1])
        goal = first.selectbox(
            "Goal", list(GOALS), format_func=GOALS.__getitem__, key="goal", persist_state="session"
        )
        epsilon = second.text_input(
            "ε",
            "0.1",
            key="epsilon",
            persist_state="session",
            help="How much larger, slower and more wrong is close enough: 0.1 is 10 %.",
        )
        slots.below("epsilon", "goal")
        names = ("size", "latency", "error")
        weights = [
            column.slider(
                f"Weight of {name}",
                0.0,
                3.0,
                1.0,
                0.1,
                key=f"new-weight:{name}",
                persist_state="session",
            )
            for column, name in zip(st.columns(3), names, strict=True)
        ]
        slots.below("weights")
        columns = st.columns(3)
        budget = columns[0].number_input(
            "Architectures at most",
            value=12,
            step=1,
            key="budget",
            persist_state="session",
            placeholder="no limit",
        )
        minutes = columns[1].number_input(
            "Minutes at most",
            value=None,
            step=5.0,
            key="minutes",
            persist_state="session",
            placeholder="no limit",
        )
        seed = columns[2].number_input("Seed", value=0, step=1, key="seed", persist_state="session")
        slots.below("budget", "minutes", "seed")
    lipschitz, slack, confidence = _assumptions(advanced, slots)
    return SearchSpec(
        question=Question(
            goal=goal,
            epsilon=parse_epsilon(epsilon),
            weights=check_weights(weights),
            lipschitz=parse_lipschitz(lipschitz) if lipschitz else None,
            slack=slack,
            confidence=confidence,
        ),
        budget=budget,
        minutes=minutes,
        seed=seed,
    )


def _assumptions(box: DeltaGenerator, slots: Slots) -> tuple[str, float | None, float | None]:
    with box:
        markup.label("Assumptions")
        columns = st.columns(3)
        lipschitz = columns[0].text_input(
            "λ, if you know it", key="lipschitz", persist_state="session", placeholder="estimated"
        )
        slack = columns[1].number_input(
            "σ of monotone bounds",
            value=None,
            step=0.05,
            key="slack",
            persist_state="session",
            placeholder="off",
        )
        confidence = columns[2].number_input(
            "Confidence about the population",
            value=None,
            step=0.05,
            key="confidence",
            persist_state="session",
            placeholder="off: this dev set only",
        )
        slots.below("lipschitz", "slack", "confidence")
    return lipschitz, slack, confidence


def training(box: DeltaGenerator, advanced: DeltaGenerator, slots: Slots) -> TrainingSpec:
    """How each candidate is trained."""
    with box:
        columns = st.columns(3)
        steps = columns[0].number_input(
            "Steps per candidate",
            value=200,
            step=50,
            key="steps",
            persist_state="session",
            help="The paper's s.",
        )
        seeds = columns[1].number_input(
            "Seeds per candidate",
            value=1,
            step=1,
            key="seeds",
            persist_state="session",
            help="Their mean error counts.",
        )
        batch_size = columns[2].number_input(
            "Texts per step", value=32, step=8, key="batch", persist_state="session"
        )
        slots.below("steps", "seeds", "training.batch_size")
    with advanced:
        markup.label("Training")
        columns = st.columns(3)
        initialise = columns[0].selectbox(
            "Start from", INITIALISATIONS, key="initialise", persist_state="session"
        )
        source = columns[1].text_input(
            "Source network", key="source", persist_state="session", placeholder="all-MiniLM-L6-v2"
        )
        teacher = columns[2].text_input(
            "Teacher", key="teacher", persist_state="session", placeholder="the source, fine-tuned"
        )
        slots.below("initialise", "source", "teacher")
        row = st.columns(4)
        rates = row[0].text_input(
            "Learning rates, Θ", key="rates", persist_state="session", placeholder="by width"
        )
        max_length = row[1].number_input(
            "Tokens per text",
            value=None,
            step=16,
            key="length",
            persist_state="session",
            placeholder="95th percentile",
        )
        device = row[2].selectbox("Device", DEVICES, key="device", persist_state="session")
        threads = row[3].number_input(
            "CPU threads",
            value=None,
            step=1,
            key="threads",
            persist_state="session",
            placeholder="all cores",
        )
        slots.below("learning_rates", "max_length", "device", "training.threads")
    return TrainingSpec(
        steps=steps,
        batch_size=batch_size,
        seeds=seeds,
        learning_rates=_rates(rates),
        initialise=cast(Initialise, initialise),
        source=source or None,
        teacher=teacher or None,
        max_length=max_length,
        device=cast(Device, device),
        threads=threads,
    )


def latency(box: DeltaGenerator, slots: Slots) -> LatencySpec:
    """Which latency is the second objective."""
    with box:
        markup.label("Latency")
        columns = st.columns(4)
        runtime = columns[0].selectbox(
            "Runtime", RUNTIME_NAMES, key="runtime", persist_state="session"
        )
        batch_size = columns[1].number_input(
            "Texts per pass", value=1, step=1, key="pass", persist_state="session"
        )
        sequence_length = columns[2].number_input(
            "Tokens per pass", value=32, step=16, key="sequence", persist_state="session"
        )
        names = [profile.name for profile in readings.store().profiles()]
        profile = columns[3].selectbox(
            "Profile",
            names,
            index=None,
            key="profile",
            persist_state="session",
            placeholder="measure, or this machine's",
        )
        slots.below("runtime", "latency.batch_size", "sequence_length", "profile")
    return LatencySpec(
        runtime=runtime,
        batch_size=batch_size,
        sequence_length=sequence_length,
        threads=st.session_state.get("threads"),
        profile=profile,
    )


def _rates(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InvalidFieldError(
            "learning_rates",
            f"learning rates are numbers with commas between, got {text!r}; try 0.0005,0.001",
        ) from None
