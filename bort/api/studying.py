"""What an estimator does with the store: describe a study, run it, read it, fine-tune a point."""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bort.api.frames import objective
from bort.api.inputs import as_labels
from bort.core import paths
from bort.core.errors import InvalidOptionError, UnknownStudyError
from bort.core.finetune import Recipe
from bort.core.progress import Progress
from bort.core.study import StudySpec, TaskSpec, suggest_name
from bort.families import SearchSpace, load_space
from bort.figures import axes_of, front_info, plot_front_3d, plot_pair
from bort.finetuning.realised import evidence_of
from bort.finetuning.request import check_finetune, describe_finetune
from bort.jobs import JobFailedError, find_job, list_jobs, run_here, start_detached
from bort.jobs.runtime.control import create_study
from bort.jobs.runtime.process import this_process
from bort.latency.profile import LatencyProfile
from bort.latency.stored import named_profile, profile_key, reusable_profile
from bort.report.data import data_warning
from bort.report.jobs import ending_sentence
from bort.report.latency import differences_words
from bort.report.notebook import progress
from bort.search.check.certificate import Certificate
from bort.storage import JobRecord, JobState, ModelRecord, Store, ensure_examples, fetch_model
from bort.studies.answers import StudyAnswer, read_answer, study_certificate
from bort.studies.checks import check_profile, check_study
from bort.studies.costs import Costs
from bort.studies.estimates import trainings_within
from bort.studies.loggers import check_loggers
from bort.studies.parts import (
    BUDGET,
    LATENCY,
    LOG,
    PRESETS,
    QUESTION,
    SEARCH,
    SIZE,
    TASK,
    TRAINING,
    WORKERS,
)
from bort.studies.workers import check_workers
from bort.tasks import load_task
from bort.tasks.given import class_values, here, is_given
from bort.training.text_work import text_source

WATCH_EVERY_S = 0.5
# Parameters of the estimator that are options of `bort search` under the same name.
OPTIONS = (
    *("goal", "epsilon", "weights", "confidence", "budget", "minutes", "audit"),
    *("seeds", "steps", "source", "teacher", "device", "threads", "runtime"),
)
ROWS = ("labelled", "split_column", "where")  # the options that choose among the texts
COLUMNS = ("text", "label")  # of a file or a hub data set
# Without any of these, the question is the preset's.
EXTENT = {"goal", "epsilon", "budget", "minutes"}
PRESET = "quick"


class OddDataWarning(UserWarning):
    """The data can be used, but something makes the answer misleading."""


def described(store: Store, params: Mapping[str, Any], task: TaskSpec) -> StudySpec:
    """Describe and check the study that an estimator's parameters ask for.

    Raises:
        BortError: an option, the data or a network cannot be used; nothing is stored.
    """
    given = _given(params)
    if is_given(task.task) and (named := [name for name in COLUMNS if name in given]):
        raise InvalidOptionError(
            f"options has {named[0]!r}, which names a column of a file, but texts were passed; "
            "leave it out"
        )
    rows = {name: given[name] for name in (*ROWS, *COLUMNS) if name in given}
    space = space_of(params["space"])
    search = BUDGET.build(given, question=QUESTION.build(given))
    spec = StudySpec(
        name=params["name"] or _name(task, space),
        space=space.to_dict(),
        task=TASK.build(rows, base=task),
        training=TRAINING.build(given),
        latency=LATENCY.build(given),
        search=search,
        size=SIZE.build(given),
    )
    spec = check_study(spec, on_warning=warn)
    if differences := check_profile(store, spec):
        warnings.warn(
            f"the latency profile {spec.latency.profile} was measured on another machine or with "
            f"other software: {differences_words(differences)}",
            OddDataWarning,
            stacklevel=4,
        )
    return _with_budget(store, spec)


def check_limit(
    store: Store, spec: StudySpec, max_latency_ms: float | None, max_parameters: int | None
) -> None:
    """Check that some architecture of the space meets the limits, before anything is trained.

    The latency is checked if a stored profile fits. Otherwise the search measures first, and
    `best_point_` says if nothing that it trained meets the limits.

    Raises:
        InvalidOptionError: none does.
    """
    for name, limit in (("max_latency_ms", max_latency_ms), ("max_parameters", max_parameters)):
        if limit is not None and not limit > 0:
            raise InvalidOptionError(f"{name} must be above 0, got {limit!r}; leave it out")
    if max_latency_ms is None and max_parameters is None:
        return
    space = SearchSpace.from_dict(spec.space)
    meets = np.ones(len(space), dtype=bool)
    if max_parameters is not None:
        meets &= space.parameter_count <= max_parameters
    fastest = None
    if max_latency_ms is not None and (profile := _known_profile(store, space, spec)):
        latency = (
            Costs(space, profile, spec.training).latency.median_ms / profile.workload.batch_size
        )
        meets &= latency <= max_latency_ms
        fastest = float(latency.min())
    if not meets.any():
        speed = "" if fastest is None else f" and {fastest:.3g} ms per text"
        raise InvalidOptionError(
            "no architecture of the space meets the limits: the smallest values are "
            f"{int(space.parameter_count.min()):,} parameters{speed}; raise max_latency_ms or "
            "max_parameters, or choose another space"
        )


