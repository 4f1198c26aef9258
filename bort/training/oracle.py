"""The error oracle: trains a candidate briefly and counts its errors on dev."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bort.core.architecture import Architecture
from bort.core.baseline import OracleFacts, is_soft_labels
from bort.core.errors import InvalidOptionError
from bort.core.evaluation import Evaluation
from bort.core.machine import usable_cores
from bort.core.origin import Origin, check_same_origin
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.core.study import TrainingSpec
from bort.families import OWN_NETWORKS, SearchSpace
from bort.tasks import Task
from bort.training.attempts import (
    Attempt,
    attempts,
    constant_loss,
    default_learning_rate,
    has_diverged,
)
from bort.training.candidate import Candidate, build_candidate
from bort.training.donor import WORDS, Donor, Donors
from bort.training.execution import (
    ShouldStop,
    pause_unless,
    resolve_device,
    seconds_paused,
    stoppable,
    training_threads,
)
from bort.training.fit import candidate_steps, check_pairs, check_vocabulary
from bort.training.kit import KIT, KitFile, pack
from bort.training.limits import OFFSET_POSITIONS
from bort.training.loop import Examples, TrainingSettings, predict, train
from bort.training.metrics import (
    error_se,
    macro_f1,
    majority_error,
    pack_items,
)
from bort.training.origin import origin_here, taught_by
from bort.training.readings import (
    VOCABULARY,
    Readings,
    check_vocabularies,
    task_pieces,
)
from bort.training.source import SourceNetwork, source_network
from bort.training.source_check import check_source
from bort.training.teacher import Teacher, TeacherContext, file_teacher, given_teacher, own_teacher
from bort.training.tokens import EncodedTask, encode_task, unknown_share
from bort.training.useful import check_useful
from bort.training.vocabulary import pruned_table

PROGRESS_EVERY = 20  # steps


@dataclass(frozen=True)
class TrainedCandidate:
    """A trained model and its evaluation.

    Attributes:
        candidate: the model over the task's tokens, see `Candidate.full_weights`.
        learning_rate: the learning rate of its training.
        losses: one per step of the last attempt.
        curve: dev errors of the last attempt by step, at the oracle's `looks`.
    """

    candidate: Candidate
    evaluation: Evaluation
    learning_rate: float
    losses: tuple[float, ...]
    curve: Mapping[int, float]


class ErrorOracle:
    """The function error(ξ, Θ, s, seed): trains every candidate of a space the same way on a task.

    The same task, spec, space, seed, machine and number of threads give the same errors to the
    last digit, in whatever order candidates are trained.

    Args:
        task: candidates train on `train` and are evaluated on `dev`; the other splits are only
            tokenised.
        spec: steps, batch size, Θ, source network, teacher, device, threads.
        space: the space that the architectures come from.
        seed: the seed of each architecture's first training.
        continues: the origin of the study's earlier trainings; None if there are none.
        check: raises unless a training of the second origin may join those of the first.
        source, teacher: known ones, instead of those that `spec` names.
        on_step: receives a step now and then.
        should_stop: called at every step; True ends the current training.
    Attributes:
        looks: steps after which dev errors are counted, too; none at first. They change no
            training, but the time that they take is in its `seconds`.
    Raises:
        InvalidModelError, MissingExtraError, DownloadError: the source network or the teacher
            cannot be used.
        InvalidOptionError: this machine has no such device.
        StudyConflictError: trainings here would have another origin than `continues`.
        TrainingStoppedError: `should_stop` returned True.
    Cost: the first oracle of a task trains a teacher (two to four minutes for movie reviews on two
        idle cores); later ones take a few seconds.
    """

    def __init__(
        self,
        task: Task,
        spec: TrainingSpec,
        space: SearchSpace,
        *,
        seed: int,
        continues: Origin | None = None,
        check: Callable[[Origin | None, Origin], None] = check_same_origin,
        source: SourceNetwork | None = None,
        teacher: Teacher | None = None,
        on_step: OnStep = ignore,
        should_stop: ShouldStop | None = None,
    ) -> None:
        self.looks: frozenset[int] = frozenset()
        self.task, self.spec, self.space, self.seed = task, spec, space, seed
        self.on_step, self.should_stop = on_step, should_stop
        self.device = resolve_device(spec.device)
        self.threads = spec.threads or usable_cores()
        self.source = source or source_network(spec.source)
        check_source(self.source)
        check_vocabulary(self.source, space)
        check_pairs(space, has_pairs=task.train.pairs is not None)
        if len(task.dev) == 0:
            raise InvalidOptionError(f"{task.name} has no dev texts to measure errors on")
        self.origin = origin_here(task, self.source, self.device, self.threads)
        check(continues, self.origin)  # before minutes are spent on a teacher
        with training_threads(self.threads):
            self.on_step(Progress(stage=Stage.READING_TEXTS))
            self.encoded = self._encode()
            self.unknown_share = unknown_share(self.encoded, self.source.folder)
            numbers = {"unknown_share": self.unknown_share}
            self.on_step(Progress(stage=Stage.READING_TEXTS, numbers=numbers))
            self.readings = self._readings()
            self.teacher = teacher or self._teach()
            if teacher is None:
                check_useful(
                    self.teacher,
                    *self._judged,
                    classes=len(task.class_names),
                    unknown_share=self.unknown_share,
                )
            self.origin = taught_by(self.origin, self.teacher)
            check(continues, self.origin)
            self.donor = self._observe_donor()

    @property
    def steps(self) -> int:
        """How many steps train a candidate."""
        task = self.task
        return self.spec.steps or candidate_steps(len(task.train), len(task.class_names))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds with which each architecture is trained."""
        return tuple(range(self.seed, self.seed + self.spec.seeds))

    def __call__(self, architecture: Architecture) -> Evaluation:
        """Train with the first seed."""
        return self.evaluate(architecture, self.seed)

    def evaluate(self, architecture: Architecture, seed: int) -> Evaluation:
        """Train once per learning rate in Θ, and keep the lowest dev error.

        Returns:
            `steps` and `seconds` cover all trainings, `attempts` only the best one. `diverged` is
            True only if every training diverged.
        """
        return self.train(architecture, seed).evaluation

    def train(self, architecture: Architecture, seed: int) -> TrainedCandidate:
        """Train like `evaluate`, and keep the model."""
        started = time.perf_counter() - seconds_paused()
        with training_threads(self.threads):
            tried = [self._try(architecture, r, seed) for r in self.learning_rates(architecture)]
        best = min(tried, key=lambda t: (t.evaluation.diverged, t.evaluation.error_rate))
        steps = sum(t.evaluation.steps for t in tried)
        seconds = time.perf_counter() - seconds_paused() - started
        found = replace(best.evaluation, steps=steps, seconds=seconds, seed=seed)
        return replace(best, evaluation=replace(found, origin=self.origin))

    def learning_rates(self, architecture: Architecture) -> tuple[float, ...]:
        """The learning rates in Θ, or the one that the default rule gives."""
        if self.spec.learning_rates:
            return self.spec.learning_rates
        space, own = self.space.member(architecture)
        return (default_learning_rate(own.as_dict(), self.spec.initialise, space.family_name),)

    def kit(self, folder: Path) -> list[KitFile]:
        """List the files that a worker elsewhere needs; see `bort.training.kit`."""
        is_default = self.spec.source is None
        return pack(folder / KIT, self.task, self.source, self.teacher, is_default=is_default)

    def describe(self) -> OracleFacts:
        """Return everything the errors depend on, and what they are compared with."""
        return OracleFacts(
            source=self.source.name,
            source_sha256=self.source.digest,
            teacher=self.teacher.name,
            teacher_sha256=self.teacher.digest,
            teacher_methods=self.teacher.methods,
            teacher_dev_error=self._teacher_error if self.teacher.judged_on == "dev" else None,
            majority_dev_error=self._majority_error,
            task_digest=self.task.digest,
            max_length=self.encoded.max_length,
            tokens_in_task=len(self.encoded.kept),
            unknown_share=self.unknown_share,
            device=str(self.device),
            threads=self.threads,
            baselines=self.teacher.baselines,
            teachers=self.teacher.choices,
            coverage=self.teacher.coverage,
        )

    @property
    def _teacher_error(self) -> float:
        answers, labels = self._judged
        return float(np.mean(answers != labels))

    @property
    def _judged(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The teacher's answers to the texts that it is judged by, and their labels."""
        name = self.teacher.judged_on
        split = getattr(self.task, name)
        rows = self.teacher.covers(split)
        return self.teacher.logits[name][rows].argmax(axis=1), split.labels[rows]

    @property
    def _majority_error(self) -> float:
        return majority_error(self.task.dev.labels, classes=len(self.task.class_names))

    @property
    def _longest(self) -> int:
        positions: int = self.source.config.get("max_position_embeddings", 512)
        has_offset = any(part.family_name in OFFSET_POSITIONS for part in self.space.parts)
        return min(positions, self.space.positions or positions) - 2 * has_offset

    def _encode(self) -> EncodedTask:
        return encode_task(
            self.task,
            self.source.folder,
            digest=self.source.digest,
            max_length=self.spec.max_length,
            longest=self._longest,
        )

    def _readings(self) -> Readings | None:
        """Prepare vocabularies of other sizes, if the space has any."""
        if not self.space.vocabularies:
            return None
        check_vocabularies(self.task, self.source, self.space)
        return Readings(
            self.task,
            self.source,
            task_pieces(self.task, self.source),
            max_length=self.spec.max_length,
            longest=self._longest,
        )

    def encoded_for(self, architecture: Architecture) -> EncodedTask:
        """Return the task's texts as this architecture reads them."""
        space, own = self.space.member(architecture)
        if self.readings is None or not space.vocabularies:
            return self.encoded
        return self.readings.of(own[VOCABULARY], space.family_name)

    def _teach(self) -> Teacher:
        context = self.teacher_context(self.task, self.encoded)
        if self.spec.teacher is None:
            return own_teacher(context)
        if is_soft_labels(self.spec.teacher):
            return file_teacher(context, self.spec.teacher)
        return given_teacher(context, self.spec.teacher, max_length=self.spec.max_length)

    def teacher_context(self, task: Task, encoded: EncodedTask) -> TeacherContext:
        """Make what the teacher needs to answer the texts of a task with the same classes."""
        return TeacherContext(
            task=task,
            encoded=encoded,
            source=self.source,
            device=self.device,
            on_step=self.on_step,
            should_stop=self.should_stop,
        )

    def _observe_donor(self) -> Donor:
        """Observe the donor: the source network, fine-tuned if it is the teacher."""
        is_own = self.teacher.is_source
        folder = self.teacher.folder if is_own else self.source.folder
        network = SourceNetwork(self.source.name, folder, self.source.digest)
        weights = network.encoder_weights(with_head=is_own)
        self.words = weights[WORDS]
        self._donors = Donors(weights, self.source.config)
        return self._donors.over(self.encoded)

    def donor_over(self, encoded: EncodedTask, families: Collection[str]) -> Donor:
        """Return the donor of networks of these families that reads the task in other tokens."""
        if set(families) <= set(OWN_NETWORKS):  # which inherit word vectors only
            words = pruned_table(self.words, encoded.kept)
            return replace(self.donor, weights={**self.donor.weights, WORDS: words})
        return self._donors.over(encoded)

    def _try(self, architecture: Architecture, learning_rate: float, seed: int) -> TrainedCandidate:
        """Train with one learning rate; repeat with the next attempt if the training diverges."""
        steps = 0
        for attempt in attempts(learning_rate, seed):
            trained = self._train_once(architecture, attempt)
            steps += trained.evaluation.steps
            if not trained.evaluation.diverged:
                break
        return replace(trained, evaluation=replace(trained.evaluation, steps=steps))

    def _train_once(self, architecture: Architecture, attempt: Attempt) -> TrainedCandidate:
        candidate = self._build(architecture, attempt.seed)
        encoded = self.encoded_for(architecture)
        examples = Examples(
            encoded.splits["train"], self.teacher.probabilities("train"), encoded.padding
        )
        settings = TrainingSettings(
            steps=self.steps,
            batch_size=self.spec.batch_size,
            learning_rate=attempt.learning_rate,
            seed=attempt.seed,
        )
        losses: list[float] = []
        curve: dict[int, float] = {}
        steps = train(candidate.model, examples, settings, pause=pause_unless(self.should_stop))
        for step in stoppable(steps, self.should_stop):
            losses.append(step.loss)
            if not np.isfinite(step.loss):
                break
            if step.step % PROGRESS_EVERY == 0:
                self.on_step(
                    Progress(step.step, step.steps, Stage.TRAINING_CANDIDATES, architecture.id)
                )
            if step.step in self.looks:
                logits = self._dev_logits(candidate, encoded)
                curve[step.step] = self._judge(logits, losses, attempt).error_rate
        evaluation = self._judge(self._dev_logits(candidate, encoded), losses, attempt)
        return TrainedCandidate(candidate, evaluation, attempt.learning_rate, tuple(losses), curve)

    @staticmethod
    def _dev_logits(candidate: Candidate, encoded: EncodedTask) -> NDArray[np.float32]:
        return predict(candidate.model, encoded.splits["dev"], padding=encoded.padding)

    def _build(self, architecture: Architecture, seed: int) -> Candidate:
        encoded = self.encoded_for(architecture)
        space, own = self.space.member(architecture)
        candidate = build_candidate(
            space,
            own,
            encoded,
            classes=len(self.task.class_names),
            initialise=self.spec.initialise,
            donor=self.donor_over(encoded, [space.family_name]),
            seed=seed,
        )
        candidate.model.to(self.device)
        return candidate

    def _judge(
        self, logits: NDArray[np.float32], losses: list[float], attempt: Attempt
    ) -> Evaluation:
        labels, classes = self.task.dev.labels, len(self.task.class_names)
        answers = logits.argmax(axis=1)
        wrong = answers != labels
        error = float(np.mean(wrong))
        return Evaluation(
            error_rate=error,
            error_se=error_se(error, len(labels)),
            n=len(labels),
            macro_f1=macro_f1(labels, answers, classes=classes),
            seed=attempt.seed,
            steps=len(losses),
            diverged=not np.isfinite(logits).all() or self._has_failed(losses, error),
            attempts=attempt.number,
            wrong_items=pack_items(wrong),
        )

    def _has_failed(self, losses: list[float], error: float) -> bool:
        return has_diverged(
            losses,
            error,
            majority_error=self._majority_error,
            constant_loss=constant_loss(self.teacher.probabilities("train")),
            n=len(self.task.dev),
        )
