"""The form for a new measurement, its estimated time and the Start button."""

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from bort.core.errors import BortError, BusyError, InvalidFieldError
from bort.core.fields import Part
from bort.core.locks import holder
from bort.core.study import SPACE as USUAL_SPACE
from bort.families import SPACE_NAMES, load_space, parse_space
from bort.jobs import start_detached
from bort.latency.landmarks import COUNTED_AS, check_landmarks
from bort.latency.protocol import HANDFUL, Protocol
from bort.latency.runtimes import RUNTIME_NAMES, runtime_kind
from bort.latency.stored import study_profile_of
from bort.latency.timing import Duration, expected_duration
from bort.report.numbers import counted, duration
from bort.studies import parts
from bort.studies.commands import landmarks_command, measure_command, winners_command
from bort.studies.measuring import describe_measurement
from bort.tasks import list_tasks
from bort.ui.kit import access, address, later, markup, readings, uploads
from bort.ui.kit.fields import Form, Slots

T = TypeVar("T")
_ANCHOR = "measure"

SPACE, WINNERS, LANDMARKS = "A search space", "A study's winners", "Well-known models"
OWN_SPACE = "my own TOML file"


class Measurement:
    """A measurement that can be started: the job's kind and spec, its time, and its command."""

    def __init__(self, kind: str, spec: dict[str, Any], takes: Duration, command: str) -> None:
        self.kind, self.spec, self.takes, self.command = kind, spec, takes, command


def link() -> None:
    """Lead to the form, which is below the profiles."""
    if access.may_change():
        st.html(f'<a class="bort-next" href="#{_ANCHOR}">Measure this machine</a>')


def heading() -> None:
    """Show where the form begins."""
    st.subheader("Measure this machine", anchor=_ANCHOR)


def show(slots: Slots) -> None:
    """Show all fields and the button, to owners."""
    if not access.offer("Measuring"):
        return
    with st.container(border=True):
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
        index = SPACE_NAMES.index(USUAL_SPACE)
        choice = st.selectbox("Search space", [*SPACE_NAMES, OWN_SPACE], index=index, key="space")
        given = None
        if choice == OWN_SPACE:
            given = st.file_uploader("Space as TOML", type=["toml"], key="space-file")
        slots.below("space")
    form = _form(slots, parts.MEASURE, parts.LENGTHS, parts.WORKLOAD)
    with right:
        form.row("count")
    form.row("lengths_from", "name")
    has_lengths = bool(form.entered["lengths_from"])
    if has_lengths:
        form.row("text_to_label")
    form.row(*(o for o in parts.WORKLOAD.fields if not (has_lengths and o == "sequence_length")))
    with st.expander("Advanced"):
        form.row("minutes", "seed", "new_pace")
    if choice == OWN_SPACE and given is None:
        raise InvalidFieldError("space", "no space yet; upload a TOML file")
    space = parse_space(uploads.text_of(given), given.name) if given else load_space(choice)
    spec = describe_measurement(readings.store(), space, form.given())
    protocol = Protocol().lasting(spec.minutes)
    return Measurement(
        "latency",
        spec.to_dict(),
        expected_duration(spec.latency.runtime, spec.count, protocol=protocol),
        measure_command(spec, space=given.name if given else choice),
    )


def _winners(slots: Slots) -> Measurement:
    studies = [s for s in readings.studies() if s.profile and s.evaluation_count]
    names = [study.name for study in studies]
    name = st.selectbox("Study", names, index=0 if names else None, key="measure-study")
    slots.below("study")
    if name is None:
        raise InvalidFieldError("study", "no study has a front yet; start a search first")
    profile = study_profile_of(readings.store(), name)
    runtime_kind(profile.runtime).check_installed()
    front = readings.answer(studies[names.index(name)]).front
    markup.note(
        f"{counted(len(front), 'architecture')} on its front, with {profile.runtime}, "
        f"{profile.workload}, as in its predictions."
    )
    form = _form(slots, parts.WINNERS)
    with st.expander("Advanced"):
        form.row("minutes", "seed")
    spec = parts.WINNERS.build(form.given(), study=name)
    protocol = HANDFUL.lasting(spec.minutes)
    return Measurement(
        "winners",
        spec.to_dict(),
        expected_duration(profile.runtime, len(front), protocol=protocol),
        winners_command(spec),
    )


def _landmarks(slots: Slots) -> Measurement:
    markup.note(
        "BERT-large, BERT-base, DistilBERT, Bort, MiniLM-L6 and TinyBERT-4 with random weights, "
        "in the same rounds. Needs up to 8 GiB of memory with an exported runtime, 2 GiB with "
        "PyTorch."
    )
    form = _form(slots, parts.WORKLOAD)
    form.row(*parts.WORKLOAD.fields)
    latency = parts.WORKLOAD.build(form.given())
    check_landmarks(latency)
    return Measurement(
        "landmarks",
        {"latency": latency.to_dict()},
        expected_duration(latency.runtime, COUNTED_AS),
        landmarks_command(latency),
    )


def _form(slots: Slots, *asked: Part[Any]) -> Form:
    choices = {
        "runtime": {name: _runtime_title(name) for name in RUNTIME_NAMES},
        "lengths_from": {info.name: info.name for info in list_tasks()},
    }
    return Form(slots, *asked, scope="measure", choices=choices, persists=False)


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
        markup.label("This measurement as a command")
        later.code(asked.command, language="bash", wrap_lines=True)
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
            job = start_detached(readings.store_to_change(), asked.kind, asked.spec)
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
