"""What all trainings on one task share: texts, teacher, answers, donor.

The error oracle prepares it; fine-tuning adds unlabelled texts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bort.core.architecture import Architecture
from bort.core.baseline import Method
from bort.core.finetune import FineTuneSpec
from bort.core.origin import Origin
from bort.core.progress import OnStep, ignore
from bort.families import SearchSpace
from bort.finetuning.stages import StageKind, steps_of
from bort.tasks import Task
from bort.training.candidate import Candidate, build_candidate
from bort.training.donor import Donor
from bort.training.execution import ShouldStop, training_threads
from bort.training.fine_tuning import classifier_over
from bort.training.kit import KIT, KitFile, pack_texts, unpack, unpack_texts
from bort.training.loop import Examples
from bort.training.model_files import load_classifier
from bort.training.oracle import ErrorOracle
from bort.training.probabilities import Logits, one_hot, softmax
from bort.training.readings import VOCABULARY, Readings
from bort.training.reduction import principal_axes
from bort.training.teacher import Teacher, answers_to_pool
from bort.training.tokens import EncodedTask, encode_task, load_tokenizer
from bort.training.unlabelled import Augmentation, with_unlabelled
from bort.training.vocabulary import pruned_table
from bort.training.words import WordMatch, word_kinds


@dataclass(frozen=True)
class TaskSetup:
    """A task, ready to train students of any architecture in `space`.

    Attributes:
        task: includes a pool of unlabelled texts if the recipe needs one.
        space: the space that the architectures come from.
        oracle: provides the source network, teacher and device.
        encoded: `task` in its own tokens.
        logits: the teacher's logits by split; includes the pool only if `labels_pool`. See
            `Teacher.coverage` for a teacher that does not answer all texts.
        donor: the network to inherit from.
        readings: `task` in vocabularies of other sizes, if the space has any.
    """

    task: Task
    space: SearchSpace
    spec: FineTuneSpec
    oracle: ErrorOracle
    encoded: EncodedTask
    logits: dict[str, NDArray[np.float32]]
    donor: Donor
    readings: Readings | None = None

    def encoded_for(self, architecture: Architecture) -> EncodedTask:
        """Return the task's texts as this architecture reads them."""
        space, own = self.space.member(architecture)
        if self.readings is None or not space.vocabularies:
            return self.encoded
        return self.readings.of(own[VOCABULARY], space.family_name)

    @property
    def teacher(self) -> Teacher:
        """The classifier that the students learn from."""
        return self.oracle.teacher

    @property
    def labels_pool(self) -> bool:
        """Whether the teacher labels the unlabelled texts before anything is trained."""
        return _labels_pool(self.spec, self.teacher)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.task.class_names)

    def build(
        self, architecture: Architecture, seed: int, *, from_scratch: bool = False
    ) -> Candidate:
        """Build a student with its initial weights, on the device."""
        encoded = self.encoded_for(architecture)
        space, own = self.space.member(architecture)
        is_own = encoded is self.encoded
        candidate = build_candidate(
            space,
            own,
            encoded,
            classes=self.classes,
            initialise="scratch" if from_scratch else self.spec.training.initialise,
            donor=self.donor if is_own else self.oracle.donor_over(encoded, [space.family_name]),
            seed=seed,
        )
        candidate.model.to(self.oracle.device)
        return candidate

    def steps_of(self, kind: StageKind) -> int:
        """Compute the optimiser steps of a stage that does not end early."""
        pool = self.encoded.splits.get("pool", ())
        return steps_of(self.spec, kind, labelled=len(self.task.train), pool=len(pool))

    def labelled(self, architecture: Architecture, *, hard: float) -> Examples:
        """The training split with the teacher's answers, mixed with a share of true labels."""
        known = one_hot(self.task.train.labels, self.classes)
        soft = softmax(self.logits["train"] / np.float32(self.spec.recipe.temperature))
        targets = np.float32(hard) * known + np.float32(1 - hard) * soft
        encoded = self.encoded_for(architecture)
        return Examples(encoded.splits["train"], targets, encoded.padding)

    def everything(self, architecture: Architecture, *, hard: float) -> Examples:
        """The training split and all unlabelled texts, which get the teacher's answers."""
        labelled = self.labelled(architecture, hard=hard)
        splits = self.encoded_for(architecture).splits
        if "pool" not in splits:
            return labelled
        soft = softmax(self.logits["pool"] / np.float32(self.spec.recipe.temperature))
        tokens = labelled.tokens.joined(splits["pool"])
        return Examples(tokens, np.concatenate([labelled.targets, soft]), labelled.padding)

    def without_answers(self, architecture: Architecture) -> Examples:
        """All texts without targets, for an objective that computes its own."""
        encoded = self.encoded_for(architecture)
        tokens = encoded.all_texts
        nothing = np.empty((len(tokens), 0), dtype=np.float32)
        return Examples(tokens, nothing, encoded.padding)

    def word_match(self, architecture: Architecture) -> WordMatch | None:
        """Match words where the student's pieces are not those of `model_to_follow`; else None."""
        own = self.encoded_for(architecture)
        if own.pieces is None or len(own.pieces) == own.vocabulary:
            return None
        tokenizer = load_tokenizer(self.oracle.source.folder)
        own_kinds, kinds = (word_kinds(one, tokenizer) for one in (own, self.encoded))
        return WordMatch(self.encoded.all_texts, self.encoded.padding, own_kinds, kinds)

    def projection(self, candidate: Candidate) -> Tensor:
        """The map from the donor's stream to the student's, (donor's hidden, student's hidden)."""
        if candidate.projection is not None:
            return candidate.projection
        width = candidate.model.config.hidden_size
        return principal_axes(self.donor.moment, self.donor.mean, width)[0]

    def model_to_follow(self) -> Any:
        """The network whose inner states a student learns from, over the task's tokens."""
        if self.spec.recipe.distil_from == "teacher" and self.teacher.is_source:
            return self.own_teacher()
        model, _ = classifier_over(self.encoded, self.oracle.source, classes=self.classes)
        return model.to(self.oracle.device).requires_grad_(False)

    @property
    def distils_answers(self) -> bool:
        """Whether distillation follows answers, and not only inner states."""
        is_known = self.labels_pool or self.teacher.is_source
        return self.spec.recipe.distil_from == "teacher" and is_known

    def own_teacher(self) -> Any:
        """The fine-tuned source network, over the task's tokens."""
        model = load_classifier(self.teacher.folder, self.teacher.name)
        table = model.get_input_embeddings()
        rows = pruned_table(table.weight.detach(), self.encoded.kept)
        table.weight = torch.nn.Parameter(rows)
        return model.to(self.oracle.device).requires_grad_(False)


