"""Evaluate students, teacher and baselines on the audit split, with 95% intervals."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bort.core.baseline import Method
from bort.core.files import load_arrays, save_arrays
from bort.finetuning.calibration import Calibration, calibration_of
from bort.finetuning.mistakes import Confusion, Mistakes, confusion_of, mistakes_of
from bort.finetuning.realised import (
    Accuracy,
    AuditAccuracy,
    Baseline,
    DevAccuracy,
    Difference,
    Exported,
    StageSummary,
    TeacherResult,
)
from bort.finetuning.reliability import Reliability, reliability_of
from bort.finetuning.setup import TaskSetup
from bort.finetuning.students import TrainedStage, answers, load_weights
from bort.training.metrics import Z95, class_f1, macro_f1, weakest, wilson
from bort.training.stage import result_of
from bort.training.teacher import baseline_answers

CONFIDENCE = 0.95

Answers = NDArray[np.int64]
SCORES = "dev scores", "audit scores"  # probabilities of the answers, among a student's arrays


class Evaluated:
    """The students of one architecture, one per seed, with their answers to dev and audit.

    Args:
        trained: the last stage of each student.
    Cost: a forward pass over dev and audit per student; the answers are saved with the weights.
    """

    def __init__(self, setup: TaskSetup, trained: Sequence[TrainedStage]) -> None:
        self._setup, self.trained = setup, tuple(trained)
        self._dev, self._audit, self._dev_scores, self._audit_scores = [], [], [], []
        for stage in trained:
            found = _answers_of(setup, stage)
            self._dev.append(found["dev"])
            self._audit.append(found["audit"])
            self._dev_scores.append(found[SCORES[0]])
            self._audit_scores.append(found[SCORES[1]])
        self._dev_of_seeds = _accuracies(self._dev, setup.task.dev.labels)
        self._audit_of_seeds = _accuracies(self._audit, setup.task.audit.labels)
        self._best = int(np.argmax(self._dev_of_seeds))  # the first one, if tied

    @property
    def exported(self) -> TrainedStage:
        """The student whose weights become the model: the best on dev."""
        return self.trained[self._best]

    @property
    def chosen(self) -> Exported:
        """The seed that is exported, and its accuracies."""
        return Exported(
            seed=self.exported.training.seed,
            dev_accuracy=self._dev_of_seeds[self._best],
            audit_accuracy=self._audit_of_seeds[self._best],
        )

    @property
    def dev(self) -> DevAccuracy:
        """Accuracy on dev, mean over the seeds."""
        mean = _shares(self._dev, self._setup.task.dev.labels).mean()
        return DevAccuracy(
            accuracy=float(mean), n=len(self._setup.task.dev), of_seeds=self._dev_of_seeds
        )

    @property
    def reliability(self) -> Reliability:
        """How often the exported student is right on dev where it is sure."""
        is_right = self._dev[self._best] == self._setup.task.dev.labels
        return reliability_of(self._dev_scores[self._best], is_right)

    @property
    def confusion(self) -> Confusion:
        """Which classes the exported student confuses on audit."""
        return confusion_of(self._setup.task.audit.labels, self._audit[self._best])

    @property
    def calibration(self) -> Calibration:
        """How the exported student's scores on audit compare with its accuracy."""
        is_right = self._audit[self._best] == self._setup.task.audit.labels
        return calibration_of(self._audit_scores[self._best], is_right)

    @property
    def mistakes(self) -> Mistakes:
        """The dev texts that the exported student answers wrongly."""
        task, best = self._setup.task, self._best
        return mistakes_of(
            task.dev.labels, self._dev[best], self._dev_scores[best], digest=task.dev_digest
        )

    @property
    def audit(self) -> AuditAccuracy:
        """Accuracy on audit, mean over the seeds."""
        found = self._on_audit(self._audit)
        return AuditAccuracy(
            accuracy=found.accuracy,
            low=found.low,
            high=found.high,
            n=len(self._setup.task.audit),
            macro_f1=found.macro_f1,
            weakest=found.weakest,
            of_seeds=self._audit_of_seeds,
        )

    @property
    def difference_from_teacher(self) -> Difference:
        """Accuracy minus the teacher's on the audit texts that it answers."""
        rows, theirs, labels = _teacher_on_audit(self._setup)
        return paired_difference([answers[rows] for answers in self._audit], theirs, labels)

    @property
    def accuracy_where_teacher_answers(self) -> float:
        """Accuracy on the audit texts that the teacher answers, mean over the seeds."""
        rows, _, labels = _teacher_on_audit(self._setup)
        return float(_shares([answers[rows] for answers in self._audit], labels).mean())

    def difference_from(self, answers: Answers) -> Difference:
        """Accuracy minus that of other answers to the audit texts."""
        return paired_difference(self._audit, answers, self._setup.task.audit.labels)

    def as_baseline(self, name: str) -> Baseline:
        """Return the students as a baseline with the model's own architecture."""
        found = self._on_audit(self._audit)
        return _baseline(found, name=name, parameters="the same")

    def _on_audit(self, found: Sequence[Answers]) -> Accuracy:
        setup = self._setup
        return accuracy_of(found, setup.task.audit.labels, names=setup.task.class_names)


