"""The form for a new measurement, its estimated time and the Start button."""

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from bort.core.errors import BortError, BusyError, InvalidFieldError
from bort.core.locks import holder
from bort.core.study import TaskSpec
from bort.families import SPACE_NAMES, load_space, parse_space
from bort.jobs import start_detached
from bort.latency.landmarks import COUNTED_AS, check_landmarks
from bort.latency.protocol import HANDFUL
from bort.latency.runtimes import RUNTIME_NAMES, runtime_kind
from bort.latency.space import choose_sample
from bort.latency.stored import check_new_name, study_profile_of
from bort.latency.timing import Duration, expected_duration
from bort.report.numbers import duration
from bort.studies.parts import MEASURE, WORKLOAD
from bort.tasks import list_tasks
from bort.ui.kit import address, markup, readings, uploads
from bort.ui.kit.fields import Form, Slots

T = TypeVar("T")

SPACE, WINNERS, LANDMARKS = "A search space", "A study's winners", "Well-known models"
OWN_SPACE = "my own TOML file"
ONE_LENGTH = "one length"


class Measurement:
    """A measurement that can be started: the job's kind and spec, and how long it takes."""

    def __init__(self, kind: str, spec: dict[str, Any], takes: Duration) -> None:
        self.kind, self.spec, self.takes = kind, spec, takes


def show(slots: Slots) -> None:
    """Show all fields and the button."""
    with st.container(border=True):
        markup.label("Measure")
        what = st.segmented_control(
            "What", [SPACE, WINNERS, LANDMARKS], default=SPACE, key="measure-what", required=True
        )
        make = {SPACE: _space, WINNERS: _winners, LANDMARKS: _landmarks}[what]
        fields = st.container()
        slots.below("general")
        with fields:
            asked = _attempt(slots, lambda: make(slots))
        _start(asked, slots)


def _space(slots: Slots) -> Measurement:
    left, right = st.columns(2)
    with left:
        choice = st.selectbox("Search space", [*SPACE_NAMES, OWN_SPACE], index=1, key="space")
        given = None
        if choice == OWN_SPACE:
            given = st.file_uploader("Space as TOML", type=["toml"], key="space-file")
        slots.below("space")
    form = _form(slots)
    with right:
        form.row("count")
    form.row(*WORKLOAD.fields)
    task = _lengths(slots)
    form.row("name")
    if choice == OWN_SPACE and given is None:
        raise InvalidFieldError("space", "no space yet; upload a TOML file")
    space = parse_space(uploads.text_of(given), given.name) if given else load_space(choice)
    asked = form.given()
    latency = WORKLOAD.build(asked)
    spec = MEASURE.build(asked, space=space.to_dict(), latency=latency, lengths_from=task)
    choose_sample(space, latency, spec.count)
    if spec.name is not None:
        check_new_name(readings.store(), spec.name)
    return Measurement("latency", spec.to_dict(), expected_duration(latency.runtime, spec.count))


def _winners(slots: Slots) -> Measurement:
    studies = [s for s in readings.studies() if s.profile and s.evaluation_count]
    names = [study.name for study in studies]
    name = st.selectbox("Study", names, index=0 if names else None, key="measure-study")
    slots.below("study")
    if name is None:
        raise InvalidFieldError("study", "no study has a front yet; start a search first")
    study = studies[names.index(name)]
    profile = study_profile_of(readings.store(), name)
    runtime_kind(profile.runtime).check_installed()
    front = readings.answer(study).front
    markup.note(
        f"The {len(front)} architectures on its front, with {profile.runtime}, "
        f"{profile.workload}, as in its predictions."
    )
    return Measurement(
        "winners", {"study": name}, expected_duration(profile.runtime, len(front), protocol=HANDFUL)
    )


def _landmarks(slots: Slots) -> Measurement:
    markup.note(
        "BERT-large, BERT-base, DistilBERT, Bort, MiniLM-L6 and TinyBERT-4 with random weights, "
        "in the same rounds. Needs up to 8 GiB of memory with an exported runtime, 2 GiB with "
        "PyTorch."
    )
    form = _form(slots)
    form.row(*WORKLOAD.fields)
    latency = WORKLOAD.build(form.given())
    check_landmarks(latency)
    return Measurement(
        "landmarks", {"latency": latency.to_dict()}, expected_duration(latency.runtime, COUNTED_AS)
    )


def _form(slots: Slots) -> Form:
    runtimes = {name: _runtime_title(name) for name in RUNTIME_NAMES}
    choices = {"runtime": runtimes}
    return Form(slots, MEASURE, WORKLOAD, scope="measure", choices=choices, persists=False)


def _lengths(slots: Slots) -> TaskSpec | None:
    chosen = st.selectbox(
        "Lengths of texts",
        [ONE_LENGTH, *(info.name for info in list_tasks())],
        key="measure-lengths",
        help="A fixed length, or the lengths of a task's texts.",
    )
    slots.below("task")
    return None if chosen == ONE_LENGTH else TaskSpec(task=chosen)


def _runtime_title(name: str) -> str:
    return name if not runtime_kind(name).missing else f"{name} (not installed)"


def _start(asked: Measurement | None, slots: Slots) -> None:
    if asked is not None:
        quiet, most = asked.takes
        markup.note(
            f"Takes about {duration(quiet)} on a quiet machine and at most {duration(most)} on "
            "a busy one. bort's trainings pause meanwhile; you can keep using the dashboard. "
            "Cancelling keeps the complete rounds."
        )
    is_started = st.button(
        "Start measuring",
        type="primary",
        icon=":material/timer:",
        disabled=asked is None,
        key="measure-start",
    )
    if is_started and asked is not None:
        try:
            _refuse_a_second()
            job = start_detached(readings.store(), asked.kind, asked.spec)
        except BortError as error:
            slots.show(error)
            return
        address.choose_job(job)
        st.rerun()


def _refuse_a_second() -> None:
    who = holder()
    if who is not None:
        raise BusyError(
            f"this machine is being measured by {who}, and two measurements at once would "
            "disturb each other; wait for it to end, or cancel it"
        )


def _attempt(slots: Slots, make: Callable[[], T]) -> T | None:
    try:
        return make()
    except BortError as error:
        slots.show(error)
        return None
