"""Choose a study, which the address keeps, and follow its running search."""

import streamlit as st

from bort.storage import StudyRecord, Thing, ThingKind
from bort.ui.kit import address, deleting, frame, markup, navigation, readings

POLL_S = 3.0


def find() -> tuple[StudyRecord | None, list[StudyRecord]]:
    """Return the study in the address, or the first with trainings, and all studies.

    Says what to do where there is none, and says so where the address names an unknown one.
    """
    studies = readings.studies()
    if not studies:
        markup.notice(
            "There is no study yet. Start a search: a quick one takes a few minutes, "
            "and its front grows here while it runs."
        )
        st.page_link(navigation.SEARCH, label="Start a search", icon=":material/travel_explore:")
        return None, []
    asked = address.study()
    found = next((study for study in studies if study.name == asked), None)
    if asked is not None and found is None:
        markup.problem(f"There is no study {asked!r} in this store; choose one from the list.")
    return found or next((s for s in studies if s.evaluation_count), studies[0]), studies


def choose(current: StudyRecord, studies: list[StudyRecord]) -> None:
    """Show a list of all studies; choosing another changes the address."""
    labels = {study.name: _label(study) for study in studies}
    # The key follows the address, so that a link always wins over an older choice.
    key = f"study:{current.name}"
    st.selectbox(
        "Study",
        list(labels),
        index=list(labels).index(current.name),
        format_func=labels.__getitem__,
        key=key,
        on_change=lambda: address.choose_study(st.session_state[key]),
    )


def offer_deletion(study: StudyRecord) -> None:
    """A button at the end of the page, out of the way of the charts."""
    thing = Thing(ThingKind.STUDY, study.name)
    deleting.button(thing, key="delete-study", leave=address.leave_study)


def _label(study: StudyRecord) -> str:
    kind = "example" if study.is_example else study.spec.task.task
    return f"{study.name}  ({kind}, {study.evaluation_count} trained)"


def follow(study: StudyRecord) -> None:
    """Link to the study's running search, if there is one, and show what it adds."""
    jobs = readings.active_jobs(study.name)
    if not jobs:
        return
    st.page_link(
        navigation.SEARCH,
        label="Watch this study's search",
        icon=":material/visibility:",
        query_params={"job": str(jobs[0].id)},
    )
    _look(study)


@st.fragment(run_every=POLL_S)
def _look(study: StudyRecord) -> None:
    with frame.clear_errors():
        now = readings.store().study(study.name)
        is_over = not readings.active_jobs(study.name)
        if is_over or now.evaluation_count != study.evaluation_count:
            st.rerun()