def _answers_of(setup: TaskSetup, stage: TrainedStage) -> dict[str, NDArray[Any]]:
    """Compute a student's answers to dev and audit once, and save them with its weights."""
    path = stage.folder / "answers.npz"
    known = load_arrays(path)
    if known is None or not {*SCORES} <= known.keys():
        architecture = stage.training.architecture
        model = setup.build(architecture, stage.training.seed).model
        load_weights(model, stage.folder)
        known = {}
        for split, scores in zip(("dev", "audit"), SCORES, strict=True):
            known[split], known[scores] = answers(setup, architecture, model, split)
        save_arrays(path, known)
    return known


def _shares(found: Sequence[Answers], labels: Answers) -> NDArray[np.float64]:
    """Mark right answers with 1, others with 0, shape (seeds, texts)."""
    return np.stack([answer == labels for answer in found]).astype(np.float64)


def _accuracies(found: Sequence[Answers], labels: Answers) -> tuple[float, ...]:
    return tuple(float(row.mean()) for row in _shares(found, labels))


def _teacher_on_audit(setup: TaskSetup) -> tuple[NDArray[np.bool_], Answers, Answers]:
    """Return which audit texts the teacher answers, its answers to these, and their labels."""
    rows = setup.teacher.covers(setup.task.audit)
    return rows, setup.logits["audit"][rows].argmax(1), setup.task.audit.labels[rows]


def teacher_result(setup: TaskSetup, *, latency_ms: float | None) -> TeacherResult | None:
    """Compute the teacher's own accuracy; None if it answers too few audit texts."""
    coverage, task = setup.teacher.coverage, setup.task
    if coverage is not None and not coverage.is_enough("audit"):
        return None
    _, theirs, labels = _teacher_on_audit(setup)
    audit = accuracy_of([theirs], labels, names=task.class_names)
    dev = setup.teacher.covers(task.dev)
    on_dev = setup.logits["dev"][dev].argmax(1) == task.dev.labels[dev]
    return TeacherResult(
        name=setup.teacher.name,
        accuracy=audit.accuracy,
        low=audit.low,
        high=audit.high,
        macro_f1=audit.macro_f1,
        weakest=audit.weakest,
        n=audit.n,
        dev_accuracy=float(on_dev.mean()) if len(on_dev) else None,
        model_type=setup.teacher.config.get("model_type"),
        latency_ms=latency_ms,
    )