def prepare(
    task: Task,
    spec: FineTuneSpec,
    *,
    on_step: OnStep = ignore,
    should_stop: ShouldStop | None = None,
) -> TaskSetup:
    """Prepare everything that the trainings on `task` share.

    Raises: the errors of `ErrorOracle`.
    Cost: as for the error oracle. Where the teacher labels the pool, it answers all
        unlabelled texts first, once per task, teacher and seed: 60,000 texts take a minute if the
        hardware supports bfloat16, else five minutes or more.
    """
    oracle = ErrorOracle(
        task,
        spec.training,
        _space(spec, task),
        seed=spec.seed,
        on_step=on_step,
        should_stop=should_stop,
    )
    wider, logits = _with_pool(task, spec, oracle), oracle.teacher.logits
    if wider is not task and _labels_pool(spec, oracle.teacher):
        with training_threads(oracle.threads):
            logits = answers_to_pool(
                oracle.teacher,
                oracle.teacher_context(wider, _encoded(wider, oracle)),
                max_length=spec.training.max_length,
            )
    return _over(wider, logits, spec, oracle)


def _over(task: Task, logits: Logits, spec: FineTuneSpec, oracle: ErrorOracle) -> TaskSetup:
    """Make the setup of a task that may have more unlabelled texts than the oracle's."""
    if task is oracle.task:
        encoded, donor, readings = oracle.encoded, oracle.donor, oracle.readings
    else:
        encoded = _encoded(task, oracle)
        with training_threads(oracle.threads):
            donor = oracle.donor_over(encoded, [part.family_name for part in oracle.space.parts])
        readings = None if oracle.readings is None else oracle.readings.over(task)
    return TaskSetup(task, oracle.space, spec, oracle, encoded, logits, donor, readings)


