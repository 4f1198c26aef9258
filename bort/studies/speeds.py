"""How fast trainings were in this store, and how much work others are. Imports no torch."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import chain, groupby
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
from bort.search import SearchProblem
from bort.search.guide.design import first_design
from bort.storage import Store, StudyRecord
from bort.tasks import list_tasks, load_task
from bort.training.fit import BATCH_SIZE, TEACHER_EVALUATIONS, contrast_steps, teacher_steps
from bort.training.source import source_network

TYPICAL_LENGTH = 32  # tokens; a guess, because only training counts the real ones
TRAIN_SHARE = 0.7  # of a task's texts, before it is split
FIXED_WORK = 0.5  # billions of multiply-adds that take as long as what every step costs
LAYER_WORK = 0.5  # the same for each layer: small matrices keep a CPU waiting; measured
FORWARD_SHARE = 1 / 5  # of a training step, which has a backward pass and the optimiser; measured

RECENT_STUDIES = 8
FEWEST_TIMINGS = 4  # two coefficients are fitted
TEACHERS_FAMILY = "bert"
REWEIGHTINGS = 10
LEAST_SECONDS = 1e-3  # keeps weights finite

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
        per_operation: seconds per billion multiply-adds of forward passes; a layer counts as
            LAYER_WORK more.
        families: the same for each family that was timed often enough: equal work does not take
            equal time in all of them.
    """

    per_step: float
    per_operation: float
    count: int
    families: Mapping[str, "Speed"] = field(default_factory=dict)

    def seconds(self, steps: int, work: FloatArray) -> FloatArray:
        """Estimate the seconds for `steps` steps that cost `work` in total."""
        return np.asarray(self.per_step * steps + self.per_operation * work)


def training_speed(store: Store, spec: StudySpec) -> Speed | None:
    """Fit the speed of this store's recent studies on the same device, if any.

    Each family of the spec is fitted by its own trainings, if there are enough, and so are all
    together, for those without. Trainings on the spec's own texts count alone where there are
    enough, since longer texts take longer; trainings of recorded studies count only for what was
    not timed here. BERTs stand for all, because the teacher is one.
    """
    wanted = _families(spec)
    timings: dict[str, list[_Timing]] = {name: [] for name in sorted({*wanted, TEACHERS_FAMILY})}
    records = [r for r in store.studies()[:RECENT_STUDIES] if _device(r) == spec.training.device]
    ranked = sorted(records, key=partial(_remoteness, spec))
    for _, alike in groupby(ranked, key=partial(_remoteness, spec)):
        enough = {name for name in timings if len(timings[name]) >= FEWEST_TIMINGS}
        for name, timing in chain.from_iterable(
            _timings(_Trained.of(store, record)) for record in alike
        ):
            if name in timings and name not in enough:
                timings[name].append(timing)
    together = [timing for name in sorted(wanted) for timing in timings[name]]
    if len(together) < FEWEST_TIMINGS:
        return None
    fits = {n: _fit(some) for n, some in timings.items() if len(some) >= FEWEST_TIMINGS}
    general = fits.get(TEACHERS_FAMILY) or _fit(together)
    return replace(general, count=len(together), families=fits)


def _remoteness(spec: StudySpec, record: StudyRecord) -> tuple[bool, bool]:
    """Tell how little a study's trainings say about the spec's: other texts, another machine."""
    own, other = spec.task, record.spec.task
    return record.is_example, (own.task, own.text) != (other.task, other.text)


class _Timing(NamedTuple):
    """A training: its steps, billions of multiply-adds in all, and seconds."""

    steps: float
    work: float
    seconds: float


def _fit(timings: Sequence[_Timing]) -> Speed:
    """Fit both terms by least squares, the variance growing with the expected seconds.

    The fitted seconds of all trainings then sum to those that passed.
    """
    steps, work, seconds = np.array(timings).T
    columns = np.column_stack([steps, work])
    expected = seconds
    for _ in range(REWEIGHTINGS):
        deviation = np.sqrt(expected)
        coefficients, _ = nnls(columns / deviation[:, None], seconds / deviation)
        expected = np.maximum(columns @ coefficients, LEAST_SECONDS)
    per_step, per_operation = coefficients
    return Speed(float(per_step), float(per_operation), len(timings))


def _each_seconds(speed: Speed, space: SearchSpace, training: TrainingSpec) -> FloatArray:
    """Estimate the seconds to train each architecture: shape (N,)."""
    steps = training.fixed_steps
    return np.concatenate(
        [
            speed.families.get(part.family_name, speed).seconds(
                steps, steps * step_work(part, training)
            )
            for part in space.parts
        ]
    )


