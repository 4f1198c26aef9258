"""Check that a study can run here, before anything is stored. Imports no torch."""

from collections.abc import Callable
from dataclasses import replace

from bort.core.baseline import Coverage, is_soft_labels
from bort.core.errors import InvalidFieldError
from bort.core.machine import Difference, usable_cores
from bort.core.progress import OnStep, ignore
from bort.core.size import SizeSpec
from bort.core.study import StudySpec
from bort.families import SearchSpace
from bort.families.sizes import sizes_of
from bort.latency.compare import differences_from_here
from bort.latency.runtimes import runtime_kind
from bort.latency.stored import study_profile
from bort.latency.workload import workload_of
from bort.storage import Store
from bort.tasks import DataWarning, Task, anchored, load_task
from bort.training.default_source import ensure_default_source
from bort.training.fit import (
    candidate_steps,
    check_pairs,
    check_reads_text,
    check_vocabulary,
    label_order,
    labels_of,
)
from bort.training.limits import check_tokenizer, read_limits
from bort.training.readings import check_vocabularies, tokenizer_bytes
from bort.training.soft_labels import coverage_of, read_soft_labels
from bort.training.source import (
    SourceNetwork,
    model_folder,
    read_config,
    source_network,
    with_whole_paths,
)
from bort.training.source_check import check_source
from bort.training.tokens import load_tokenizer


def check_study(
    spec: StudySpec,
    *,
    fetch: bool = True,
    on_step: OnStep = ignore,
    on_warning: Callable[[DataWarning | Coverage], object] | None = None,
) -> StudySpec:
    """Check that a study can start here, before anything is stored.

    Args:
        spec: the description of the study.
        fetch: load a data set from the hub and the source network now, however large; False
            leaves the data set to the job, and refuses if the network is missing.
        on_step: called with each step of fetching.
        on_warning: called with everything that makes the data misleading, and with what a file of
            soft labels covers.
    Returns:
        The spec; its space has as many labels as the task has classes, and the steps per candidate
        are fixed, if the task is known, as are the threads of trainings that run at once.
    Raises:
        BortError: one line on the problem with data, runtime, source network or teacher.
    """
    spec = replace(spec, training=with_whole_paths(spec.training))
    space = SearchSpace.from_dict(spec.space)
    check_reads_text(space)
    sizes_of(space, spec.size)
    runtime_kind(spec.latency.runtime).check_installed()
    workload_of(spec.latency, space)
    if fetch and spec.training.source is None:
        ensure_default_source(on_step=on_step)
    source = source_network(spec.training.source)
    check_source(source)
    check_vocabulary(source, space)
    positions = source.config.get("max_position_embeddings", 512)
    for included in spec.search.include:
        space.named(included)
    _check_options(spec, space, min(positions, space.positions or positions))
    teacher = spec.training.teacher
    outputs = None if is_soft_labels(teacher) else teacher and _outputs(teacher)
    spec = replace(spec, task=anchored(spec.task))
    if spec.task.task.startswith("hub:") and not fetch:
        return spec
    task = load_task(spec.task, on_step=on_step)
    check_pairs(space, has_pairs=task.train.pairs is not None)
    if on_warning is not None:
        for warning in task.warnings:
            on_warning(warning)
    if is_soft_labels(teacher):
        coverage = coverage_of(read_soft_labels(str(teacher), task), task)
        if on_warning is not None:
            on_warning(coverage)
    elif outputs:
        label_order(outputs, task.class_names, str(teacher))
    if spec.training.device not in ("auto", "cpu"):
        from bort.training.execution import resolve_device

        resolve_device(spec.training.device)
    check_vocabularies(task, source, space)
    classes = len(task.class_names)
    steps = spec.training.steps or candidate_steps(len(task.train), classes)
    threads = threads_each(spec.training.threads, at_once=spec.search.parallel)
    return replace(
        spec,
        training=replace(spec.training, steps=steps, threads=threads),
        size=known_size(spec.size, task, source, space),
        space=space.with_labels(classes).to_dict(),
    )


def threads_each(threads: int | None, *, at_once: int) -> int | None:
    """Divide the cores among the trainings that run at once, unless the threads are given."""
    return threads if threads or at_once == 1 else max(1, usable_cores() // at_once)


def known_size(size: SizeSpec, task: Task, source: SourceNetwork, space: SearchSpace) -> SizeSpec:
    """Complete a size with the bytes of the tokenizers, which depend on the task.

    Sizes in parameters do not need them, but a reader may ask for bytes later.
    """
    return replace(size, tokenizer_bytes=tokenizer_bytes(task, source, space))


def check_profile(store: Store, spec: StudySpec) -> list[Difference]:
    """Check that the latency profile that a study names, if any, is stored and fits its space.

    Returns:
        The differences between the machine it was measured on and this one.
    Raises:
        InvalidProfileError: it is not stored, or does not fit.
    """
    if spec.latency.profile is None:  # then the search measures one
        return []
    profile = study_profile(store, SearchSpace.from_dict(spec.space), spec.latency)
    return [] if profile is None else differences_from_here(profile)


def _outputs(teacher: str) -> list[str]:
    """Return the labels of a classifier whose tokenizer fits it."""
    folder = model_folder(teacher)
    config = read_config(folder, teacher)
    check_tokenizer(load_tokenizer(folder), read_limits(config), teacher)
    return labels_of(config)


def _check_options(spec: StudySpec, space: SearchSpace, longest: int) -> None:
    length = spec.training.max_length
    if length is not None and not 4 <= length <= longest:
        raise InvalidFieldError(
            "max_length",
            f"max length must be from 4 to {longest}, got {length}; choose a length in that range",
        )
    spec.search.question.lipschitz_by_dimension(tuple(space.dimensions))
