"""The sliders for ε and the cost weights, which need no new training."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from bort.core.question import Question, check_weights
from bort.storage import StudyRecord
from bort.ui.kit import address

EPSILONS = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)
WEIGHTS = ("size", "latency", "error")

_MOVED = "weights-moved"


def ask(study: StudyRecord) -> Question:
    """Show four sliders and return their question. The address keeps their values.

    Raises:
        InvalidFieldError: all weights are zero.
    """
    own = study.spec.search.question
    columns = st.columns([1.5, 1, 1, 1], gap="medium")
    with columns[0]:
        epsilon = _epsilon(study.name, address.epsilon() or own.epsilon)
    given = address.weights() or own.weights
    keys = [f"weight:{study.name}:{_moved()}:{name}" for name in WEIGHTS]

    def changed() -> None:
        address.choose_weights([st.session_state[key] for key in keys])

    weights = []
    for column, name, key, value in zip(columns[1:], WEIGHTS, keys, given, strict=True):
        with column:
            weights.append(_weight(name, value, key, changed))
    return replace(own, epsilon=epsilon, weights=check_weights(weights))


def choose_weights(weights: Sequence[float]) -> None:
    """Move the sliders to these proportions, scaled to sum to 3. For callbacks."""
    address.choose_weights([round(3 * weight / sum(weights), 4) for weight in weights])
    st.session_state[_MOVED] = _moved() + 1


def _moved() -> int:
    """Count the moves made from outside; each one creates new sliders."""
    return int(st.session_state.get(_MOVED, 0))


def _epsilon(study: str, value: float) -> float:
    key = f"epsilon:{study}"
    return st.select_slider(
        "ε, how far from the best is close enough",
        sorted({*EPSILONS, value}),
        value=value,
        format_func=lambda e: f"{e:g}",
        key=key,
        on_change=lambda: address.choose_epsilon(st.session_state[key]),
        help="An architecture is covered if a trained one has at most 1+ε times its size, "
        "latency and error. Changing ε trains nothing.",
    )


def _weight(name: str, value: float, key: str, on_change: Callable[[], None]) -> float:
    return st.slider(
        f"Weight of {name}",
        min_value=0.0,
        max_value=max(3.0, value),
        value=value,
        step=0.1,
        key=key,
        on_change=on_change,
        help="An exponent in W: 0 ignores this objective, 2 counts it twice.",
    )
