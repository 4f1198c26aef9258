"""Fine-tune the picked architecture: show the cost, then start."""

import streamlit as st

from bort.core.errors import BortError
from bort.core.study import MOST_AT_ONCE
from bort.finetuning.cost import FineTuneEstimate, check_disk_space, estimate_finetune
from bort.finetuning.request import check_finetune, describe_finetune
from bort.jobs import start_detached
from bort.report.models import basis
from bort.report.numbers import duration
from bort.report.plan import stage_facts
from bort.studies.answers import Point, StudyAnswer
from bort.studies.commands import finetune_command
from bort.studies.parts import FINETUNE
from bort.ui.kit import access, markup, navigation, readings

_OPEN = "fine-tuned-pick"
MOST_SEEDS = 10  # the command line allows more


def offer(answer: StudyAnswer, point: Point) -> None:
    """Show owners the button and, once pressed, the cost and the start button."""
    if not access.may_change():
        return
    st.button(
        "Fine-tune this point",
        icon=":material/model_training:",
        key="fine-tune",
        on_click=_toggle,
        args=(point.id,),
        help="Train it properly: distil, fine-tune, then evaluate on texts that no choice was "
        "based on.",
        width="stretch",
    )
    if st.session_state.get(_OPEN) == point.id:
        with st.container(border=True):
            _before_start(answer, point)


def _toggle(pick: str) -> None:
    is_open = st.session_state.get(_OPEN) == pick
    st.session_state[_OPEN] = None if is_open else pick


def _before_start(answer: StudyAnswer, point: Point) -> None:
    markup.label("Before you start")
    seeds, parallel = ask_seeds("fine-tune-seeds"), _ask_parallel()
    store = readings.store_to_change()
    try:
        spec = describe_finetune(store, answer.study, [point.id], seeds=seeds, parallel=parallel)
        with st.spinner("Reading the task"):
            estimate = estimate_finetune(store, spec, check_finetune(spec))
        show_cost(estimate)
        check_disk_space(estimate)
    except BortError as error:
        markup.problem(str(error))
        return
    is_started = st.button(
        "Start", type="primary", icon=":material/play_arrow:", key="fine-tune-start"
    )
    markup.label("as a command")
    command = finetune_command(answer.study, [point.id], seeds=seeds, parallel=parallel)
    st.code(command, language="bash", wrap_lines=True)
    if is_started:
        job_id = start_detached(store, "finetune", spec.to_dict(), study=answer.study)
        st.session_state[_OPEN] = None
        st.switch_page(navigation.MODELS, query_params={"job": str(job_id)})


def ask_seeds(key: str) -> int:
    """Ask how many times to train."""
    return st.number_input(
        "Seeds", 1, MOST_SEEDS, 1, key=key, help="More than one gives a reliable interval."
    )


def _ask_parallel() -> int:
    field = FINETUNE.fields["parallel"]
    found: int = st.number_input(
        field.label, 1, MOST_AT_ONCE, field.default, key="fine-tune-parallel", help=field.help
    )
    return found


def show_cost(estimate: FineTuneEstimate) -> None:
    """Show what a fine-tuning will cost."""
    minutes = "unknown" if estimate.minutes is None else f"about {duration(60 * estimate.minutes)}"
    free = f"{estimate.free_bytes / 2**30:,.1f} GiB are free"
    markup.facts(
        [
            ("Trainings", f"{estimate.trainings}", f"{estimate.steps:,} steps in all, at most"),
            ("Time", minutes, basis(estimate)),
            *stage_facts(estimate.stages),
            ("Memory", f"{estimate.memory_bytes / 2**30:.1f} GiB", ""),
            ("Disk", f"{estimate.disk_bytes / 2**20:,.0f} MiB", free),
        ]
    )
