"""Train as a search does, and as `bort finetune` does, from the same teacher."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.realised.recording import Budget, Conditions, Kind, Trained
from bort.core.architecture import Architecture
from bort.core.errors import InvalidOptionError, TrainingDivergedError
from bort.core.finetune import FineTuneSpec
from bort.core.locks import training_turn
from bort.core.progress import OnStep, Progress, Stage
from bort.finetuning.evaluation import Evaluated
from bort.finetuning.setup import TaskSetup, prepare
from bort.finetuning.students import Training, follow, run_training, students
from bort.tasks import Task
from bort.training.attempts import final_loss
from bort.training.execution import training_threads
from bort.training.stage import result_of

DIGITS = 12  # of each SHA-256 in the log
REPORT_EVERY = 20  # steps


class SeedTrainer:
    """Trains architectures with one seed. Everything depends on it, synthetic texts too.

    Args:
        spec: the recipe of finished models and the training of short ones; its seed is used, and
            its picks are all architectures to train.
        work: folder for checkpoints and weights; it contains one finished model at most.
        on_step: receives a step now and then.
    Raises:
        InvalidOptionError: the task has no audit texts.
    """

    def __init__(self, task: Task, spec: FineTuneSpec, *, work: Path, on_step: OnStep) -> None:
        if not len(task.audit):
            raise InvalidOptionError(
                f"{task.name} has no audit texts to measure finished models on; name another task"
            )
        self.task, self.spec, self.on_step = task, spec, on_step
        self.specs = {part.follows_inside(part.picks[0]): part for part in spec.by_kind()}
        self.setups: dict[bool, TaskSetup] = {}
        self.setup = self._setup_of(spec.picks[0])
        # A checkpoint from other conditions must not be continued.
        self.work = work / _digest(asdict(self.conditions()))

    def _setup_of(self, pick: str) -> TaskSetup:
        """Prepare what finished models of this pick's kind learn from, once."""
        kind = self.spec.follows_inside(pick)
        if kind not in self.setups:
            spec = self.specs[kind]
            with self._turn(spec):
                self.setups[kind] = prepare(self.task, spec, on_step=self.on_step)
        return self.setups[kind]

    def conditions(self) -> Conditions:
        """The conditions that all trainings with this task and recipe share."""
        setup, oracle = self.setup, self.setup.oracle
        return Conditions(
            space=setup.space.digest[:DIGITS],
            task=oracle.task.digest[:DIGITS],
            source=oracle.source.digest[:DIGITS],
            teacher=setup.teacher.digest[:DIGITS],
            labels="+".join(setup.teacher.methods),
            recipe=_digest(setup.spec.recipe.to_dict()),
            initialise=oracle.spec.initialise,
            device=oracle.device.type,
            batch_size=oracle.spec.batch_size,
            threads=oracle.threads,
            train_texts=len(oracle.task.train),
            dev_texts=len(oracle.task.dev),
            audit_texts=len(oracle.task.audit),
        )

    def train(self, architecture: Architecture, budget: Budget) -> Trained:
        """Train once; an interrupted training of a finished model continues."""
        if budget.kind is Kind.SHORT:
            return self._short(architecture, budget.steps)
        return self._finished(architecture)

    def _short(self, architecture: Architecture, steps: int) -> Trained:
        """Train as a search does, for this number of steps."""
        oracle = copy(self.setup.oracle)
        oracle.spec = replace(oracle.spec, steps=steps)
        with self._turn(self.setup.spec):
            trained = oracle.train(architecture, self.setup.spec.seed)
        found = trained.evaluation
        return Trained(
            steps=found.steps,
            dev_error=found.error_rate,
            audit_error=None,
            final_loss=final_loss(trained.losses),
            mean_loss=fmean(trained.losses),
            seconds=found.seconds,
            diverged=found.diverged,
        )

    def _finished(self, architecture: Architecture) -> Trained:
        """Train the model of this architecture, and count its errors on dev and audit."""
        for other in self.work.glob("*"):
            if other.name != architecture.id:  # it is logged
                shutil.rmtree(other)
        setup = self._setup_of(architecture.id)
        try:
            (student,) = follow(students(setup, architecture), self._stage)
        except TrainingDivergedError:
            return Trained(0, None, None, None, None, 0.0, diverged=True)
        stages = [result_of(stage.folder) for stage in student.stages]
        with training_threads(setup.oracle.threads):
            chosen = Evaluated(setup, [student]).chosen
        return Trained(
            steps=sum(stage.steps for stage in stages),
            dev_error=1 - chosen.dev_accuracy,
            audit_error=1 - chosen.audit_accuracy,
            final_loss=None,
            mean_loss=None,
            seconds=sum(stage.seconds for stage in stages),
            diverged=False,
        )

    def _stage(self, training: Training) -> Path:
        """Train one stage to its end, from where it stopped, and return its folder."""
        folder = self.work / training.name
        setup = self._setup_of(training.architecture.id)
        with self._turn(setup.spec), training_threads(setup.oracle.threads):
            for step in run_training(setup, training, folder):
                if step.step % REPORT_EVERY == 0:
                    self.on_step(
                        Progress(
                            step.step, step.steps, Stage(training.kind), training.architecture.id
                        )
                    )
        return folder

    def _turn(self, spec: FineTuneSpec) -> AbstractContextManager[None]:
        return training_turn(spec.training.threads, lambda: False, on_step=self.on_step)


def _digest(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


class Trainers:
    """Makes the trainer of a seed, and keeps only the latest one in memory.

    Args: as for `SeedTrainer`.
    """

    def __init__(self, task: Task, spec: FineTuneSpec, *, work: Path, on_step: OnStep) -> None:
        self._task, self._spec, self._work, self._on_step = task, spec, work, on_step
        self._latest: SeedTrainer | None = None

    def of_seed(self, seed: int) -> SeedTrainer:
        """Prepare the texts and the teacher for trainings with this seed."""
        if self._latest is None or self._latest.setup.spec.seed != seed:
            self._latest = None  # frees its memory first
            spec = replace(self._spec, seed=seed)
            self._latest = SeedTrainer(self._task, spec, work=self._work, on_step=self._on_step)
        return self._latest
