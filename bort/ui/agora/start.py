"""The card that shows what a run may cost, and the Start button."""

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
from bort.ui.agora import readings as agora_readings
from bort.ui.agora.form import Asked
from bort.ui.kit import address, markup, readings
from bort.ui.kit.fields import Slots

# measured: docs/agora.md, "The torus": the whole run of 8 rounds stays below 30 s.
TORUS_SECONDS_PER_ROUND = 1.5


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
    is_here = all("/" not in name or expanded(name).is_dir() for name in networks)
    return is_here and (task in local or expanded(task).is_file())


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
    rounds = spec["rounds"] + 1
    if spec["task"] == TORUS:
        seconds = TORUS_SECONDS_PER_ROUND * rounds
        return [
            ("Rounds", f"{spec['rounds']} at most", "plus a final training"),
            ("Points", _points(spec, 1000), "proposed at most"),
            ("Time", f"about {duration(seconds)}", "on a quiet core"),
        ]
    steps = _steps(spec)
    return [
        ("Student", spec["architecture"], "depth-heads-hidden-intermediate"),
        ("Trainings", f"{steps:,} steps at most", f"in {rounds} rounds, the last one longer"),
        ("Points", _points(spec, spec["points_per_round"]), "added at most"),
        *_time(spec, steps),
    ]


def _points(spec: Mapping[str, Any], per_round: int | None) -> str:
    if spec["points"] is not None:
        return f"{spec['points']:,}"
    if per_round is not None:
        return f"{spec['rounds'] * per_round:,}"
    return f"{spec['points_per_error']} per dev error and round"


def _steps(spec: Mapping[str, Any]) -> int:
    """Compute the most training steps; each round drops one hyperparameter set."""
    sets = max(1, len(spec["training"]["learning_rates"] or ()))
    trainings = sum(max(1, sets - k) for k in range(spec["rounds"] + 1))
    steps: int = spec["training"]["steps"]
    return trainings * steps + (spec["closing_steps"] or 0)


def _time(spec: Mapping[str, Any], steps: int) -> list[tuple[str, str, str]]:
    """Estimate the time from earlier runs of the same student, else from stored searches."""
    for job in agora_readings.recent(20):
        if job.spec.get("architecture") == spec["architecture"] and job.result:
            seconds = steps * float(job.result["seconds"]) / max(1, _steps(job.spec))
            return [("Time", f"about {duration(seconds)}", f"as job {job.id} took per step")]
    from bort.core.agora import TextSpec
    from bort.core.study import SearchSpec, StudySpec
    from bort.report.numbers import basis
    from bort.studies.estimates import estimate_study

    text = TextSpec.from_dict(spec)
    estimate = estimate_study(
        readings.store(),
        StudySpec(
            name=text.study,
            space=text.space,
            task=text.task,
            training=text.training,
            search=SearchSpec(budget=1),
        ),
    )
    per_training = estimate.seconds_per_evaluation
    if per_training is None:
        return [("Time", "not known yet", "no training has been timed in this store")]
    seconds = steps * per_training / text.training.fixed_steps
    rows = [("Time", f"about {duration(seconds)}", f"of training, {basis(estimate.timed)}")]
    if estimate.trains_teacher and estimate.teacher_minutes is not None:
        before = f"about {duration(60 * estimate.teacher_minutes)}"
        rows.append(("Before", before, "fine-tuning the teacher, once per task"))
    return rows


def _start(spec: dict[str, Any] | None, asked: Asked, slots: Slots) -> None:
    try:
        if spec is None:
            with st.spinner("Checking data and networks"):
                spec = _described(asked)
        job = start_detached(readings.store(), "agora", spec, study=spec["study"])
    except BortError as error:
        slots.show(error)
        return
    address.choose_job(job)
    st.rerun()
