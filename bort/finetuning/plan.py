"""Before Start: can these picks be fine-tuned here, and what will it cost? Imports no torch."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bort.core import paths
from bort.core.errors import (
    InvalidArchitectureError,
    InvalidDataError,
    InvalidModelError,
    StoreError,
)
from bort.core.finetune import FineTuneSpec
from bort.core.study import StudySpec, TaskSpec, TrainingSpec
from bort.families import SearchSpace
from bort.finetuning.latency import SOURCE_DIMENSIONS
from bort.finetuning.loggers import check_loggers
from bort.latency.runtimes import runtime_kind
from bort.storage import Store
from bort.studies.estimates import (
    FORWARD_SHARE,
    TYPICAL_LENGTH,
    candidate_seconds,
    teacher_seconds,
    training_speed,
    trains_teacher,
)
from bort.studies.plan import BASE_BYTES, BYTES_PER_PARAMETER, check_study, training_bytes
from bort.tasks import Task, list_tasks, load_task
from bort.training.source import source_network
from bort.training.tokens import load_tokenizer

CHECKPOINT_COPIES = 8  # two of weights and moments, the best weights, the one being written
FLOAT32_BYTES = 4
STREAM_FACTOR = 1.2  # looks at dev and checkpoints besides


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTunePlan:
    """What a fine-tuning will cost, if no stage ends early.

    Attributes:
        trainings: stages that are trained, over all picks, seeds and tasks.
        steps: optimiser steps in all.
        minutes: expected; None where nothing comparable was ever timed in this store.
        basis: what the estimate rests on, in words.
        memory_bytes: expected at the largest pick.
        disk_bytes: checkpoints and models.
        free_bytes: of the disk that they go to.
    """

    trainings: int
    steps: int
    minutes: float | None
    basis: str
    memory_bytes: int
    disk_bytes: int
    free_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def check_finetune(spec: FineTuneSpec) -> list[Task]:
    """Check that a fine-tuning can start here, before anything is stored; returns its tasks.

    Raises:
        BortError: one line on what cannot be used: a pick, a task, the source network, its
            tokenizer, the teacher, a runtime, a logger.
    """
    space = SearchSpace.from_dict(spec.space)
    for pick in spec.picks:
        space.named(pick)
    if not spec.picks:
        raise InvalidArchitectureError("nothing is picked; name --best or --pick ID")
    for runtime in spec.runtimes:
        runtime_kind(runtime).check_installed()
    check_loggers(spec.loggers)
    for task in spec.tasks:
        check_study(_as_study(spec, space, task, steps=1))
    source = source_network(spec.training.source)
    if load_tokenizer(source.folder).token_to_id("[PAD]") is None:
        raise InvalidModelError(
            f"the tokenizer of {source.name} has no padding token [PAD], which an exported model "
            "needs; choose a source network with one"
        )
    if "agora" in spec.recipe.stages and spec.training.teacher is not None:
        raise InvalidModelError(
            "the stage agora labels with the source network's own teacher, and the study names "
            f"{spec.training.teacher}; leave the stage out"
        )
    tasks = [load_task(task) for task in spec.tasks]
    for loaded in tasks:
        check_labels(loaded)
    return tasks


def check_labels(task: Task) -> None:
    """Pass if every class of the task has training texts.

    Raises:
        InvalidDataError: one has none.
    """
    absent = task.report.get("classes_absent", {}).get("train", [])
    if absent:
        raise InvalidDataError(
            f"{task.title}: no training text has the label {absent[0]!r}, so that no model can "
            "learn it; add texts of it, or leave its rows out"
        )


def plan_finetune(store: Store, spec: FineTuneSpec, tasks: Sequence[Task]) -> FineTunePlan:
    """Estimate what a fine-tuning costs, from what was timed before in this store."""
    space = SearchSpace.from_dict(spec.space)
    speed = training_speed(store, _as_study(spec, space, spec.tasks[0], steps=1))
    stages = [
        (_only(space, pick), stage, steps)
        for task in tasks
        for pick in spec.picks
        for stage, steps in _stages(spec, task)
    ]
    parameters = [int(one.parameter_count[0]) for one, _, _ in stages]
    source = _source_space(spec)
    seconds = None
    if speed is not None:
        seconds = sum(
            STREAM_FACTOR * candidate_seconds(speed, one, _training(spec, steps))
            + (FORWARD_SHARE * candidate_seconds(speed, source, _training(spec, steps)))
            * (stage == "distil")
            for one, stage, steps in stages
        )
        for task_spec, task in zip(spec.tasks, tasks, strict=True):
            if spec.labels_pool:
                passes = _training(spec, max(1, _pool(spec, task) // spec.recipe.batch_size))
                seconds += FORWARD_SHARE * candidate_seconds(speed, source, passes)
            study = _as_study(spec, space, task_spec, steps=1)
            if trains_teacher(store, study):
                seconds += teacher_seconds(speed, study) or 0.0
    students = max(training_bytes(one, _training(spec, 1)) for one, _, _ in stages)
    followed = _followed_bytes(spec, source) if "distil" in spec.recipe.stages else 0
    teacher = BYTES_PER_PARAMETER * int(source.parameter_count[0])
    return FineTunePlan(
        trainings=len(stages),
        steps=sum(steps for _, _, steps in stages),
        minutes=None if seconds is None else seconds / 60,
        basis="nothing comparable was timed yet; the first steps will tell"
        if speed is None
        else f"from {speed.count} trainings timed in this store, examples included",
        memory_bytes=BASE_BYTES + students + teacher + followed,
        disk_bytes=FLOAT32_BYTES * (CHECKPOINT_COPIES * max(parameters) + 2 * sum(parameters)),
        free_bytes=shutil.disk_usage(_existing(paths.home())).free,
    )


def _pool(spec: FineTuneSpec, task: Task) -> int:
    """Texts without labels: made-up ones, and those of other tasks."""
    others = _other_texts(task) if spec.recipe.other_tasks else 0
    return spec.recipe.copies * len(task.train) + others


def _stages(spec: FineTuneSpec, task: Task) -> list[tuple[str, int]]:
    """Stage and steps of everything that is trained for one pick."""
    recipe = spec.recipe
    labelled = len(task.train)
    pool = _pool(spec, task)

    def steps(given: int | None, epochs: float, texts: int) -> int:
        return given or max(1, round(epochs * texts / recipe.batch_size))

    tuned = steps(recipe.steps, recipe.epochs, labelled + (pool if recipe.texts == "all" else 0))
    found = []
    if "distil" in recipe.stages:
        texts = labelled + pool
        found.append(("distil", steps(recipe.distil_steps, recipe.distil_epochs, texts)))
    if "finetune" in recipe.stages:
        trainings = max(1, len(recipe.learning_rates)) + spec.seeds - 1
        found += [("finetune", tuned)] * trainings
    if "agora" in recipe.stages:
        students = spec.seeds if "finetune" in recipe.stages else 1
        found += [("agora", max(1, tuned // 2))] * (students * recipe.agora_rounds)
    if spec.compare:
        found.append(("plain", steps(recipe.steps, recipe.epochs, labelled)))
    return found


def _other_texts(task: Task) -> int:
    """Training texts of the other named tasks, as far as they lie here; a pair takes none."""
    if task.train.pairs is not None:
        return 0
    others = (info for info in list_tasks() if info.prepared and info.name != task.name)
    return sum((info.splits or {}).get("train", 0) for info in others)


def _training(spec: FineTuneSpec, steps: int) -> TrainingSpec:
    return replace(spec.training, steps=steps, batch_size=spec.recipe.batch_size)


def _as_study(spec: FineTuneSpec, space: SearchSpace, task: TaskSpec, *, steps: int) -> StudySpec:
    """A study of the same task and settings, for what is known about studies."""
    training = _training(spec, steps)
    return StudySpec(
        name="finetune",
        space=space.to_dict(),
        task=task,
        training=training,
        latency=replace(spec.latency, profile=None),
    )


def _only(space: SearchSpace, pick: str) -> SearchSpace:
    """The space of one architecture."""
    values = {name: (value,) for name, value in space.named(pick).as_dict().items()}
    return SearchSpace.from_dict({**space.to_dict(), "dimensions": values})


def _source_space(spec: FineTuneSpec) -> SearchSpace:
    config = source_network(spec.training.source).config
    shape = {ours: (int(config[theirs]),) for ours, theirs in SOURCE_DIMENSIONS.items()}
    return SearchSpace("source", "bert", shape, {"vocabulary": int(config["vocab_size"])})


def _followed_bytes(spec: FineTuneSpec, source: SearchSpace) -> int:
    """What a pass of the followed network holds: the states of all layers, the inside of one."""
    shape = source.architecture(source.maximum).as_dict()
    length = spec.training.max_length or 2 * TYPICAL_LENGTH
    states = shape["depth"] * (shape["hidden"] + shape["heads"] * length)
    inside = 8 * shape["hidden"] + 2 * shape["intermediate"]
    return FLOAT32_BYTES * spec.recipe.batch_size * length * (states + inside)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def check_room(plan: FineTunePlan) -> None:
    """Pass if the disk has room for it.

    Raises:
        StoreError: it has not.
    """
    if plan.disk_bytes > plan.free_bytes:
        raise StoreError(
            f"checkpoints and models take about {plan.disk_bytes / 2**20:,.0f} MiB, and "
            f"{plan.free_bytes / 2**20:,.0f} MiB are free; make room or set BORT_HOME elsewhere"
        )