def _known_profile(store: Store, space: SearchSpace, spec: StudySpec) -> LatencyProfile | None:
    if spec.latency.profile is not None:
        return named_profile(store, spec.latency.profile)
    return reusable_profile(store, profile_key(space, spec.latency, text_source(spec)))


def beside_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an estimator's options say beside the study: loggers (none by default), workers.

    Raises:
        MissingExtraError: one of the loggers, or ray, is not installed.
        InvalidFieldError: the Ray cluster has no token.
    """
    given = _given(params)
    loggers, workers = LOG.build(given).loggers, WORKERS.build(given).workers
    check_loggers(loggers)
    check_workers(workers)
    return {"loggers": loggers, "workers": workers}


def run_search(
    store: Store,
    spec: StudySpec,
    beside: Mapping[str, Any],
    *,
    is_named: bool,
    jobs: bool,
    verbose: bool,
) -> StudySpec:
    """Search to the end; returns the spec under the name that it is stored by."""
    ensure_examples(store, paths.examples())  # before a study of ours takes its name
    spec = create_study(store, spec, is_named=is_named)
    title = f"Searching {spec.name}"
    described = {**spec.to_dict(), **beside}
    run_job(store, "search", described, spec.name, title, jobs=jobs, verbose=verbose)
    return spec


def finetune(
    store: Store, study: str, pick: str, *, recipe: Recipe | None, jobs: bool, verbose: bool
) -> ModelRecord:
    """Fine-tune a point of a study.

    Raises:
        BortError: it cannot start here, or was stopped.
    """
    spec = describe_finetune(store, study, [pick], recipe=recipe, loggers=())
    check_finetune(spec)
    title = f"Fine-tuning {pick}"
    run = partial(run_job, store, "finetune", spec.to_dict(), study, title)
    answer = find_job(store, run(jobs=jobs, verbose=verbose)).result or {}
    return store.model(str(answer["models"][0]["model"]))


def model_of(
    store: Store, study: str, pick: str, *, recipe: Recipe | None = None
) -> ModelRecord | None:
    """Find the newest model that was trained here from a point of a study, on its own task.

    Args:
        recipe: by which it was trained; None takes any.
    """
    task = store.study(study).spec.task.task
    for model in store.models():
        is_same = model.study == study and model.architecture_id == pick and model.task == task
        is_same &= recipe is None or evidence_of(model).recipe == recipe
        if is_same and not model.is_imported:
            fetch_model(model)
            if model.folder.is_dir():
                return model
    return None


def wait_for(store: Store, study: str, *, verbose: bool) -> None:
    """Wait for the study's running search, if there is one.

    Raises:
        UnknownStudyError: no such study, or it never trained anything.
        JobFailedError: the job failed.
    """
    record = store.study(study)
    found = [job for job in list_jobs(store, study=study) if job.kind == "search"]
    if found and found[0].state.is_active:
        _follow(store, found[0].id, f"Searching {study}", verbose=verbose)
    elif not record.evaluation_count:
        raise UnknownStudyError(
            f"the study {study!r} has trained nothing; call fit, or run: "
            f"bort search --study {study}"
        )


def read(store: Store, study: str) -> tuple[StudyAnswer, Certificate]:
    """Read a study's answer and its certificate."""
    return read_answer(store, study), study_certificate(store, study)


def classes(spec: StudySpec) -> "np.ndarray[Any, np.dtype[Any]]":
    """Read the labels of a study's task, as they were passed."""
    names = load_task(spec.task).class_names
    if is_given(spec.task.task):
        return as_labels(class_values(here(Path(spec.task.task)), names))
    return as_labels(list(names))


def params_of(spec: StudySpec) -> dict[str, Any]:
    """Find the estimator's parameters that describe this study."""
    named = ROWS if is_given(spec.task.task) else (*ROWS, *COLUMNS)
    given = {
        **LATENCY.given(spec.latency),
        **QUESTION.given(spec.search.question),
        **BUDGET.given(spec.search),
        **TRAINING.given(spec.training),
        **SIZE.given(spec.size),
        **{name: v for name, v in TASK.given(spec.task).items() if name in named},
    }
    seed = given.pop("seed", 0)
    known = {name: given.pop(name) for name in OPTIONS if name in given}
    known["epsilon"] = spec.search.question.epsilon  # whose default is not the preset's
    return {**known, "space": spec.space, "random_state": seed, "options": given or None}


