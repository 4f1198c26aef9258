"""Before Start: can this study run, and what will it cost? Imports no torch."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bort.core.errors import InvalidFieldError
from bort.core.machine.fingerprint import Difference
from bort.core.progress import OnStep, ignore
from bort.core.study import StudySpec, TrainingSpec
from bort.families import SearchSpace
from bort.latency.compare import differences_from_here
from bort.latency.runtimes import runtime_kind
from bort.latency.stored import profile_key, study_profile
from bort.latency.workload import workload_of
from bort.storage import Store
from bort.studies.estimates import (
    TYPICAL_LENGTH,
    candidate_seconds,
    teacher_seconds,
    training_speed,
    trains_teacher,
)
from bort.tasks import load_task, resolve
from bort.training.fit import check_reads_text, check_vocabulary, label_order, labels_of
from bort.training.source import model_folder, read_config, source_network

BYTES_PER_PARAMETER = 16  # weight, gradient and two moments of AdamW, four bytes each
BASE_BYTES = 900 << 20  # measured: a process that has imported torch and transformers


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a study will cost at most.

    Attributes:
        evaluations_at_most: trainings of candidates, all seeds together.
        seconds_per_evaluation: expected, mean over the space; None where nothing was ever timed.
        minutes: expected minutes of training candidates; None as above.
        trains_teacher: the teacher of this task is fine-tuned first, once.
        teacher_minutes: expected minutes of that, 0 where it is not needed; None where unknown.
        basis: what the estimate rests on, in words.
        memory_bytes: at the maximum point, expected.
        measures_latency: no stored profile fits, so this machine is measured first.
    """

    evaluations_at_most: int
    seconds_per_evaluation: float | None
    minutes: float | None
    trains_teacher: bool
    teacher_minutes: float | None
    basis: str
    memory_bytes: int
    measures_latency: bool


def check_study(
    spec: StudySpec,
    *,
    fetch: bool = True,
    on_step: OnStep = ignore,
    on_warning: Callable[[str], object] | None = None,
) -> StudySpec:
    """Check that a study can start here, before anything is stored.

    Args:
        spec: what is asked.
        fetch: load a set of the hub now, however large; False leaves that to the job.
        on_step: hears of the fetching.
        on_warning: hears of what is odd about the data, one line each.
    Returns:
        The spec; its space counts as many labels as the task has classes, where that is known.
    Raises:
        BortError: one line on what cannot be used: data, runtime, source network or teacher.
    """
    space = SearchSpace.from_dict(spec.space)
    check_reads_text(space)
    runtime_kind(spec.latency.runtime).check_installed()
    workload_of(spec.latency, space)
    source = source_network(spec.training.source)
    check_vocabulary(source, space)
    positions = source.config.get("max_position_embeddings", 512)
    for included in spec.search.include:
        space.named(included)
    _check_options(spec, space, min(positions, space.fixed.get("positions", positions)))
    teacher = spec.training.teacher
    outputs = None if teacher is None else labels_of(read_config(model_folder(teacher), teacher))
    name = resolve(spec.task.task)
    if name.startswith("hub:") and not fetch:
        return spec
    task = load_task(spec.task, on_step=on_step)
    if on_warning is not None:
        for warning in task.warnings:
            on_warning(warning)
    if outputs is not None:
        label_order(outputs, task.class_names, str(teacher))
    if spec.training.device not in ("auto", "cpu"):
        from bort.training.execution import resolve_device

        resolve_device(spec.training.device)
    if Path(name).exists():  # the job may run in another folder
        spec = replace(spec, task=replace(spec.task, task=str(Path(name).expanduser().absolute())))
    fixed = {**spec.space["fixed"], "labels": len(task.class_names)}
    return replace(spec, space={**spec.space, "fixed": fixed})


def check_profile(store: Store, spec: StudySpec) -> list[Difference]:
    """Pass if the latency profile that a study names, if any, is stored and fits its space.

    Returns:
        What differs between the machine it was measured on and this one.
    Raises:
        InvalidProfileError: it is not, or does not.
    """
    if spec.latency.profile is None:  # then it is measured
        return []
    profile = study_profile(store, SearchSpace.from_dict(spec.space), spec.latency)
    return [] if profile is None else differences_from_here(profile)


def _check_options(spec: StudySpec, space: SearchSpace, longest: int) -> None:
    length = spec.training.max_length
    if length is not None and not 4 <= length <= longest:
        raise InvalidFieldError(
            "max_length", f"max length must be 4 to {longest}, the longest here, got {length}"
        )
    spec.search.question.lipschitz_by_dimension(tuple(space.dimensions))


def plan_study(store: Store, spec: StudySpec) -> Plan:
    """Estimate what a study costs, from what was timed before in this store (examples too).

    Raises:
        BortError: the latency that is asked for cannot be measured here.
    """
    space = SearchSpace.from_dict(spec.space)
    count = min(len(space), spec.search.budget or len(space)) * spec.training.seeds
    speed = training_speed(store, spec)
    seconds = None if speed is None else candidate_seconds(speed, space, spec.training)
    minutes = None if seconds is None else count * seconds / 60
    if minutes is not None and spec.search.minutes is not None:
        minutes = min(minutes, spec.search.minutes)
    needs_teacher = trains_teacher(store, spec)
    teaching = None if speed is None else teacher_seconds(speed, spec)
    named = spec.latency.profile is not None
    return Plan(
        evaluations_at_most=count,
        seconds_per_evaluation=seconds,
        minutes=minutes,
        trains_teacher=needs_teacher,
        teacher_minutes=(None if teaching is None else teaching / 60) if needs_teacher else 0.0,
        basis="nothing comparable was timed yet; the first trainings will tell"
        if speed is None
        else f"from {speed.count} trainings timed in this store, examples included",
        memory_bytes=BASE_BYTES + training_bytes(space, spec.training),
        measures_latency=not named and store.find_profile(profile_key(space, spec.latency)) is None,
    )


def training_bytes(space: SearchSpace, training: TrainingSpec) -> int:
    """Weights and optimiser state of the maximum point, and what its backward pass keeps."""
    top = space.architecture(space.maximum).as_dict()
    tokens = training.batch_size * (training.max_length or 2 * TYPICAL_LENGTH)
    width = 8 * top.get("hidden", 0) + 2 * top.get("intermediate", 0)
    kept = 4 * tokens * width * top.get("depth", 1)
    return int(BYTES_PER_PARAMETER * space.parameter_count[space.maximum] + kept)
