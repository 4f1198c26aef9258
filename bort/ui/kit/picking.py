"""A pick made in a chart; the table must be drawn anew to show it as its selection."""

import streamlit as st

from bort.ui.kit import address

_COUNT = "picks-in-charts"


def in_chart(architecture_id: str) -> None:
    """Remember the pick."""
    address.choose_pick(architecture_id)
    st.session_state[_COUNT] = chart_picks() + 1


def chart_picks() -> int:
    """How often a mark was picked in this session."""
    return int(st.session_state.get(_COUNT, 0))
