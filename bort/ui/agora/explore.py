"""A run's map with the rounds beside it, its points, and what to do with them."""

import streamlit as st

from bort.figures.agora import plot_rounds
from bort.report.agora_map import headline
from bort.studies.agora import StoredRun
from bort.ui.agora import corrections, launch, panel, points, reporting
from bort.ui.agora import map as agora_map
from bort.ui.agora import readings as agora_readings
from bort.ui.kit import address, chart, frame, markup, readings

_UNREADABLE = (
    "The map needs the run's dev items, but its task cannot be read. Put its file back, or prepare "
    "a named task with: bort data prepare"
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
                markup.notice(_UNREADABLE)
            else:
                agora_map.show(run, dev)
        with right:
            panel.show(run, dev)
            corrections.replay(run)
            _rounds(run)
        points.show(run, dev)
        launch.offer(run)
        reporting.offer(run, dev)


def _rounds(run: StoredRun) -> None:
    here = address.round_number()
    last = len(run.rounds) - 1
    chart.show(
        plot_rounds(
            run.summaries, cursor=last if here is None else min(here, last), theme=frame.theme()
        ),
        key=f"agora:rounds:{run.job.id}",
        alt=f"Errors, proposed points, coverage and Betti numbers of {len(run.rounds)} rounds",
        cursor=f"agora-map:{run.job.id}",
    )
