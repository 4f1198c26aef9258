"""How fast trainings were in this store, and how much work others are. Imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import nnls

from bort.core.architecture import Architecture
from bort.core.errors import BortError
from bort.core.paths import expanded
from bort.core.study import StudySpec, TaskSpec, TrainingSpec
from bort.families import FamilySpace, SearchSpace, family
from bort.families.polynomial import FloatArray
from bort.storage import Store, StudyRecord
from bort.tasks import list_tasks, load_task
from bort.training.fit import BATCH_SIZE, TEACHER_EVALUATIONS, contrast_steps, teacher_steps
from bort.training.source import source_network

TYPICAL_LENGTH = 32  # tokens; a guess, because only training counts the real ones
TRAIN_SHARE = 0.7  # of a task's texts, before it is split
FORWARD_SHARE = 1 / 3  # of a training step's work; the backward pass costs twice as much

RECENT_STUDIES = 8
FEWEST_TIMINGS = 4  # two coefficients are fitted

# BertConfig's names for our dimensions.
_SOURCE_DIMENSIONS = {
    "depth": "num_hidden_layers",
    "heads": "num_attention_heads",
    "hidden": "hidden_size",
    "intermediate": "intermediate_size",
}


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of training as a sum of two terms, fitted on `count` trainings.

    Attributes:
        per_step: seconds that every step costs, for any model.
        per_operation: seconds per billion multiply-adds of forward passes.
    """

    per_step: float
    per_operation: float
    count: int

    def seconds(self, steps: int, work: FloatArray) -> FloatArray:
        """Estimate the seconds for `steps` steps that cost `work` in total."""
        return np.asarray(self.per_step * steps + self.per_operation * work)


def training_speed(store: Store, spec: StudySpec) -> Speed | None:
    """Fit the speed of this store's recent studies on the same device, if any.

    Those of the same families count; without enough of them, those that share a family.
    """
    families = _families(spec)
    records = [
        (record, _families(record.spec))
        for record in store.studies()[:RECENT_STUDIES]
        if record.spec.training.device == spec.training.device
    ]
    same = [t for record, theirs in records if theirs == families for t in _timings(store, record)]
    shared = [t for record, theirs in records if theirs & families for t in _timings(store, record)]
    timings = same if len(same) >= FEWEST_TIMINGS else shared
    if len(timings) < FEWEST_TIMINGS:
        return None
    steps, work, seconds = np.array(timings).T
    (per_step, per_operation), _ = nnls(np.column_stack([steps, work]), seconds)
    return Speed(float(per_step), float(per_operation), len(timings))


def candidate_seconds(speed: Speed, space: SearchSpace, training: TrainingSpec) -> float:
    """Estimate the seconds to train one candidate, the mean over the space."""
    steps = training.fixed_steps
    return float(np.mean(speed.seconds(steps, steps * _work(space, training))))


def teacher_seconds(speed: Speed, spec: StudySpec) -> float | None:
    """Estimate the seconds to fine-tune the source network and label all texts with it, once.

    Returns:
        The seconds; None if the number of texts or the source network is still unknown.
    """
    size, work = task_size(spec.task), source_work(spec.training)
    if size is None or work is None:
        return None
    steps = contrast_steps(size.labelled) + teacher_steps(size.labelled, size.classes)
    # Dev is read at each evaluation, all texts once by the head or probe and once by the teacher.
    read = TEACHER_EVALUATIONS * size.dev + 3 * size.texts
    passes = FORWARD_SHARE * read / BATCH_SIZE
    return float(speed.seconds(steps, np.array((steps + passes) * work)))


class TaskSize(NamedTuple):
    """Numbers of texts in all, labelled for training, and in dev; number of classes."""

    texts: int
    labelled: int
    dev: int
    classes: int


def task_size(task: TaskSpec) -> TaskSize | None:
    """Count a task's texts and classes; None for a hub data set, which may have to be fetched."""
    for info in list_tasks():
        if info.name == task.task:
            train = (info.splits or {}).get("train", int(TRAIN_SHARE * info.rows))
            dev = (info.splits or {}).get("dev", (info.rows - train) // 2)
            classes = len(info.class_names)
            return TaskSize(info.rows, min(task.labelled or train, train), dev, classes)
    if not Path(task.task).suffix:
        return None
    try:
        found = load_task(task)
    except BortError:
        return None  # the check of the search says so
    texts = sum(len(split) for split in (found.train, found.dev, found.audit, found.pool or ()))
    return TaskSize(texts, len(found.train), len(found.dev), len(found.class_names))


def source_work(training: TrainingSpec) -> float | None:
    """Count the billions of multiply-adds of one batch in the source network.

    None if it is on the hub, since showing a form downloads nothing, or cannot be read, which the
    job's own check reports.
    """
    name = training.source
    if name is not None and not expanded(name).is_dir():
        return None
    try:
        return batch_work(source_network(name).config)
    except BortError:
        return None


def batch_work(config: Mapping[str, Any]) -> float | None:
    """Count the billions of multiply-adds of one batch in a network with this config.json."""
    try:
        columns = {k: np.array([int(config[v])]) for k, v in _SOURCE_DIMENSIONS.items()}
    except (KeyError, TypeError, ValueError):
        return None
    counted = family("bert").operation_count(
        columns, {}, batch_size=BATCH_SIZE, sequence_length=TYPICAL_LENGTH
    )
    return float(counted[0]) / 1e9


def only(space: SearchSpace, pick: str) -> FamilySpace:
    """Make a space with only this architecture."""
    own, architecture = space.member(space.named(pick))
    return replace(own, dimensions={n: (value,) for n, value in architecture.as_dict().items()})


def _families(spec: StudySpec) -> frozenset[str]:
    return frozenset(part.family_name for part in SearchSpace.from_dict(spec.space).parts)


def _timings(store: Store, record: StudyRecord) -> list[tuple[float, float, float]]:
    """Read steps, billions of multiply-adds and seconds of each training of a study."""
    space = SearchSpace.from_dict(record.spec.space)
    work = _work(space, record.spec.training)
    return [
        (
            float(stored.evaluation.steps),
            stored.evaluation.steps
            * float(work[space.index(Architecture.of(**stored.architecture))]),
            stored.evaluation.seconds,
        )
        for stored in store.evaluation_records(record)
        if not stored.evaluation.diverged
    ]


def _work(space: SearchSpace, training: TrainingSpec) -> FloatArray:
    """Count the billions of multiply-adds of the forward pass of one step, shape (N,)."""
    return space.operation_count(training.batch_size, TYPICAL_LENGTH) / 1e9
