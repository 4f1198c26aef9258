"""The card that shows what a run may cost, and the Start button."""

import os
from collections.abc import Mapping
from typing import Any

import streamlit as st

from bort.core.agora import TORUS
from bort.core.errors import BortError
from bort.core.paths import expanded
from bort.jobs import start_detached
from bort.report.numbers import duration
from bort.studies.commands import agora_command
from bort.tasks import list_tasks
from bort.ui.agora.form import Asked
from bort.ui.kit import address, markup, readings
from bort.ui.kit.fields import Slots


def show(asked: Asked, slots: Slots) -> None:
    """Show the card next to the form, with the button that starts the job."""
    markup.label("Before you start")
    is_cheap = _can_check_at_once(asked)
    spec = _spec(asked, slots) if is_cheap else None
    if spec is not None:
        markup.facts(_cost(spec))
    elif is_cheap:
        markup.note("Check the fields marked in red.")
    else:
        markup.note("Start checks the data and networks, and downloads them if needed.")
    is_started = st.button(
        "Start Agora",
        type="primary",
        icon=":material/play_arrow:",
        disabled=(is_cheap and spec is None) or not asked.get("task"),
        width="stretch",
        key="agora-start",
    )
    markup.note("It runs in its own process and continues if you close the page.")
    if asked.get("task"):  # there is no command until a file is named
        markup.label("This run as a command")
        st.code(agora_command(asked), language="bash", wrap_lines=True)
    if is_started:
        _start(spec, asked, slots)


def _can_check_at_once(asked: Asked) -> bool:
    """Check whether everything needed for checking is on this machine."""
    task = str(asked["task"] or "")
    local = {TORUS, *(info.name for info in list_tasks() if info.prepared)}
    networks = [str(asked.get(name) or "") for name in ("source", "labeler")]
    is_here = all("/" not in name or os.path.isdir(expanded(name)) for name in networks)
    return is_here and (task in local or os.path.isfile(expanded(task)))


def _spec(asked: Asked, slots: Slots) -> dict[str, Any] | None:
    try:
        return _described(asked)
    except BortError as error:
        slots.show(error)
        return None


def _described(asked: Asked) -> dict[str, Any]:
    from bort.studies.agora_request import describe_run

    return describe_run(readings.store(), asked)


def _cost(spec: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    from bort.report.plan import plan_basis, stage_facts
    from bort.studies.agora_estimates import estimate_agora

    cost = estimate_agora(readings.store(), spec)
    minutes = cost.total_minutes
    time = "not known yet" if minutes is None else f"about {duration(60 * minutes)}"
    told = ("Time", time, plan_basis(cost))
    if spec["task"] == TORUS:
        return [
            ("Rounds", f"{spec['rounds']} at most", "plus a final training"),
            ("Points", _points(spec, 1000), "proposed at most"),
            told,
        ]
    return [
        ("Student", spec["architecture"], "depth-heads-hidden-intermediate"),
        (
            "Trainings",
            f"{cost.steps:,} steps at most",
            f"in {spec['rounds'] + 1} rounds, the last one longer",
        ),
        ("Points", _points(spec, spec["points_per_round"]), "added at most"),
        told,
        *stage_facts(cost.stages),
    ]


def _points(spec: Mapping[str, Any], per_round: int | None) -> str:
    if spec["points"] is not None:
        return f"{spec['points']:,}"
    if per_round is not None:
        return f"{spec['rounds'] * per_round:,}"
    return f"{spec['points_per_error']} per dev error and round"


def _start(spec: dict[str, Any] | None, asked: Asked, slots: Slots) -> None:
    try:
        store = readings.store_to_change()
        if spec is None:
            with st.spinner("Checking data and networks"):
                spec = _described(asked)
        job = start_detached(store, "agora", spec, study=spec["study"])
    except BortError as error:
        slots.show(error)
        return
    address.choose_job(job)
    st.rerun()
