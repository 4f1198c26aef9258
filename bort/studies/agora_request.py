"""Turn the user's options for an Agora run into its description, for pages and terminal."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bort.agora.text.data import load_texts
from bort.agora.text.spec import (
    check_text_spec,
    options_of,
    small_space,
    suggested_study,
    usual_representation,
)
from bort.agora.torus.world import options_of as torus_options_of
from bort.core.agora import ARCHITECTURE, PROBE, TEACHER, TORUS, RunRequest, TextSpec, is_torus_run
from bort.core.baseline import is_soft_labels
from bort.core.errors import InvalidFieldError, InvalidOptionError
from bort.core.fields import read
from bort.core.kinds import flag
from bort.core.paths import expanded, in_full
from bort.core.progress import OnStep, ignore
from bort.core.study import TaskSpec, TrainingSpec, check_name
from bort.storage import Store
from bort.studies.answers import read_answer
from bort.studies.parts import (
    AGORA_REQUEST,
    AGORA_TASK,
    AGORA_TEXT,
    AGORA_TORUS,
    AGORA_TRAINING,
    TEXT_RUN,
    TORUS_RUN,
)
from bort.tasks import DataWarning, Task, anchored
from bort.training.fit import label_order, labels_of
from bort.training.source import (
    model_folder,
    read_config,
    source_network,
    with_whole_paths,
)

CLOSING = 4  # the last student trains this many times the steps of a round


def describe_run(
    store: Store,
    asked: Mapping[str, Any],
    *,
    on_step: OnStep = ignore,
    on_warning: Callable[[DataWarning], object] | None = None,
) -> dict[str, Any]:
    """Make the description of the job; all mistakes are found here, before the job starts.

    Args:
        store: contains the study that a student is taken from.
        asked: what was written or entered for each option; None if nothing was.
        on_step: called with each step of reading the data.
        on_warning: called with everything that makes the data misleading.

    Raises:
        BortError: one line on the problem.
    """
    is_torus = is_torus_run(asked)
    parts = TORUS_RUN if is_torus else TEXT_RUN
    known = {option for part in parts for option in part.fields}
    if foreign := sorted(name for name, value in asked.items() if value and name not in known):
        kind, remedy = ("the torus", "name a --task") if is_torus else ("texts", "use --task torus")
        raise InvalidOptionError(
            f"{flag(foreign[0])} does not apply to {kind}; leave it out, or {remedy}"
        )
    given = read(asked, *parts)
    if is_torus:
        return _torus(given)
    spec, task = _texts(store, given, on_step)
    if on_warning is not None:
        for warning in task.warnings:
            on_warning(warning)
    return spec.to_dict()


def describe_comparison(described: Mapping[str, Any], seeds: int) -> dict[str, Any]:
    """Make the description of a comparison with plain training and random augmentation.

    Raises:
        InvalidOptionError: the run is on the torus, or there are no seeds.
    """
    if described["task"] == TORUS:
        raise InvalidOptionError("--ablate works only on texts; choose another --task")
    if seeds < 1:
        raise InvalidOptionError(f"--seeds must be 1 or more, got {seeds}")
    if described.get("minutes") is not None:
        raise InvalidOptionError(
            "--minutes would end the runs of a comparison at different rounds; limit --rounds or "
            "--points instead"
        )
    return {**described, "seeds": seeds}


def _torus(given: Mapping[str, Any]) -> dict[str, Any]:
    spec = AGORA_TORUS.build(given)
    torus_options_of(spec)
    study = check_name(given.get("study") or f"{TORUS}-{spec.learner}")
    return {"study": study, "task": TORUS, **spec.to_dict()}


def _texts(store: Store, given: dict[str, Any], on_step: OnStep) -> tuple[TextSpec, Task]:
    request = AGORA_REQUEST.build(given)
    if request.from_study is None:
        task, architecture, space = AGORA_TASK.build(given), request.architecture, None
        first = "inherit" if given.get("distilled") else "scratch"
        training = AGORA_TRAINING.build({"initialise": first, **given})
        architecture = architecture or ARCHITECTURE
    else:
        task, training, space, architecture = _from_study(store, request, given)
    task, training = anchored(task), with_whole_paths(training)
    if space is None:
        space = small_space(architecture, source_network(training.source).config).to_dict()
    if pool := given.get("pool"):  # a job may be resumed in another folder
        given = {**given, "pool": str(expanded(pool).absolute())}
    if (labeler := given.get("labeler")) not in (None, TEACHER, PROBE):
        given = {**given, "labeler": in_full(labeler)}
    spec = AGORA_TEXT.build(
        {"closing_steps": CLOSING * training.fixed_steps, **given},
        study=request.study or suggested_study(task.task, architecture),
        task=task,
        space=space,
        architecture=architecture,
        training=training,
    )
    check_text_spec(spec)
    options_of(spec, radius=1.0 if spec.radius is None else spec.radius)
    loaded = load_texts(spec, on_step=on_step)
    _check(spec, loaded)
    if "representation" not in given:
        usual = usual_representation(spec.sampler, has_pool=loaded.pool is not None)
        spec = replace(spec, representation=usual)
    return spec, loaded


def _from_study(
    store: Store, request: RunRequest, given: Mapping[str, Any]
) -> tuple[TaskSpec, TrainingSpec, Mapping[str, Any], str]:
    """Take task, training, space and student from a search, unless they are given."""
    answer = read_answer(store, str(request.from_study))
    if request.architecture is None and answer.best is None:
        raise InvalidOptionError(
            f"the study {request.from_study!r} has no evaluation yet; choose a student with "
            "--architecture"
        )
    own, found = answer.spec.task, answer.spec.training
    if "task" in given:  # its columns and labels do not apply to another task
        task = AGORA_TASK.build(given, seed=own.seed)
    elif columns := [o for o in ("text", "label", "split_column", "where") if given.get(o)]:
        raise InvalidOptionError(
            f"{flag(columns[0])} concerns the columns of a file, but the task is that of the study "
            f"{request.from_study!r}; add --task FILE"
        )
    else:
        task = own if "labelled" not in given else replace(own, labelled=given["labelled"])
    as_there = {"initialise": found.initialise, "source": found.source}
    training = AGORA_TRAINING.build({**as_there, **given})
    architecture = request.architecture or (answer.best.id if answer.best else "")
    return task, training, answer.spec.space, architecture


def _check(spec: TextSpec, task: Task) -> None:
    """Find problems that would make a job fail."""
    if spec.sampler == "retrieval" and task.pool is None:
        raise InvalidFieldError(
            "sampler",
            f"there is no pool to retrieve from: all {len(task.train):,} training texts are "
            "labelled; keep fewer with --labelled, add --pool FILE, or use --sampler edits",
        )
    if is_soft_labels(spec.teacher_folder):
        raise InvalidFieldError(
            "labeler",
            f"{spec.labeler} is a file, which cannot label new texts; name {TEACHER}, {PROBE}, "
            "sklearn:CLASS or a classifier",
        )
    if spec.teacher_folder is not None:
        config = read_config(model_folder(spec.teacher_folder), spec.teacher_folder)
        label_order(labels_of(config), task.class_names, spec.teacher_folder)
