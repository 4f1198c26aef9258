"""Rounds as figures: the result so far, two charts, one table."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from bort.figures.agora import plot_errors, plot_points
from bort.report.agora import result_sentence
from bort.ui.kit import chart, frame, markup

Row = Mapping[str, Any]
_COUNT = st.column_config.NumberColumn(format="localized")
_FORMATS = dict.fromkeys(("training set", "wrong", "proposed", "accepted"), _COUNT)


def show(rows: Sequence[Row], *, is_active: bool) -> None:
    """Everything that the rounds tell; what to expect while there is none."""
    if not rows:
        markup.notice(
            "The first round is being trained; its errors appear here."
            if is_active
            else "It ended before its first round; the log tells why. Resume it or set up another."
        )
        return
    _result(rows)
    left, right = st.columns(2, gap="medium")
    with left:
        markup.label("Errors, with 95 % intervals")
        chart.show(
            plot_errors(rows, theme=frame.theme()),
            key="agora:errors",
            alt=f"Dev and audit error after each of {len(rows)} rounds",
        )
    with right:
        markup.label("Proposed points")
        chart.show(
            plot_points(rows, theme=frame.theme()),
            key="agora:points",
            alt="Accepted and refused points of each round, by reason",
        )
    st.dataframe(table(rows), hide_index=True, column_config=_FORMATS, alt="What each round did")
    markup.note(
        "Wrong: dev items that the round's student gets wrong. Betti: connected parts, loops and "
        "voids of the training set, on 200 landmarks. Coverage: dev and pool points within the "
        "radius of a training point. Surviving: hyperparameter sets that the next round trains."
    )


def _result(rows: Sequence[Row]) -> None:
    last = rows[-1]
    with st.container(horizontal=True, gap="large"):
        change = 100 * (last["audit_error"] - rows[0]["audit_error"])
        st.metric(
            "Audit error",
            f"{last['audit_error']:.1%}",
            f"{change:+.1f} points since round 0" if len(rows) > 1 else None,
            delta_color="inverse",
            width="content",
        )
        st.metric("Dev error, seen", f"{last['dev_error']:.1%}", width="content")
        st.metric("Training set", f"{last['train_size']:,}", width="content")
        st.metric("Betti numbers", _betti(last), width="content")
        st.metric("Coverage", f"{last['coverage']:.1%}", width="content")
    markup.note(result_sentence(last))


def table(rows: Sequence[Row]) -> pd.DataFrame:
    """One line per round, in words where numbers need them."""
    return pd.DataFrame(
        {
            "round": [row["round"] for row in rows],
            "training set": [row["train_size"] for row in rows],
            "wrong": [row["errors_found"] for row in rows],
            "proposed": [row["proposed"] for row in rows],
            "accepted": [row["accepted"] for row in rows],
            "refused": [_refused(row) for row in rows],
            "dev error": [f"{row['dev_error']:.2%}" for row in rows],
            "audit error": [_interval(row) for row in rows],
            "surviving": [", ".join(map(_set, row["surviving_hyperparameters"])) for row in rows],
            "Betti": [_betti(row) for row in rows],
            "coverage": [f"{row['coverage']:.1%}" for row in rows],
        }
        | _replayed(rows)
    )


def _replayed(rows: Sequence[Row]) -> dict[str, list[str]]:
    """The column on replayed rounds, where there are some."""
    rounds = [row["replayed"] for row in rows]
    if all(number is None for number in rounds):
        return {}
    return {"replays": ["" if number is None else f"round {number}" for number in rounds]}


def _set(hyperparameters: Mapping[str, float]) -> str:
    """A set of hyperparameters in words."""
    named = (f"{key.replace('_', ' ')} {value:g}" for key, value in hyperparameters.items())
    return ", ".join(named) or "the default"


def _refused(row: Row) -> str:
    return ", ".join(f"{n:,} {reason.replace('-', ' ')}" for reason, n in row["refused"].items())


def _interval(row: Row) -> str:
    low, high = 100 * row["audit_low"], 100 * row["audit_high"]
    return f"{row['audit_error']:.2%} ({low:.1f} to {high:.1f})"


def _betti(row: Row) -> str:
    return f"({', '.join(map(str, row['betti']))})"
