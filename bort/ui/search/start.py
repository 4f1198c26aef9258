"""The card that shows what a search may cost, and the Start button."""

from typing import TYPE_CHECKING

import psutil
import streamlit as st

from bort.core.errors import BortError
from bort.core.study import StudySpec
from bort.core.workers import HERE, WorkersSpec
from bort.jobs import start_detached
from bort.jobs.runtime.control import create_study
from bort.latency.compare import differences_from_here
from bort.latency.stored import named_profile
from bort.report.numbers import basis
from bort.studies.commands import search_command
from bort.ui.kit import address, markup, readings
from bort.ui.kit.fields import Slots
from bort.ui.machine import verdict as machine_verdict
from bort.ui.search.form import Filled

if TYPE_CHECKING:
    from bort.studies.estimates import Estimate

GIB = 2**30


def show(asked: Filled | None, slots: Slots, *, is_named: bool) -> None:
    """Show the card next to the form, with the button that starts the job."""
    markup.label("Before you start")
    if asked is None:
        markup.note("Check the fields marked in red.")
    else:
        cost(asked.study, slots)
        with st.expander("The same as a command"):
            st.code(search_command(*asked), language="bash", wrap_lines=True)
    is_started = st.button(
        "Start the search",
        type="primary",
        icon=":material/play_arrow:",
        disabled=asked is None,
        width="stretch",
        key="start",
    )
    markup.note(
        "It runs in its own process and continues if you close the page. If you stop it early, "
        "you keep every training and a weaker certificate."
    )
    if is_started and asked is not None:
        job = start(asked.study, slots, is_named=is_named, workers=asked.workers)
        if job is not None:
            address.choose_job(job)
            st.rerun()


def cost(spec: StudySpec, slots: Slots) -> None:
    """Show how many trainings, minutes and bytes a search may take."""
    from bort.report.plan import stage_facts
    from bort.studies.estimates import estimate_study

    try:
        expected = estimate_study(readings.store(), spec)
    except BortError as error:
        slots.show(error, scope="latency")
        return
    if spec.latency.profile is not None:
        profile = named_profile(readings.store(), spec.latency.profile)
        machine_verdict.origin(differences_from_here(profile))
    available = psutil.virtual_memory().available
    markup.facts(
        [
            ("Trainings", f"{expected.evaluations_at_most:,} at most", _steps(expected)),
            ("Time", _minutes(expected.total_minutes), basis(expected.timed)),
            *stage_facts(expected.stages),
            (
                "Memory",
                f"about {expected.memory_bytes / GIB:.1f} GiB",
                f"{available / GIB:.1f} GiB are free now",
            ),
        ]
    )
    if expected.memory_bytes > available:
        markup.problem(
            "The largest candidate may not fit into memory. Use fewer texts per step or a space "
            "of smaller models."
        )


def _steps(cost: "Estimate") -> str:
    steps = cost.steps_per_evaluation
    return "all seeds together" if steps is None else f"of {steps:,} steps; all seeds together"


def _minutes(minutes: float | None) -> str:
    from bort.report.numbers import duration

    return "unknown" if minutes is None else f"about {duration(60 * minutes)}"


def start(
    spec: StudySpec, slots: Slots, *, is_named: bool, workers: WorkersSpec = HERE
) -> int | None:
    """Start the search's job and return its number; None if it cannot start, and `slots` says why.

    Args:
        is_named: as in `create_study`.
    """
    from bort.studies.checks import check_profile, check_study
    from bort.studies.loggers import default_loggers
    from bort.studies.workers import check_workers

    try:
        store = readings.store_to_change()
        check_workers(workers.workers)
        with st.spinner("Checking data, runtime and source network"):
            spec = check_study(spec, fetch=False)
        check_profile(store, spec)
        spec = create_study(store, spec, is_named=is_named)
        beside = {"loggers": default_loggers(), "workers": workers.workers}
        described = {**spec.to_dict(), **beside}
        return start_detached(store, "search", described, study=spec.name)
    except BortError as error:
        slots.show(error)
        return None
