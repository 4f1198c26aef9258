"""Fine-tune the picked architecture: what it will cost, then Start."""

import streamlit as st

from bort.core.errors import BortError
from bort.finetuning.plan import (
    FineTunePlan,
    check_disk_space,
    check_finetune,
    describe_finetune,
    plan_finetune,
)
from bort.jobs import start_detached
from bort.report.models import basis
from bort.report.numbers import duration
from bort.studies.answers import Point, StudyAnswer
from bort.studies.commands import finetune_command
from bort.ui.kit import markup, navigation, readings

_OPEN = "fine-tuned-pick"
MOST_SEEDS = 10  # more is a matter for the command line


def offer(answer: StudyAnswer, point: Point) -> None:
    """The button, and below it, once pressed, the plan with the button that starts."""
    st.button(
        "Fine-tune this point",
        icon=":material/model_training:",
        key="fine-tune",
        on_click=_toggle,
        args=(point.id,),
        help="Train it properly: distilled, fine-tuned, judged on texts it was never chosen by.",
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
    seeds = st.number_input(
        "Seeds", 1, MOST_SEEDS, 1, key="fine-tune-seeds", help="More give an honest interval."
    )
    store = readings.store()
    try:
        spec = describe_finetune(store, answer.study, [point.id], seeds=seeds)
        with st.spinner("Reading the task"):
            plan = plan_finetune(store, spec, check_finetune(spec))
        _show(plan)
        check_disk_space(plan)
    except BortError as error:
        markup.problem(str(error))
        return
    is_started = st.button(
        "Start", type="primary", icon=":material/play_arrow:", key="fine-tune-start"
    )
    markup.label("as a command")
    command = finetune_command(answer.study, [point.id], seeds=seeds)
    st.code(command, language="bash", wrap_lines=True)
    if is_started:
        job_id = start_detached(store, "finetune", spec.to_dict(), study=answer.study)
        st.session_state[_OPEN] = None
        st.switch_page(navigation.MODELS, query_params={"job": str(job_id)})


def _show(plan: FineTunePlan) -> None:
    minutes = "unknown" if plan.minutes is None else f"about {duration(60 * plan.minutes)}"
    free = f"{plan.free_bytes / 2**30:,.1f} GiB are free"
    markup.facts(
        [
            ("Trainings", f"{plan.trainings}", f"{plan.steps:,} steps in all, at most"),
            ("Time", minutes, basis(plan)),
            ("Memory", f"{plan.memory_bytes / 2**30:.1f} GiB", ""),
            ("Disk", f"{plan.disk_bytes / 2**20:,.0f} MiB", free),
        ]
    )
