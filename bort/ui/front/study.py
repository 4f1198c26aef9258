"""Choose a study, ask it a question, and follow it while a search is filling it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bort.core.question import Question, check_weights
from bort.core.size import SIZE_TITLES, SizeUnit
from bort.report.data import short_name
from bort.report.numbers import counted
from bort.storage import StudyRecord, Thing, ThingKind
from bort.studies.answers import units_of
from bort.ui.front import own_table
from bort.ui.kit import address, deleting, frame, hidden, markup, navigation, readings, terms

POLL_S = 3.0


def find() -> tuple[StudyRecord | None, list[StudyRecord]]:
    """Return the study in the address, or the first with trainings, and all studies.

    Says what to do if there is none, and reports an unknown study in the address.
    """
    studies = readings.studies()
    if not studies:
        markup.notice(
            "There is no study yet. Start a search: a quick one takes about ten minutes on two "
            "cores, and its front grows here while it runs."
        )
        st.page_link(navigation.SEARCH, label="Start a search", icon=":material/travel_explore:")
        return None, []
    asked = address.study()
    found = next((study for study in studies if study.name == asked), None)
    if asked is not None and found is None:
        markup.problem(f"There is no study {asked!r} in this store; choose one from the list.")
    return found or next((s for s in studies if s.evaluation_count), studies[0]), studies


def choose(current: StudyRecord | None, studies: list[StudyRecord]) -> None:
    """Show a list of all studies, if there is one, and a way to other results."""
    with st.container(horizontal=True, vertical_alignment="bottom", width="content", gap="small"):
        own_table.offer()
        if current is not None:
            _choose(current, studies)
            _choose_size(current)


def _choose(current: StudyRecord, studies: list[StudyRecord]) -> None:
    """Choosing another study changes the address."""
    labels = {study.name: _label(study) for study in studies}
    # The key follows the address, so that a link always wins over an older choice.
    key = f"study:{current.name}"
    st.selectbox(
        "Study",
        list(labels),
        index=list(labels).index(current.name),
        format_func=labels.__getitem__,
        key=key,
        label_visibility="collapsed",
        width=290,
        on_change=lambda: address.choose_study(st.session_state[key]),
    )


def size_asked(study: StudyRecord) -> SizeUnit | None:
    """The unit of sizes in the address, if this study can be counted in it."""
    given = address.size()
    return given if given is not None and given in units_of(study) else None


def _choose_size(study: StudyRecord) -> None:
    """Choosing another unit changes the address; it trains nothing."""
    own, units = study.spec.size.unit, units_of(study)
    now = size_asked(study) or own
    key = f"size:{study.name}:{now}"

    def changed() -> None:
        chosen = st.session_state[key]
        address.choose_size(None if chosen is own else chosen)

    st.selectbox(
        "Size counts",
        units,
        index=units.index(now),
        format_func=SIZE_TITLES.__getitem__,
        key=key,
        label_visibility="collapsed",
        width=190,
        on_change=changed,
        help="What size counts.",
    )


def offer_deletion(study: StudyRecord) -> None:
    """A button at the end of the page, out of the way of the charts."""
    thing = Thing(ThingKind.STUDY, study.name)
    deleting.button(thing, key="delete-study", leave=address.leave_study)


def _label(study: StudyRecord) -> str:
    kind = "example" if study.is_example else short_name(study.spec.task.task)
    return f"{study.name}  ({kind}, {counted(study.evaluation_count, 'training')})"


def follow(study: StudyRecord) -> None:
    """Link to the study's running search, if there is one, and show what it adds."""
    jobs = [job for job in readings.active_jobs(study.name) if job.kind == "search"]
    if not jobs:
        return
    st.page_link(
        navigation.SEARCH,
        label="Watch this study's search",
        icon=":material/visibility:",
        query_params={"job": str(jobs[0].id)},
    )
    st.fragment(_look, run_every=hidden.pace(POLL_S))(study)


def _look(study: StudyRecord) -> None:
    with frame.clear_errors():
        now = readings.store().study(study.name)
        is_over = not readings.active_jobs(study.name)
        if is_over or now.evaluation_count != study.evaluation_count:
            st.rerun()


EPSILONS = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)
WEIGHTS = ("size", "latency", "error")

_MOVED = "weights-moved"


def ask(name: str, own: Question, places: Sequence[DeltaGenerator]) -> Question:
    """Show four sliders in as many places and return their question; the address keeps it.

    Args:
        name: the study or table; each has its own sliders.
        own: the question where the address has none.
    Raises:
        InvalidFieldError: all weights are zero.
    """

    def asked() -> tuple[float, tuple[float, float, float]]:
        return address.epsilon() or own.epsilon, address.weights() or own.weights

    last = f"asked:{name}"
    if st.session_state.get(last, asked()) != asked():  # the browser's Back, or a link
        st.session_state[_MOVED] = _moved() + 1
    st.session_state[last] = asked()
    epsilon_key = f"epsilon:{name}:{_moved()}"
    keys = [f"weight:{name}:{_moved()}:{weight}" for weight in WEIGHTS]

    def changed_epsilon() -> None:
        address.choose_epsilon(st.session_state[epsilon_key])
        st.session_state[last] = asked()

    def changed() -> None:
        address.choose_weights([st.session_state[key] for key in keys])
        st.session_state[last] = asked()

    epsilon, given = asked()
    with places[0]:
        epsilon = _epsilon(epsilon, epsilon_key, changed_epsilon)
    weights = []
    for column, weight, key, value in zip(places[1:], WEIGHTS, keys, given, strict=True):
        with column:
            weights.append(_weight(weight, value, key, changed))
    return replace(own, epsilon=epsilon, weights=check_weights(weights))


def choose_weights(weights: Sequence[float]) -> None:
    """Move the sliders to these proportions, scaled to sum to 3. For callbacks."""
    address.choose_weights([round(3 * weight / sum(weights), 4) for weight in weights])
    st.session_state[_MOVED] = _moved() + 1


def _moved() -> int:
    """Count the moves made from outside; each one creates new sliders."""
    return int(st.session_state.get(_MOVED, 0))


def _epsilon(value: float, key: str, on_change: Callable[[], None]) -> float:
    return st.select_slider(
        "ε, how close is close enough",
        sorted({*EPSILONS, value}),
        value=value,
        format_func=lambda e: f"{e:g}",
        key=key,
        on_change=on_change,
        help=terms.explained(
            "An architecture is covered if a trained one has at most 1+ε times its size, "
            "latency and error. Changing ε trains nothing.",
            "epsilon",
            "cover",
        ),
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
        help=terms.explained(
            "W is the share of size saved against the largest architecture, times the share of "
            "latency saved against the slowest, divided by the error. Each weight is an exponent: "
            "0 ignores its objective, 2 counts it twice.",
            "w",
        ),
    )
