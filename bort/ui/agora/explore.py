"""A run's map with the rounds beside it, its points, and what to do with them."""

import streamlit as st

from bort.figures.agora import plot_rounds
from bort.report.agora_map import headline
from bort.studies.agora import StoredRun, missing_task, read_spec
from bort.ui.agora import corrections, launch, panel, points, reporting
from bort.ui.agora import map as agora_map
from bort.ui.agora import readings as agora_readings
from bort.ui.kit import address, chart, frame, later, markup, readings
from bort.ui.kit.same import Same

_MOVED = "The map needs the texts of the run's task, but they cannot be read. Put its file back."
_MISSING = (
    "The map needs the texts of the run's task, which are not on this machine. Fetch them with the "
    "command below, then reload the page."
)


@st.fragment
def show(job_id: int) -> None:
    """Show the map and everything that is linked with it."""
    with frame.clear_errors():
        run = agora_readings.run(readings.job(job_id))
        dev = agora_readings.dev(run.job)
        markup.note(headline(run.summaries))
        left, right = st.columns([2.1, 1], gap="medium")
        with left:
            if dev is None:
                _say_what_is_missing(run)
            else:
                agora_map.show(run, dev)
        with right:
            panel.show(run, dev)
            corrections.replay(run)
            _rounds(run)
        if later.is_due():
            points.show(run, dev)
            launch.offer(run)
            reporting.offer(run, dev)


def _say_what_is_missing(run: StoredRun) -> None:
    task = missing_task(read_spec(run.job.spec))
    markup.notice(_MOVED if task is None else _MISSING)
    if task is not None:
        st.code(f"bort data prepare {task}", language="bash")


def _rounds(run: StoredRun) -> None:
    here = address.round_number()
    last = len(run.rounds) - 1
    chart.show(
        chart.Sketch.of(
            plot_rounds,
            Same(run.summaries),
            cursor=last if here is None else min(here, last),
            theme=frame.theme(),
        ),
        key=f"agora:rounds:{run.job.id}",
        alt=f"Errors, proposed points, coverage and Betti numbers of {len(run.rounds)} rounds",
        cursor=f"agora-map:{run.job.id}",
    )
