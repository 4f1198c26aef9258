"""Choose a study; the choice lives in the address."""

import streamlit as st

from bort.storage import StudyRecord
from bort.ui import address, markup, navigation, readings


def choose() -> StudyRecord | None:
    """A list of studies; None, with what to do next on the page, where there is none to show."""
    studies = {study.name: study for study in readings.studies()}
    if not studies:
        _nothing_yet()
        return None
    asked = address.study()
    if asked is not None and asked not in studies:
        markup.problem(f"There is no study {asked!r} in this store; choose one of those below.")
    default = next((s.name for s in studies.values() if s.evaluation_count), next(iter(studies)))
    current = asked if asked in studies else default
    chosen = st.selectbox(
        "Study",
        list(studies),
        index=list(studies).index(current),
        format_func=lambda name: _label(studies[name]),
        # The key follows the address, so that a link always wins over an older choice.
        key=f"study:{current}",
        on_change=lambda: address.choose_study(st.session_state[f"study:{current}"]),
    )
    return studies[chosen]


def _label(study: StudyRecord) -> str:
    kind = "example" if study.is_example else study.spec.task.task
    return f"{study.name}  ({kind}, {study.evaluation_count} trained)"


def _nothing_yet() -> None:
    markup.notice(
        "There is no study yet. Start a search: a quick one takes a few minutes, "
        "and its front grows here while it runs."
    )
    st.page_link(navigation.SEARCH, label="Start a search", icon=":material/travel_explore:")
