"""Where a comparison is, and about how long the rest takes."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bort.core.progress import OnStep, Progress, Stage
from bort.core.rivals import RivalKind, RivalsSpec
from bort.core.study import StudySpec
from bort.families import load_space
from bort.rivals.request import PAIRS_AT_ONCE, PAIRS_PER_TEXT
from bort.storage import Store
from bort.studies.estimates import trains_teacher
from bort.studies.speeds import source_work, task_size, teacher_seconds, training_speed

# Seconds on two cores, from movie reviews; the timing's is a guess.
MODEL_S = 15.0  # ours: its files written, opened, judged, their memory measured
OPEN_S = 10.0  # a rival that is in the cache: the same without writing
TIMING_S = 40.0  # all of them, in turns
MAKE_S: Mapping[RivalKind, float] = {
    RivalKind.TFIDF: 2.0,
    RivalKind.FASTTEXT: 30.0,
    RivalKind.WORDLLAMA: 3.0,
    RivalKind.MODEL2VEC: 17.0,
    RivalKind.PROBE: 30.0,
    RivalKind.SOURCE: 15.0,
    RivalKind.SOURCE_INT8: 15.0,
    RivalKind.FEWER_LAYERS: 15.0,
    RivalKind.PRUNED: 60.0,
    RivalKind.SETFIT: 15.0,
}
"""Without what `Teaching` counts."""
PAIRED_STEP = 2.1
"""Steps of the teacher's fine-tuning that take as long as one of SetFit's, which trains the vectors
of all words, not the task's alone; measured."""


class Teaching(NamedTuple):
    """Expected seconds to fine-tune the source network, and whether it is in the cache.

    Attributes:
        paired: expected seconds of SetFit's steps.
    """

    seconds: float
    is_done: bool
    paired: float = 0.0

    def of(self, kind: RivalKind) -> float:
        """Estimate the seconds of fine-tuning that a rival is the first to need."""
        if kind is RivalKind.FEWER_LAYERS:
            return self.seconds / 2
        if kind is RivalKind.SETFIT:
            return self.paired
        return self.seconds if kind is RivalKind.SOURCE and not self.is_done else 0.0


def expected_teaching(store: Store, spec: RivalsSpec) -> Teaching | None:
    """Estimate the fine-tuning from the trainings in this store; None if nothing tells."""
    space = load_space("minilm").to_dict()
    study = StudySpec(name="rivals", space=space, task=spec.task, training=spec.training)
    speed = training_speed(store, study)
    size, work = task_size(spec.task), source_work(spec.training)
    seconds = None if speed is None else teacher_seconds(speed, study)
    if speed is None or size is None or work is None or seconds is None:
        return None
    steps = round(PAIRED_STEP * PAIRS_PER_TEXT * size.labelled / PAIRS_AT_ONCE)
    paired = float(speed.seconds(steps, np.array(steps * work)))
    return Teaching(seconds, not trains_teacher(store, study), paired)


class Course:
    """Passes the steps of a comparison on, each with the seconds that the rest may take.

    Args:
        expected: seconds of each subject, in order; None if nobody knows, then no step has any.
    """

    def __init__(
        self, subjects: Sequence[str], expected: Mapping[str, float] | None, on_step: OnStep
    ) -> None:
        self._subjects, self._expected, self._on_step = subjects, expected, on_step
        self._whole, self._begun = Progress(), time.monotonic()
        self._first: Progress | None = None  # of the subject's stage
        self._first_at = self._begun

    def begin(self, subject: str, stage: Stage) -> None:
        """Say that the work on a subject begins."""
        done = self._subjects.index(subject)
        self._whole = Progress(done, len(self._subjects) + 1, stage, subject)
        self._begun = time.monotonic()
        self._first = None
        self._on_step(replace(self._whole, eta_s=self._left()))

    def tell(self, step: Progress) -> None:
        """Pass on a step of the subject's work.

        What the subject still takes is what was expected, or more if the step says so itself or
        the count of its stage grows too slowly.
        """
        by_pace = self._by_pace(step) if step.eta_s is None else step.eta_s
        self._on_step(replace(step.within(self._whole), eta_s=self._left(by_pace)))

    def _by_pace(self, step: Progress) -> float:
        first, now = self._first, time.monotonic()
        if first is None or first.stage is not step.stage or step.done < first.done:
            first = self._first = step
            self._first_at = now
        counted = step.done - first.done
        if step.total is None or not counted:
            return 0.0
        return (now - self._first_at) * (step.total - step.done) / counted

    def _left(self, at_least: float = 0.0) -> float | None:
        if self._expected is None:
            return None
        now, *later = (self._expected[name] for name in self._subjects[self._whole.done :])
        passed = time.monotonic() - self._begun
        return max(at_least, now - passed) + sum(later) + TIMING_S


def expected_seconds(
    models: Sequence[str],
    kinds: Mapping[RivalKind, bool],
    teaching: Teaching | None,
    *,
    ahead: Collection[RivalKind] = (),
    at_once: int = 1,
) -> dict[str, float] | None:
    """Estimate the seconds of each subject of a comparison; None if nobody knows.

    Args:
        models: names of ours.
        kinds: whether each rival is in the cache.
        ahead: those that are made beside the others.
        at_once: how many are made at the same time, at most.
    """
    if teaching is None:
        return None
    making = {k: 0.0 if made else MAKE_S[k] + teaching.of(k) for k, made in kinds.items()}
    here = sum(seconds for kind, seconds in making.items() if kind not in ahead)
    beside = sum(making[kind] for kind in ahead) / max(1, at_once - 1)
    for kind in ahead:  # the rest of them is waited for
        making[kind] = max(0.0, beside - here) / len(ahead)
    return {
        **dict.fromkeys(models, MODEL_S),
        **{str(kind): OPEN_S + seconds for kind, seconds in making.items()},
    }
