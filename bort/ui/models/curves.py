"""Curves of a fine-tuning, one stage at a time."""

import streamlit as st

from bort.figures.models import DEV_ERROR, LOSS, curves_of, plot_curves
from bort.ui.kit import chart, frame, markup, readings


def show(
    job_id: int, *, key: str, architecture_id: str | None = None, task: str = "", stage: str = ""
) -> None:
    """Loss and dev error of a stage that the reader chooses.

    Args:
        key: unique on the page.
        architecture_id: of one model of `task`; None shows all of the job.
        stage: shown first; without it the last one.
    """
    curves = [
        curve
        for curve in curves_of(readings.store().metrics(job_id))
        if architecture_id is None or (curve.architecture_id, curve.task) == (architecture_id, task)
    ]
    stages = list(dict.fromkeys(curve.stage for curve in curves))
    if not stages:
        markup.note("No curves yet; they begin with the first steps.")
        return
    first = stage if stage in stages else stages[-1]
    # A new key per stage that runs: the choice follows a live job, until the reader chooses.
    chosen = st.segmented_control(
        "Stage", stages, default=first, key=f"stage:{key}:{job_id}:{first}", required=True
    )
    drawn = [curve for curve in curves if curve.stage == chosen]
    for column, quantity, name in zip(
        st.columns(2, gap="medium"), (LOSS, DEV_ERROR), ("Loss", "Dev error"), strict=True
    ):
        with column:
            if any(curve.points for curve in drawn if curve.quantity == quantity):
                chart.show(
                    plot_curves(drawn, quantity, theme=frame.theme()),
                    key=f"curve:{key}:{quantity}",
                    alt=f"{name} by step, stage {chosen}",
                )
            else:
                markup.note(f"{name}: nothing was told in this stage.")
