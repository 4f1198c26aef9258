"""Before Start: can this study run, and what will it cost? Imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from bort.architecture import Architecture
from bort.families import SearchSpace
from bort.families.polynomial import FloatArray
from bort.measure.latency import profile_key, workload_of
from bort.measure.runtimes.registry import runtime_kind
from bort.measure.stored import named_profile
from bort.storage import Store, StudyRecord
from bort.study import InvalidFieldError, StudySpec, TrainingSpec
from bort.tasks import OnProgress, list_tasks, load_task, resolve
from bort.training.source import model_folder, source_network

BYTES_PER_PARAMETER = 16  # weight, gradient and two moments of AdamW, four bytes each
BASE_BYTES = 900 << 20  # measured: a process that has imported torch and transformers
TYPICAL_LENGTH = 32  # tokens; only the plan's guess, training counts the real ones

RECENT_STUDIES = 8
FEWEST_TIMINGS = 4  # two coefficients are fitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a study will cost at most.

    Attributes:
        evaluations_at_most: trainings of candidates, all seeds together.
        seconds_per_evaluation: expected, mean over the space; None where nothing was ever timed.
        minutes: expected minutes of training candidates; None as above.
        basis: what the estimate rests on, in words.
        memory_bytes: at the maximum point, expected.
        measures_latency: no stored profile fits, so this machine is measured first.
    """

    evaluations_at_most: int
    seconds_per_evaluation: float | None
    minutes: float | None
    basis: str
    memory_bytes: int
    measures_latency: bool


def check_study(
    spec: StudySpec, *, fetch: bool = True, on_progress: OnProgress | None = None
) -> StudySpec:
    """Check that a study can start here, before anything is stored.

    Args:
        spec: what is asked.
        fetch: prepare a task that is not in the cache, which needs the network; False leaves
            that to the job.
        on_progress: hears of the fetching.
    Returns:
        The spec; its space counts as many labels as the task has classes, where that is known.
    Raises:
        BortError: one line on what cannot be used: data, runtime, source network or teacher.
    """
    space = SearchSpace.from_dict(spec.space)
    runtime_kind(spec.latency.runtime).check_installed()
    workload_of(spec.latency, space)
    longest = source_network(spec.training.source).config.get("max_position_embeddings", 512)
    _check_options(spec, space, longest)
    if spec.training.teacher is not None:
        model_folder(spec.training.teacher)
    name = resolve(spec.task.task)
    elsewhere = name.startswith("hub:") or name in {t.name for t in list_tasks() if not t.prepared}
    if elsewhere and not fetch:
        return spec
    task = load_task(spec.task, on_progress=on_progress)
    if fetch and spec.training.device not in ("auto", "cpu"):
        from bort.training.device import resolve_device  # imports torch

        resolve_device(spec.training.device)
    if Path(name).exists():  # the job may run in another folder
        spec = replace(spec, task=replace(spec.task, task=str(Path(name).expanduser().absolute())))
    fixed = {**spec.space["fixed"], "labels": len(task.class_names)}
    return replace(spec, space={**spec.space, "fixed": fixed})


def check_profile(store: Store, spec: StudySpec) -> None:
    """Pass if the latency profile that a study names, if any, is stored.

    Raises:
        InvalidProfileError: it is not.
    """
    if spec.latency.profile is not None:
        named_profile(store, spec.latency.profile)


def _check_options(spec: StudySpec, space: SearchSpace, longest: int) -> None:
    length, lipschitz = spec.training.max_length, spec.search.lipschitz
    if length is not None and not 4 <= length <= longest:
        raise InvalidFieldError(
            "max_length", f"max length must be 4 to {longest}, the source's longest, got {length}"
        )
    if isinstance(lipschitz, Mapping) and set(lipschitz) != set(space.dimensions):
        raise InvalidFieldError(
            "lipschitz",
            f"λ needs one number for each of {', '.join(space.dimensions)}, "
            f"got {', '.join(lipschitz)}; or give one number for all",
        )


def plan_study(store: Store, spec: StudySpec) -> Plan:
    """Estimate what a study costs, from what was timed before in this store (examples too).

    Raises:
        BortError: the latency that is asked for cannot be measured here.
    """
    space = SearchSpace.from_dict(spec.space)
    count = min(len(space), spec.search.budget or len(space)) * spec.training.seeds
    seconds, basis = _seconds(store, spec, space)
    minutes = None if seconds is None else count * seconds / 60
    if minutes is not None and spec.search.minutes is not None:
        minutes = min(minutes, spec.search.minutes)
    named = spec.latency.profile is not None
    return Plan(
        evaluations_at_most=count,
        seconds_per_evaluation=seconds,
        minutes=minutes,
        basis=basis,
        memory_bytes=BASE_BYTES + _training_bytes(space, spec.training),
        measures_latency=not named and store.find_profile(profile_key(space, spec.latency)) is None,
    )


def _training_bytes(space: SearchSpace, training: TrainingSpec) -> int:
    """Weights and optimiser state of the maximum point, and what its backward pass keeps."""
    top = space.architecture(space.maximum).as_dict()
    tokens = training.batch_size * (training.max_length or 2 * TYPICAL_LENGTH)
    width = 8 * top.get("hidden", 0) + 2 * top.get("intermediate", 0)
    kept = 4 * tokens * width * top.get("depth", 1)
    return int(BYTES_PER_PARAMETER * space.parameter_count[space.maximum] + kept)


def _seconds(store: Store, spec: StudySpec, space: SearchSpace) -> tuple[float | None, str]:
    """Mean seconds per training over the space, and what that rests on."""
    timings = [
        timing
        for record in store.studies()[:RECENT_STUDIES]
        if record.spec.training.device == spec.training.device
        for timing in _timings(store, record, space.family_name)
    ]
    if len(timings) < FEWEST_TIMINGS:
        return None, "nothing comparable was timed yet; the first trainings will tell"
    steps, work, seconds = np.array(timings).T
    (per_step, per_operation), _ = nnls(np.column_stack([steps, work]), seconds)
    mean = np.mean(per_step * spec.training.steps + per_operation * _work(space, spec.training))
    return float(mean), f"from {len(timings)} trainings timed in this store, examples included"


def _timings(
    store: Store, record: StudyRecord, family_name: str
) -> list[tuple[float, float, float]]:
    """Steps, billions of multiply-adds and seconds of each training of a study."""
    space = SearchSpace.from_dict(record.spec.space)
    if space.family_name != family_name:
        return []
    work = _work(space, record.spec.training)
    return [
        (
            float(stored.evaluation.steps),
            float(work[space.index(Architecture.from_dict(stored.architecture))]),
            stored.evaluation.seconds,
        )
        for stored in store.evaluation_records(record)
        if not stored.evaluation.diverged
    ]


def _work(space: SearchSpace, training: TrainingSpec) -> FloatArray:
    """Billions of multiply-adds of the forward passes of one training, shape (N,)."""
    return space.operation_count(training.batch_size, TYPICAL_LENGTH) * training.steps / 1e9
