"""What all trainings of one task share: texts, the teacher and its answers, the network to
inherit from. Prepared as the error oracle prepares it, then widened by unlabelled texts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bort.core.architecture import Architecture
from bort.core.finetune import FineTuneSpec
from bort.core.progress import OnStep, ignore
from bort.families import SearchSpace
from bort.tasks import Task
from bort.training.candidate import Candidate, build_candidate
from bort.training.donor import Donor, calibration_batch, observe
from bort.training.execution import ShouldStop, training_threads
from bort.training.loop import Examples
from bort.training.model_files import load_classifier
from bort.training.oracle import ErrorOracle
from bort.training.reduction import principal_axes
from bort.training.teacher import Teacher, answers_to, classifier_over, one_hot, softmax
from bort.training.tokens import EncodedTask, encode_task
from bort.training.unlabelled import Augmentation, with_unlabelled
from bort.training.vocabulary import pruned_table


@dataclass(frozen=True)
class Classroom:
    """A task, ready to train students of any architecture of `space` on.

    Attributes:
        task: with a pool of unlabelled texts where the recipe wants one.
        space: whose architectures are built.
        spec: what was asked.
        oracle: which prepared source network, teacher and device.
        encoded: `task` over its own tokens.
        logits: the teacher's, by split; of the pool only where `spec.labels_pool`.
        donor: the network to inherit from.
    """

    task: Task
    space: SearchSpace
    spec: FineTuneSpec
    oracle: ErrorOracle
    encoded: EncodedTask
    logits: dict[str, NDArray[np.float32]]
    donor: Donor

    @property
    def teacher(self) -> Teacher:
        """Who answers."""
        return self.oracle.teacher

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.task.class_names)

    def build(self, architecture: Architecture, seed: int, *, plain: bool = False) -> Candidate:
        """A student with its first weights, on the device; `plain` inherits nothing."""
        candidate = build_candidate(
            self.space,
            architecture,
            vocabulary=len(self.encoded.kept),
            padding=self.encoded.padding,
            classes=self.classes,
            initialise="scratch" if plain else self.spec.training.initialise,
            donor=self.donor,
            seed=seed,
        )
        candidate.model.to(self.oracle.device)
        return candidate

    def labelled(self, *, hard: float) -> Examples:
        """The training split: the teacher's answers, mixed with the true labels."""
        known = one_hot(self.task.train.labels, self.classes)
        soft = softmax(self.logits["train"] / np.float32(self.spec.recipe.temperature))
        targets = np.float32(hard) * known + np.float32(1 - hard) * soft
        return Examples(self.encoded.splits["train"], targets, self.encoded.padding)

    def everything(self, *, hard: float) -> Examples:
        """The training split and all unlabelled texts, those with the teacher's answers."""
        labelled = self.labelled(hard=hard)
        if "pool" not in self.encoded.splits:
            return labelled
        soft = softmax(self.logits["pool"] / np.float32(self.spec.recipe.temperature))
        tokens = labelled.tokens.joined(self.encoded.splits["pool"])
        return Examples(tokens, np.concatenate([labelled.targets, soft]), self.encoded.padding)

    def unlabelled(self) -> Examples:
        """The same texts without any answers, for an objective that finds its own."""
        tokens = self.encoded.splits["train"]
        if "pool" in self.encoded.splits:
            tokens = tokens.joined(self.encoded.splits["pool"])
        nothing = np.empty((len(tokens), 0), dtype=np.float32)
        return Examples(tokens, nothing, self.encoded.padding)

    def projection(self, candidate: Candidate) -> Tensor:
        """From the donor's stream to the student's, (donor's hidden, student's hidden)."""
        if candidate.projection is not None:
            return candidate.projection
        width = candidate.model.config.hidden_size
        return principal_axes(self.donor.moment, self.donor.mean, width)[0]

    def model_to_follow(self) -> Any:
        """The network whose inner states a student learns from, over the task's tokens."""
        if self.spec.recipe.distil_from == "teacher" and self.teacher.is_source:
            return self.own_teacher()
        model, _ = classifier_over(self.task, self.encoded, self.oracle.source)
        return model.to(self.oracle.device).requires_grad_(False)

    def own_teacher(self) -> Any:
        """The source network fine-tuned, over the task's tokens."""
        model = load_classifier(self.teacher.folder, self.teacher.name)
        table = model.get_input_embeddings()
        rows = pruned_table(table.weight.detach(), self.encoded.kept)
        table.weight = torch.nn.Parameter(rows)
        return model.to(self.oracle.device).requires_grad_(False)


def open_classroom(
    task: Task,
    spec: FineTuneSpec,
    *,
    on_step: OnStep = ignore,
    should_stop: ShouldStop | None = None,
) -> Classroom:
    """Prepare everything that the trainings on `task` share.

    Raises:
        InvalidModelError and others: as `ErrorOracle`.
        TrainingStoppedError: `should_stop` said so.
    Cost: as the error oracle's; where `spec.labels_pool`, the teacher's answers to all made-up
        texts (a minute for 60,000 where bfloat16 is multiplied, else five and more), once per
        task, teacher and seed.
    """
    space = SearchSpace.from_dict({**spec.space, "fixed": _fixed(spec, task)})
    oracle = ErrorOracle(
        task, spec.training, space, seed=spec.seed, on_step=on_step, should_stop=should_stop
    )
    wider = _widened(task, spec, oracle) if _needs_pool(spec) else task
    if wider is task:
        encoded, logits, donor = oracle.encoded, oracle.teacher.logits, oracle.donor
        return Classroom(task, space, spec, oracle, encoded, logits, donor)
    limit = oracle.encoded.max_length
    source = oracle.source
    encoded = encode_task(
        wider, source.folder, digest=source.digest, max_length=limit, longest=limit
    )
    logits = oracle.teacher.logits
    with training_threads(oracle.threads):
        if spec.labels_pool:
            logits = answers_to(
                oracle.teacher,
                wider,
                encoded,
                max_length=spec.training.max_length,
                device=oracle.device,
                on_step=on_step,
                should_stop=should_stop,
            )
        donor = _donor_over(oracle, encoded)
    return Classroom(wider, space, spec, oracle, encoded, logits, donor)


def _fixed(spec: FineTuneSpec, task: Task) -> dict[str, int]:
    return {**spec.space["fixed"], "labels": len(task.class_names)}


def _needs_pool(spec: FineTuneSpec) -> bool:
    return "distil" in spec.recipe.stages or spec.recipe.texts == "all"


def _widened(task: Task, spec: FineTuneSpec, oracle: ErrorOracle) -> Task:
    recipe = spec.recipe
    return with_unlabelled(
        task,
        oracle.source,
        others=recipe.other_tasks,
        augmentation=Augmentation(copies=recipe.copies) if recipe.copies else None,
        seed=spec.seed,
    )


def _donor_over(oracle: ErrorOracle, encoded: EncodedTask) -> Donor:
    """The oracle's donor, over more tokens."""
    table = "embeddings.word_embeddings.weight"
    weights = {**oracle.donor.weights, table: pruned_table(oracle.words, encoded.kept)}
    return observe(weights, oracle.source.config, calibration_batch(encoded.splits["train"]))