def candidate_seconds(speed: Speed, space: SearchSpace, training: TrainingSpec) -> float:
    """Estimate the seconds to train one candidate, the mean over the space."""
    return float(np.mean(_each_seconds(speed, space, training)))


def search_seconds(
    speed: Speed, space: SearchSpace, training: TrainingSpec, *, done: int, count: int
) -> float:
    """Estimate the seconds of a search's next `count` architectures, if `done` are trained.

    The first ones are known: the design. Later a search prefers cheap ones, the more so, the
    fewer of the space it trains; then the mean weights each by one over the root of its effort,
    which five recorded searches came nearest to.
    """
    each, effort = _each_seconds(speed, space, training), relative_effort(space, training)
    ones = np.ones(len(space))
    problem = SearchProblem(
        names=tuple(space.dimensions),
        coordinates=space.coordinates,
        size=ones,
        latency=ones,
        families=space.families,
        effort=effort,
    )
    design = first_design(problem)
    first = design[done : done + count]
    rest = np.setdiff1d(np.arange(len(space)), design)
    if not len(rest):
        return float(each[first].sum())
    share = min(1.0, max(0, done + count - len(design)) / len(rest))
    chosen = np.average(each[rest], weights=effort[rest] ** -0.5)
    mean = share * each[rest].mean() + (1 - share) * chosen
    return float(each[first].sum() + (count - len(first)) * mean)


def relative_effort(space: SearchSpace, training: TrainingSpec) -> FloatArray:
    """Count what a training costs, for each architecture: shape (N,), in any unit."""
    return FIXED_WORK + _multiply_adds(space, training)


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
    """Count the work of one batch in the source network, as `step_work` does.

    None if it is on the hub, since showing a form downloads nothing, or cannot be read, which the
    job's own check reports.
    """
    name = training.source
    if name is not None and not os.path.isdir(expanded(name)):
        return None
    try:
        return batch_work(source_network(name).config)
    except BortError:
        return None


def batch_work(config: Mapping[str, Any]) -> float | None:
    """Count the work of one batch in a network with this config.json, as `step_work` does."""
    try:
        columns = {k: np.array([int(config[v])]) for k, v in _SOURCE_DIMENSIONS.items()}
    except (KeyError, TypeError, ValueError):
        return None
    counted = family("bert").operation_count(
        columns, {}, batch_size=BATCH_SIZE, sequence_length=TYPICAL_LENGTH
    )
    return float(counted[0]) / 1e9 + LAYER_WORK * float(columns["depth"][0])


def only(space: SearchSpace, pick: str) -> FamilySpace:
    """Make a space with only this architecture."""
    own, architecture = space.member(space.named(pick))
    return replace(own, dimensions={n: (value,) for n, value in architecture.as_dict().items()})


def _families(spec: StudySpec) -> frozenset[str]:
    return frozenset(part.family_name for part in SearchSpace.from_dict(spec.space).parts)


def _device(record: StudyRecord) -> str:
    return record.spec.training.device


@dataclass(frozen=True, slots=True)
class _Trained:
    """A study whose trainings are not read again before there are more of them."""

    key: tuple[object, ...]
    store: Store = field(compare=False)
    record: StudyRecord = field(compare=False)

    @classmethod
    def of(cls, store: Store, record: StudyRecord) -> "_Trained":
        key = (store.url, record.id, record.created_at, record.evaluation_count)
        return cls(key, store, record)


@lru_cache(maxsize=2 * RECENT_STUDIES)
def _timings(trained: _Trained) -> tuple[tuple[str, _Timing], ...]:
    """Read the trainings of a study, each with its family."""
    return tuple(_read_timings(trained.store, trained.record))


def _read_timings(store: Store, record: StudyRecord) -> Iterator[tuple[str, _Timing]]:
    space = SearchSpace.from_dict(record.spec.space)
    work = step_work(space, record.spec.training)
    for stored in store.evaluation_records(record):
        done = stored.evaluation
        if not done.diverged:
            architecture = Architecture.of(**stored.architecture)
            operations = done.steps * float(work[space.index(architecture)])
            family_name = space.member(architecture)[0].family_name
            yield family_name, _Timing(float(done.steps), operations, done.seconds)


def step_work(space: SearchSpace, training: TrainingSpec) -> FloatArray:
    """Count the work of one step's forward pass: shape (N,), in billions of multiply-adds.

    Each layer is worth LAYER_WORK of them, however small it is.
    """
    layers = np.concatenate(
        [part.columns.get("depth", np.zeros(len(part))) for part in space.parts]
    )
    return _multiply_adds(space, training) + LAYER_WORK * layers


def _multiply_adds(space: SearchSpace, training: TrainingSpec) -> FloatArray:
    return space.operation_count(training.batch_size, TYPICAL_LENGTH) / 1e9
