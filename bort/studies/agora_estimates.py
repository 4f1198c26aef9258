"""Plan a run of Agora: what it does, and how long that may take. Imports no torch."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bort.agora.text.spec import ARMS, DISTIL_EPOCHS, SHARES, synthetic_copies
from bort.core.agora import EDITS, PROBE, TEACHER, TORUS, WORDS, TextSpec
from bort.core.errors import BortError
from bort.core.paths import expanded
from bort.core.study import SearchSpec, StudySpec
from bort.families import SearchSpace
from bort.storage import JobRecord, Store
from bort.studies.estimates import Planned, Work, before_training, total_minutes, trains_teacher
from bort.studies.speeds import (
    FORWARD_SHARE,
    Speed,
    batch_work,
    candidate_seconds,
    only,
    source_work,
    task_size,
    teacher_seconds,
    training_speed,
)
from bort.training.fit import BATCH_SIZE
from bort.training.source import read_config

# measured on a quiet core: runs of 1, 8 and 20 rounds took 3.7, 7.0 and 12.6 s from start to end.
TORUS_SECONDS, TORUS_SECONDS_PER_ROUND = 3.0, 0.5
WRONG_SHARE = 0.3  # of dev, by a student of the first rounds; a guess until a run has shown it


@dataclass(frozen=True, slots=True, kw_only=True)
class AgoraEstimate:
    """The most that a run is expected to cost.

    Attributes:
        steps: optimiser steps of all students together; 0 on the torus.
        new_texts: texts that are proposed at most and that nobody has labelled yet.
        timed: number of timed trainings behind the estimate, including examples.
        like_job: the earlier run whose time per step is used instead; None if there is none.
        stages: everything that the run does, in order, with its expected seconds.
    """

    steps: int
    new_texts: int
    timed: int
    like_job: int | None
    stages: tuple[Planned, ...]

    @property
    def total_minutes(self) -> float | None:
        """The expected minutes of all stages; None if one of them is unknown."""
        return total_minutes(self.stages)


def estimate_agora(
    store: Store, described: Mapping[str, Any], *, done: int = 0, without: int | None = None
) -> AgoraEstimate:
    """Estimate the cost of a run or a comparison from what this store has timed.

    Args:
        described: the description of the job.
        done: how many rounds are stored already.
        without: the run's own job, which does not wait for itself.
    """
    if described["task"] == TORUS:
        left = max(0, int(described["rounds"]) + 1 - done)
        rounds = Planned(Work.ROUNDS, TORUS_SECONDS + TORUS_SECONDS_PER_ROUND * left)
        return AgoraEstimate(steps=0, new_texts=0, timed=0, like_job=None, stages=(rounds,))
    spec = TextSpec.from_dict(described)
    study = _as_study(spec)
    speed = training_speed(store, study)
    students = len(ARMS) * int(described["seeds"]) if "seeds" in described else 1
    earlier = _earlier(store, spec)
    steps, new_texts = students * steps_of(spec, done=done), students * _new_texts(spec, done=done)
    if earlier is not None:
        seconds: float | None = steps * _seconds_per_step(earlier)
    else:
        seconds = _rounds_seconds(spec, speed, steps, new_texts)
    if seconds is not None and spec.minutes is not None and students == 1:
        closing = seconds * (spec.closing_steps or 0) / max(1, steps)
        seconds = min(seconds, 60 * spec.minutes + closing)
    return AgoraEstimate(
        steps=steps,
        new_texts=new_texts,
        timed=0 if speed is None else speed.count,
        like_job=None if earlier is None else earlier.id,
        stages=(
            *before_training(store, study, without=without),
            *_labeler(store, spec, study, speed),
            *_distilled(spec, speed),
            Planned(Work.ROUNDS, seconds),
        ),
    )


def steps_of(spec: TextSpec, *, done: int = 0, rounds: int | None = None) -> int:
    """Count the most training steps; each round drops one hyperparameter set.

    Args:
        done: rounds that are not counted.
        rounds: rounds of sampling; None takes those of the description.
    """
    sets = max(1, len(spec.training.learning_rates))
    last = spec.rounds if rounds is None else rounds
    trainings = sum(max(1, sets - k) for k in range(done, last + 1))
    return trainings * spec.training.fixed_steps + (spec.closing_steps or 0)


def _as_study(spec: TextSpec) -> StudySpec:
    """Make a study of the same task and training, for the functions that estimate studies."""
    return StudySpec(
        name=spec.study,
        space=only(SearchSpace.from_dict(spec.space), spec.architecture).to_dict(),
        task=spec.task,
        training=replace(spec.training, teacher=spec.teacher_folder),
        search=SearchSpec(budget=1),
    )


def _labeler(store: Store, spec: TextSpec, study: StudySpec, speed: Speed | None) -> list[Planned]:
    """Plan what happens once per task: a teacher, a labeler's answers, the texts' vectors."""
    found = []
    if spec.teacher_folder is not None:
        seconds = _reading_seconds(speed, study, _work_of(spec.teacher_folder))
        found.append(Planned(Work.LABELER, seconds))
    elif trains_teacher(store, study):
        seconds = None if speed is None else teacher_seconds(speed, study)
        found.append(Planned(Work.TEACHER, seconds))
    if spec.representation != WORDS or spec.labeler == PROBE:
        seconds = _reading_seconds(speed, study, source_work(spec.training))
        found.append(Planned(Work.VECTORS, seconds))
    return found


def _distilled(spec: TextSpec, speed: Speed | None) -> list[Planned]:
    """Plan the distillation, if there is one: answers to synthetic texts, and the training."""
    if not spec.distilled:
        return []
    size = task_size(spec.task)
    if size is None:
        return [Planned(Work.DISTILLED, None)]
    known = size.texts - 2 * size.dev  # audit is as large
    made = synthetic_copies(known) * known
    steps = math.ceil(DISTIL_EPOCHS * (known + made) / spec.training.batch_size)
    return [Planned(Work.DISTILLED, _rounds_seconds(spec, speed, steps, made))]


def _reading_seconds(speed: Speed | None, study: StudySpec, work: float | None) -> float | None:
    """Estimate the seconds in which a network of that work per batch reads all texts once."""
    size = task_size(study.task)
    if speed is None or size is None or work is None:
        return None
    return speed.per_operation * work * FORWARD_SHARE * size.texts / BATCH_SIZE


def _rounds_seconds(
    spec: TextSpec, speed: Speed | None, steps: int, new_texts: int
) -> float | None:
    """Estimate the seconds of training and of what reads each new text."""
    if speed is None:
        return None
    student = SearchSpace.from_dict(_as_study(spec).space)
    seconds = candidate_seconds(speed, student, replace(spec.training, steps=steps))
    readers = []
    if spec.labeler in (TEACHER, PROBE) or spec.representation != WORDS:
        readers.append(source_work(spec.training))
    if spec.teacher_folder is not None:
        readers.append(_work_of(spec.teacher_folder))
    if None in readers:
        return None
    batches = new_texts / BATCH_SIZE
    work = sum(work for work in readers if work is not None)
    return seconds + speed.per_operation * FORWARD_SHARE * batches * work


def _new_texts(spec: TextSpec, *, done: int) -> int:
    """Count the texts that the rounds make up at most; those of the pool are answered already."""
    size = task_size(spec.task)
    if size is None:
        return 0
    has_pool = spec.pool is not None or spec.task.labelled is not None
    per_round = WRONG_SHARE * size.dev * spec.points_per_error
    if spec.points_per_round is not None:
        per_round = min(per_round, spec.points_per_round)
    proposed = per_round * max(0, spec.rounds - done)
    if spec.points is not None:
        proposed = min(proposed, spec.points)
    return round(proposed * _made_up_share(spec.sampler, has_pool=has_pool))


def _made_up_share(sampler: str, *, has_pool: bool) -> float:
    if sampler == EDITS or not has_pool:
        return 1.0
    return SHARES[EDITS] if sampler == "mixture" else 0.0


def _work_of(folder: str) -> float | None:
    """Count the billions of multiply-adds of one batch in a labeler; None if it is on the hub."""
    if not os.path.isdir(expanded(folder)):
        return None
    try:
        return batch_work(read_config(expanded(folder), folder))
    except BortError:
        return None


def _earlier(store: Store, spec: TextSpec) -> JobRecord | None:
    """Find the latest finished run whose steps cost as much as this one's."""
    asked = _cost_of_a_step(spec)
    for job in store.jobs(kind="agora", examples=False):
        is_usable = job.result and job.spec["task"] != TORUS and "replay" not in job.spec
        if is_usable and _cost_of_a_step(TextSpec.from_dict(job.spec)) == asked:
            return job
    return None


def _cost_of_a_step(spec: TextSpec) -> tuple[object, ...]:
    training = spec.training
    return (
        *(spec.architecture, spec.labeler, spec.sampler, spec.representation, spec.distilled),
        *(training.source, training.batch_size, training.threads, training.device),
        training.max_length,
    )


def _seconds_per_step(job: JobRecord) -> float:
    result = job.result or {}
    steps = steps_of(TextSpec.from_dict(job.spec), rounds=len(result["rounds"]) - 1)
    return float(result["seconds"]) / max(1, steps)