def baselines_of(setup: TaskSetup, evaluated: Evaluated) -> dict[Method, Baseline]:
    """Evaluate majority, tf-idf and linear probe on the audit texts, beside model and teacher.

    Cost: nothing where they are in the cache; see `bort.training.baselines`.
    """
    oracle, task = setup.oracle, setup.task
    context = oracle.teacher_context(oracle.task, oracle.encoded)
    found = baseline_answers(context, tuple(oracle.encoded.splits))
    rows, theirs, labels = _teacher_on_audit(setup)
    baselines = {}
    for method, logits in found.items():
        answers = logits["audit"].argmax(1)
        accuracy = accuracy_of([answers], task.audit.labels, names=task.class_names)
        baselines[method] = replace(
            _baseline(accuracy, name=method),
            model_gain=evaluated.difference_from(answers),
            teacher_gain=paired_difference([theirs], answers[rows], labels) if any(rows) else None,
        )
    return baselines


def _baseline(found: Accuracy, *, name: str, parameters: str | None = None) -> Baseline:
    return Baseline(
        name=name,
        parameters=parameters,
        accuracy=found.accuracy,
        low=found.low,
        high=found.high,
        n=found.n,
        macro_f1=found.macro_f1,
        weakest=found.weakest,
    )


def stage_summaries(trained: Sequence[TrainedStage]) -> tuple[StageSummary, ...]:
    """Summarise each stage's cost and result; a stage shared by several seeds counts once."""
    stages = {stage.folder: stage.training for last in trained for stage in last.stages}
    return tuple(
        StageSummary(
            stage=training.stage,
            seed=training.seed,
            steps=result.steps,
            chosen_step=result.chosen_step,
            dev_error=result.dev_error,
            seconds=result.seconds,
            learning_rate=training.learning_rate,
        )
        for folder, training in stages.items()
        for result in [result_of(folder)]
    )


def accuracy_of(found: Sequence[Answers], labels: Answers, *, names: Sequence[str]) -> Accuracy:
    """Compute the accuracy of several seeds' answers to the same texts.

    Args:
        found: one array per seed, shape (n,).
        labels: shape (n,).
        names: of the classes.
    Returns:
        With one seed, Wilson's interval over the texts. With several, the interval combines the
        variance over the texts (each averaged over the seeds) and over the seeds (Student's t).
    """
    right = _shares(found, labels)
    mean = float(right.mean())
    low, high = _interval(right, mean)
    f1 = np.mean([class_f1(labels, answer, classes=len(names)) for answer in found], axis=0)
    return Accuracy(
        accuracy=mean,
        low=low,
        high=high,
        n=len(labels),
        macro_f1=float(np.mean([macro_f1(labels, a, classes=len(names)) for a in found])),
        weakest=weakest(f1, labels, names),
    )


def _interval(right: NDArray[np.float64], mean: float) -> tuple[float, float]:
    seeds, n = right.shape
    low, high = wilson(mean, n)
    if seeds == 1:
        return low, high
    half = _half_width(right)  # 0 if all seeds are right on all texts, which is not certain
    return max(0.0, min(low, mean - half)), min(1.0, max(high, mean + half))


def _half_width(values: NDArray[np.float64]) -> float:
    """Compute half the width of the mean's interval for `values`, shape (seeds, texts)."""
    seeds, n = values.shape
    if n < 2:
        return 1.0  # one text says nothing of the others
    texts = Z95 * float(values.mean(axis=0).std(ddof=1)) / math.sqrt(n)
    if seeds == 1:
        return texts
    t = float(stats.t.ppf((1 + CONFIDENCE) / 2, seeds - 1))
    return math.hypot(texts, t * float(values.mean(axis=1).std(ddof=1)) / math.sqrt(seeds))


def paired_difference(ours: Sequence[Answers], theirs: Answers, labels: Answers) -> Difference:
    """Compute our accuracy minus theirs on the same texts, with its 95% interval.

    Args:
        ours: each seed's answers, shape (n,). They are averaged, and their spread widens the
            interval, as in `accuracy_of`.
    """
    gain = _shares(ours, labels) - (theirs == labels)
    mean, half = float(gain.mean()), _half_width(gain)
    return Difference(difference=mean, low=mean - half, high=mean + half)