def _encoded(task: Task, oracle: ErrorOracle) -> EncodedTask:
    limit, source = oracle.encoded.max_length, oracle.source
    return encode_task(task, source.folder, digest=source.digest, max_length=limit, longest=limit)


def pack_setups(setups: Sequence[TaskSetup], folder: Path) -> list[KitFile]:
    """List the files of a kit with which workers make the same setups; see `bort.training.kit`."""
    files = setups[0].oracle.kit(folder)
    for number, one in enumerate(setups):
        files += pack_texts(folder / KIT, one.task, one.logits, within=f"part{number}")
    return files


def pack_tasks(tasks: Sequence[Sequence[TaskSetup]], folder: Path) -> list[KitFile]:
    """List the files of a kit with the setups of several tasks, each in a folder of its own."""
    return [
        file._replace(name=f"{task_folder(number)}/{file.name}")
        for number, setups in enumerate(tasks)
        for file in pack_setups(setups, folder / task_folder(number))
    ]


def task_folder(number: int) -> str:
    """Name the folder of a task in a kit with several."""
    return f"task{number}"


def unpack_setups(
    folder: Path,
    specs: Sequence[FineTuneSpec],
    origin: Origin,
    check: Callable[[Origin | None, Origin], None],
) -> list[TaskSetup]:
    """Make the setups of a kit.

    Args:
        specs: of the setups, in their order.
        origin, check: see `ErrorOracle`.
    """
    task, source, teacher = unpack(folder)
    oracle = ErrorOracle(
        task,
        replace(specs[0].training, threads=origin.threads),
        _space(specs[0], task),
        seed=specs[0].seed,
        continues=origin,
        check=check,
        source=source,
        teacher=teacher,
    )
    setups = []
    for number, spec in enumerate(specs):
        wider, logits = unpack_texts(folder / f"part{number}")
        same = task if wider.digest == task.digest else wider
        setups.append(_over(same, logits, spec, oracle))
    return setups


def _space(spec: FineTuneSpec, task: Task) -> SearchSpace:
    return SearchSpace.from_dict(spec.space).with_labels(len(task.class_names))


def _labels_pool(spec: FineTuneSpec, teacher: Teacher) -> bool:
    """Whether the unlabelled texts need answers that no network computes on the way."""
    recipe = spec.recipe
    is_mean = teacher.is_source and teacher.methods != (Method.FINETUNED,)
    distils = "distil" in recipe.stages and recipe.distil_from == "teacher"
    return spec.labels_pool or (distils and is_mean)


def _with_pool(task: Task, spec: FineTuneSpec, oracle: ErrorOracle) -> Task:
    """Add unlabelled texts to the task, if the recipe uses any."""
    recipe, labels = spec.recipe, oracle.teacher.soft_labels
    if not recipe.uses_pool:
        return task
    if labels is not None and spec.labels_pool:
        return labels.only_covered_pool(task)
    copies = spec.copies_of(len(task.train) + (0 if task.pool is None else len(task.pool)))
    return with_unlabelled(
        task,
        oracle.source,
        others=recipe.other_tasks,
        augmentation=Augmentation(copies=copies) if copies else None,
        seed=spec.seed,
    )
