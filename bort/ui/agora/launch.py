"""Fine-tune a run's student on what the run accepted: show the cost, then start."""

import streamlit as st

from bort.core.errors import BortError
from bort.finetuning.accepted import accepted_count, describe_accepted
from bort.finetuning.cost import check_disk_space, estimate_finetune
from bort.finetuning.request import check_finetune
from bort.jobs import start_detached
from bort.report.agora_map import launch_sentence
from bort.studies.agora import StoredRun
from bort.ui.kit import access, markup, navigation, readings
from bort.ui.models import start as model_start


def offer(run: StoredRun) -> None:
    """Show owners the button and, once pressed, the cost and the start button."""
    if not access.may_change():
        return
    accepted = 0 if run.is_torus else accepted_count(run)
    if not accepted:
        return
    markup.label("Fine-tuning")
    markup.note(launch_sentence(accepted))
    is_open = st.toggle("Fine-tune the student on them", key=f"agora-finetune:{run.job.id}")
    if is_open:
        with st.container(border=True):
            _before_start(run)


def _before_start(run: StoredRun) -> None:
    seeds = model_start.ask_seeds("agora-seeds")
    store = readings.store_to_change()
    try:
        with st.spinner("Reading the task"):
            spec = describe_accepted(run, seeds=seeds)
            estimate = estimate_finetune(store, spec, check_finetune(spec))
        model_start.show_cost(estimate)
        check_disk_space(estimate)
    except BortError as error:
        markup.problem(str(error))
        return
    if st.button(
        "Launch fine-tuning", type="primary", icon=":material/rocket_launch:", key="agora-launch"
    ):
        job = start_detached(store, "finetune", spec.to_dict(), study=spec.study)
        st.switch_page(navigation.MODELS, query_params={"job": str(job)})
