"""Which points of a run are selected: by a lasso on the map, or by checked rows of the table.

A point's number is its place among all points of the run, in order.
"""

from collections.abc import Sequence

import streamlit as st

from bort.ui.kit import address


def pick(job_id: int, name: str | None) -> None:
    """Choose a point or dev item on the map; the table is drawn again, to show it as chosen."""
    address.choose_point(name)
    st.session_state[f"agora-picks:{job_id}"] = picks(job_id) + 1


def picks(job_id: int) -> int:
    """How many times something was chosen on the map, or selected there."""
    return int(st.session_state.get(f"agora-picks:{job_id}", 0))


def chosen(job_id: int) -> list[int]:
    """The points in the lasso, by their numbers on the map; empty without one."""
    found: list[int] = st.session_state.get(f"agora-chosen:{job_id}", [])
    return found


def choose(job_id: int, points: Sequence[int]) -> None:
    """Change what is in the lasso; the table's own marks are dropped."""
    st.session_state[f"agora-chosen:{job_id}"] = [int(point) for point in points]
    mark(job_id, [])
    st.session_state[f"agora-picks:{job_id}"] = picks(job_id) + 1


def marked(job_id: int) -> list[int]:
    """The points whose rows are checked, by their numbers on the map."""
    found: list[int] = st.session_state.get(f"agora-marked:{job_id}", [])
    return found


def mark(job_id: int, points: Sequence[int]) -> None:
    """Change which points' rows are checked."""
    st.session_state[f"agora-marked:{job_id}"] = [int(point) for point in points]


def selected(job_id: int) -> list[int]:
    """The checked rows; without any, what is in the lasso."""
    return marked(job_id) or chosen(job_id)


def clear(job_id: int) -> None:
    """Select nothing."""
    choose(job_id, [])