def plot(
    answer: StudyAnswer,
    x: str | None,
    y: str | None,
    *,
    theme: Any,
    log: Sequence[str],
) -> Any:
    """Draw the answer as the dashboard does: two objectives, or all three in space."""
    best = None if answer.best is None else answer.best.id
    known = axes_of(answer)
    info = front_info(answer.points, objectives=known, best_id=best)
    on_log = [objective(known, name) for name in log]
    if x is None or y is None:
        return plot_front_3d(info, theme=theme, log=on_log, height=480)
    on_x, on_y = objective(known, x), objective(known, y)
    return plot_pair(info, on_x, on_y, theme=theme, log=on_log, height=420)


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    """Collect the options of `bort search` from the parameters and from `options`."""
    known = {option for part in SEARCH for option in part.fields}
    more = dict(params["options"] or {})
    for name in more:
        if name not in known or name in OPTIONS or name in ("task", "seed"):
            free = sorted(known - {*OPTIONS, "task", "seed"})
            raise InvalidOptionError(
                f"options has no {name!r}; choose from {', '.join(free)}, or use the parameter of "
                "that name"
            )
    given = {name: params[name] for name in OPTIONS if params[name] is not None}
    if not given.keys() & EXTENT:
        given = {**PRESETS[PRESET], **given}
    for name in ("source", "teacher"):
        if name in given:
            given[name] = str(given[name])
    if isinstance(more.get("text"), str):
        more["text"] = tuple(more["text"].split(","))
    if "weights" in given:
        given["weights"] = tuple(given["weights"])
    if params["max_latency_ms"] is not None and not more.setdefault("text_to_label", True):
        raise InvalidOptionError(
            "max_latency_ms limits the time from text to label, but options has text_to_label: "
            "False; leave one of the two out"
        )
    return {**given, **more, "seed": params["random_state"]}


def space_of(given: Any) -> SearchSpace:
    """Read a space: a `SearchSpace`, what its `to_dict` gives, a name or a TOML file."""
    if isinstance(given, SearchSpace):
        return given
    return SearchSpace.from_dict(given) if isinstance(given, Mapping) else load_space(str(given))


def _name(task: TaskSpec, space: SearchSpace) -> str:
    named = "texts" if is_given(task.task) else task.task
    return suggest_name(named, space.name)


def _with_budget(store: Store, spec: StudySpec) -> StudySpec:
    """Convert minutes into a number of trainings, so that the answer is not the clock's."""
    minutes = spec.search.minutes
    if minutes is None:
        return spec
    same = [record.spec for record in store.studies() if record.name == spec.name]
    if same and same[0].search.minutes is None:  # its minutes were converted when it began
        budget = same[0].search.budget
        return replace(spec, search=replace(spec.search, minutes=None, budget=budget))
    ensure_examples(store, paths.examples())
    if not any(record.evaluation_count and not record.is_example for record in store.studies()):
        return spec  # only another machine's trainings were timed: the clock decides
    budget = trainings_within(store, spec, minutes)
    if budget is None:
        return spec
    return replace(spec, search=replace(spec.search, minutes=None, budget=budget))


def run_job(
    store: Store,
    kind: str,
    spec: Mapping[str, Any],
    study: str,
    title: str,
    *,
    jobs: bool,
    verbose: bool,
) -> int:
    """Run a job to its end, here or in a process of its own; returns its number.

    Raises:
        BortError: it failed or was stopped.
    """
    if jobs:
        job = start_detached(store, kind, spec, study=study)
        return _follow(store, job, title, verbose=verbose).id
    with progress(title, is_shown=verbose) as on_step:
        run_here(store, kind, spec, study=study, on_step=on_step)
    mine = this_process()  # another one may have begun a job of this study since
    return next(
        job.id for job in list_jobs(store, study=study) if job.kind == kind and job.process == mine
    )


def _follow(store: Store, job_id: int, title: str, *, verbose: bool) -> JobRecord:
    """Watch a job until it ends. Ceasing to watch does not stop it."""
    with progress(title, is_shown=verbose) as on_step:
        latest: Progress | None = None
        while not (job := find_job(store, job_id)).state.is_final:
            if job.progress != latest:
                latest = job.progress
                on_step(latest)
            time.sleep(WATCH_EVERY_S)
    if job.state is not JobState.DONE:
        raise JobFailedError(ending_sentence(job))
    return job


def warn(warning: Any) -> None:
    """Warn of something in the data that makes the answer misleading."""
    warnings.warn(data_warning(warning), OddDataWarning, stacklevel=5)
